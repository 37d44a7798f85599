"""The init script and the migration together make what the services need, and no more."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from gwella.deployment.secret_files import complete, needed, secret_manifests
from gwella.suite.parts import load_service
from gwella.suite.topology import Topology
from service_kit.migrations.upgrade import migrate
from testkit.deployment.schemas import faults
from testkit.issuer_directory import load_directory


async def query(url: str, statement: str) -> list[Any]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return list((await connection.execute(text(statement))).all())
    finally:
        await engine.dispose()


async def test_roles_are_no_more_than_they_must_be(installation: Any, topology: Topology) -> None:
    roles = await query(
        installation.server.superuser_url,
        "select rolname, rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolreplication as mighty "
        "from pg_roles where rolcanlogin and rolname ~ '_(owner|api|worker)$'",
    )
    expected = {
        f"{plan.name}_{role}" for plan in topology.with_database for role in ("owner", "api", "worker")
    }
    assert {role.rolname for role in roles} == expected
    assert not [role.rolname for role in roles if role.mighty]


async def test_it_may_be_repeated_and_sets_passwords_anew(installation: Any) -> None:
    await migrate(installation.url("visits", "owner"), load_service("visits"))
    changed = installation.secrets / "databases" / "visits-api" / "password"
    # A file's last line break is no part of the password, neither here nor where the service reads it.
    changed.write_text('a\'new\\one and "more" :/@\n')
    installation.init()
    assert (await query(installation.url("visits", "api"), "select current_user as me"))[0].me == "visits_api"


async def test_the_migration_lets_its_own_roles_in_and_nobody_else(installation: Any) -> None:
    await migrate(installation.url("registry", "owner"), load_service("registry"))
    for role in ("api", "worker"):
        assert await query(installation.url("registry", role), "select count(*) from schools")
        with pytest.raises(DBAPIError, match="permission denied"):
            await query(installation.url("registry", role), "create table mine (id int)")
    stranger = installation.url("visits", "api").rpartition("/")[0] + "/registry"
    with pytest.raises(DBAPIError, match="permission denied for database"):
        await query(stranger, "select 1")
    with pytest.raises(DBAPIError, match="permission denied"):
        await query(installation.url("registry", "api"), "select * from outbox")


async def test_a_database_without_its_roles_is_not_migrated(installation: Any) -> None:
    stranger = replace(load_service("visits"), name="nobody")
    with pytest.raises(DBAPIError, match='role "nobody_api" does not exist'):
        await migrate(installation.url("visits", "owner"), stranger)


def test_secrets_are_made_once_and_are_ours_alone(tmp_path: Path, topology: Topology) -> None:
    folder = tmp_path / "secrets"
    written = complete(folder, topology, load_directory())
    assert {one.path for one in needed(topology)} < set(written)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    (folder / "databases" / "registry-api" / "password").unlink()
    assert complete(folder, topology, load_directory()) == ["databases/registry-api/password"]
    after = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in before if before[path] != after[path]} == {"password"}
    assert len(set(before.values())) == len(before), "no two secrets are alike"


def test_secrets_become_secrets_of_a_cluster(tmp_path: Path, topology: Topology) -> None:
    complete(tmp_path, topology, load_directory())
    made = list(secret_manifests(tmp_path, topology, "gwella"))
    assert [fault for one in made for fault in faults(one, {})] == []
    by_name = {one["metadata"]["name"]: one for one in made}
    assert by_name["registry-api"]["type"] == "kubernetes.io/basic-auth"
    assert set(by_name["registry-api"]["data"]) == {"username", "password"}
    assert "GWELLA_CLIENT_AUTHORITY_673_SECRET" in by_name["keycloak"]["data"]
