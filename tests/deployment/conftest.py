"""The deployment files as their tools read them."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from gwella.deployment.secret_files import complete
from gwella.suite.topology import Topology, read_topology
from testkit.deployment.compose import read_compose
from testkit.deployment.kustomize import KustomizeMissingError, command, rendered
from testkit.issuer_directory import load_directory
from testkit.postgres import PostgresServer, binary, start_postgres

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def topology() -> Topology:
    return read_topology(ROOT / "deploy" / "topology.toml")


@pytest.fixture(scope="session")
def overlays() -> dict[str, list[dict[str, Any]]]:
    """Every overlay, rendered. On CI Kustomize is required."""
    try:
        command()
    except KustomizeMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"overlays are not rendered: {missing}")
    return {name: rendered(ROOT / "k8s" / name) for name in ("development", "production")}


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return read_compose(ROOT / "docker-compose.yml")


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL on which the init script of the deployment ran, and the secrets that it was given."""

    server: PostgresServer
    secrets: Path

    def init(self) -> None:
        """Runs the init script as the image of PostgreSQL does."""
        address = urlsplit(self.server.superuser_url)
        environment = {
            "PATH": f"{Path(binary('psql')).parent}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.server.port),
            "PGPASSWORD": unquote(address.password or ""),
            "POSTGRES_USER": unquote(address.username or ""),
        }
        script = [str(ROOT / "deploy" / "postgres" / "databases.sh"), str(self.secrets / "databases")]
        done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def url(self, database: str, role: str) -> str:
        """A database's address as one of its roles."""
        password = (self.secrets / "databases" / f"{database}-{role}" / "password").read_text().strip()
        place = f"{database}_{role}:{quote(password, safe='')}@127.0.0.1:{self.server.port}"
        return f"postgresql+asyncpg://{place}/{database}"


@pytest.fixture(scope="module")
def installation(topology: Topology) -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="gwella-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder) / "postgres", throwaway=True)
        try:
            complete(Path(folder) / "secrets", topology, load_directory())
            installed = Installation(server, Path(folder) / "secrets")
            installed.init()
            yield installed
        finally:
            server.stop()
