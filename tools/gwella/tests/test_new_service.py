"""`gwella new service`: a service of under 80 lines that starts, and a workspace that knows it (design §3)."""

import asyncio
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import Column, Text, text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.data_class import DataClass
from contracts.text import Text as Titles
from gwella.new_service.files import NewService, service_files
from gwella.new_service.migrations import NothingDiffersError, write_migration
from gwella.new_service.registering import LISTED_IN, TOPOLOGY, listed, with_entry
from gwella.suite.topology import read_topology
from service_kit.database import new_metadata
from service_kit.foundation import foundation
from service_kit.migrations.upgrade import migrate
from service_kit.policy.rls import protect
from service_kit.records import Record
from service_kit.service import Service
from testkit.architecture.layout import strays_from_the_layout
from testkit.architecture.tables import unguarded_tables
from testkit.fixtures import FreshDatabase, TestPostgres

ROOT = Path(__file__).parents[3]
NEW = NewService("clusters", "Clusters of schools", "Clystyrau o ysgolion", 8106)
LAST = NewService("wellbeing", "Well-being", "Lles", 8107)


@pytest.fixture(params=[NEW, LAST], ids=lambda new: new.name)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a written service, in a workspace as the linter sees it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "libs").symlink_to(ROOT / "libs")
    service = tmp_path / "services" / request.param.name
    for path, content in service_files(request.param).items():
        (service / path).parent.mkdir(parents=True, exist_ok=True)
        (service / path).write_text(content, "utf-8")
    return service


def test_it_is_under_80_lines_before_its_first_rule() -> None:
    files = service_files(NEW)
    lines = sum(len(text.splitlines()) for path, text in files.items() if not path.startswith("tests/"))
    assert lines < 80


def test_it_has_the_same_names_as_every_service() -> None:
    package = [path.removeprefix("src/clusters/") for path in service_files(NEW) if path.startswith("src/")]
    assert list(strays_from_the_layout("clusters", package)) == []


def test_its_files_pass_the_linter_as_they_are(written: Path) -> None:
    for command in (["format", "--check"], ["check", "--no-cache"]):
        ruff = [sys.executable, "-m", "ruff", *command, str(written)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False, cwd=written.parents[1])
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("written", [NEW], indirect=True, ids=["clusters"])
def test_its_own_test_passes(written: Path, postgres: TestPostgres) -> None:
    """The service migrates a real database, starts and is ready."""
    url = postgres.superuser_url.replace("postgresql+asyncpg:", "postgresql:")
    environment = os.environ | {"PYTHONPATH": str(written / "src"), "GWELLA_TEST_POSTGRES_URL": url}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        str(ROOT / "pyproject.toml"),
        f"--rootdir={written}",
    ]
    command += ["-p", "testkit.fixtures", str(written / "tests")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=written)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def with_record(package: Path) -> Service:
    metadata = new_metadata()
    shared = foundation(metadata)
    columns = [Column("authority", Text, nullable=False), Column("name", Text, nullable=False)]
    clusters = Record("cluster", "clusters", metadata, columns)
    protect(clusters.slices, DataClass.public, authority="authority")
    title = Titles("Clusters", "Clystyrau")
    return Service("clusters", title, package, metadata=metadata, foundation=shared)


async def test_a_drafted_migration_makes_what_the_tables_declare(
    tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    """The first draft of a record runs as it is, policies included, and a second one finds nothing to do."""
    service = with_record(tmp_path)
    path = await asyncio.to_thread(write_migration, service, "Clusters of schools")
    assert path.name == "0001_clusters_of_schools.py"
    with pytest.raises(NothingDiffersError):
        await asyncio.to_thread(write_migration, service, "Nothing")
    database = fresh_database("clusters")
    await migrate(database.owner_url, service)
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        assert await unguarded_tables(connection, api_role="clusters_api") == []
        tables = await connection.scalars(
            text("select tablename from pg_tables where tablename like 'cluster%'")
        )
        assert sorted(tables) == ["cluster_slices", "clusters"]
    await engine.dispose()


def test_the_workspace_knows_it_everywhere() -> None:
    root, tool = (listed((ROOT / path).read_text("utf-8"), "clusters") for path in LISTED_IN)
    workspace = tomllib.loads(root)
    contracts = {contract["id"]: contract for contract in workspace["tool"]["importlinter"]["contracts"]}
    assert "clusters" in workspace["dependency-groups"]["services"]
    assert "clusters" in workspace["tool"]["uv"]["sources"]
    assert "clusters" in workspace["tool"]["importlinter"]["root_packages"]
    assert any("| clusters" in layer for layer in contracts["packages"]["layers"])
    assert "clusters" in contracts["inside-a-service"]["containers"]
    for name in ("kafka-in-one-place", "http-client-in-one-place", "no-test-tools-in-services"):
        assert "clusters" in contracts[name]["source_modules"]
    assert "clusters" in contracts["no-circles"]["ancestors"]
    assert any("|clusters|" in line for line in workspace["tool"]["pytest"]["ini_options"]["filterwarnings"])
    project = tomllib.loads(tool)
    assert "clusters" in project["project"]["dependencies"]
    assert "clusters" in project["tool"]["uv"]["sources"]


def test_the_topology_runs_it_and_two_services_can_follow_each_other(tmp_path: Path) -> None:
    first = with_entry((ROOT / TOPOLOGY).read_text("utf-8"), NEW)
    path = tmp_path / "topology.toml"
    path.write_text(with_entry(first, LAST), "utf-8")
    topology = read_topology(path)
    assert topology.service("clusters").port == 8106
    assert {"clusters", "wellbeing"} <= set(topology.service("gateway").upstreams)
    assert {"clusters.events", "wellbeing.events"} <= set(topology.service("exchange").hears)


def test_a_file_of_another_form_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="no list"):
        listed("[project]\nname = 'x'\n", "clusters")
    with pytest.raises(ValueError, match="no gateway"):
        with_entry("[issuer]\nport = 1\n", NEW)
