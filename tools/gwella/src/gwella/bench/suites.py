"""A suite of its own for a measurement: started as a user would start it, stopped by id."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
import psutil

from testkit.databases import ServiceDatabase
from testkit.postgres import running_postgres

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Suite:
    """A running suite: where it answers, its data folder, its process, and how long it took to be ready."""

    state: dict[str, Any]
    folder: Path
    process: psutil.Process
    ready_seconds: float

    def token(self, client: str) -> str:
        """A token of a machine client, by the command that a user would use."""
        made = subprocess.run(
            [sys.executable, "-m", "gwella.main", "token", client, "--data", str(self.folder)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return made.stdout.strip()

    def client(self, client: str) -> httpx.Client:
        """An HTTP client of the gateway as one machine client."""
        headers = {"Authorization": f"Bearer {self.token(client)}"}
        return httpx.Client(base_url=self.state["gateway"], headers=headers, timeout=60)

    def database(self, service: str) -> ServiceDatabase:
        """The addresses of a service's database."""
        server = running_postgres(self.folder / "postgres")
        if server is None:
            raise RuntimeError("PostgreSQL of the suite is not running")
        return server.create_service_database(service)

    def processes(self) -> list[psutil.Process]:
        """The suite's own Python processes."""
        return [self.process, *(p for p in self.process.children(recursive=True) if "python" in p.name())]


def free_offset() -> int:
    """A port offset at which every port of the topology is free."""
    for offset in range(20_000, 50_000, 137):
        if all(_is_free(port + offset) for port in (8080, 8090, *range(8101, 8130))):
            return offset
    raise RuntimeError("no free range of ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def suite(*options: str) -> Iterator[Suite]:
    """`gwella up` with these options on an empty data folder and ports of its own."""
    with TemporaryDirectory(prefix="gwella-bench-") as name:
        folder = Path(name) / "data"
        command = [sys.executable, "-m", "gwella.main", "up", "--json", "--data", str(folder)]
        command += ["--port-offset", str(free_offset()), *options]
        began = perf_counter()
        with (
            (Path(name) / "errors.log").open("w+") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as child,
        ):
            try:
                if child.stdout is None:
                    raise RuntimeError("no output")
                line = child.stdout.readline()
                if not line:
                    errors.seek(0)
                    raise RuntimeError(f"the suite did not start: {errors.read()}")
                ready = perf_counter() - began
                yield Suite(json.loads(line), folder, psutil.Process(child.pid), ready)
            finally:
                child.send_signal(signal.SIGINT)
                child.wait(PATIENCE_SECONDS)
