"""What every part of `gwella bench http` runs on: a suite, and beside it one process of each server that is measured.

The suite is `gwella up`: PostgreSQL, issuer, events and all services in one process. What is measured apart is started
as a deployment starts it, `python -m registry api`, on the suite's own databases: so what it computes and holds is its
own. Gateways keep no data, so several may stand before the same services, with limits of their own.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psutil

from gwella.bench.gateway import cpu_seconds, nginx_command, serving
from gwella.bench.suites import Suite, suite
from gwella.story.clients import Clients
from gwella.suite.sandbox_clock import clock_file
from gwella.suite.secret_store import suite_secrets
from gwella.suite.topology import read_topology
from gwella.suite.wiring import Wiring, as_environment
from testkit.client import ApiClient
from testkit.processes import free_port

SCHOOL = "6732118"
SCHOOL_PATH = f"/v1/schools/{SCHOOL}"
CALLER, NOISY = "authority-673", "authority-681"
"""Who asks, and who disturbs: two authorities' systems, a client each."""
DIRECT, PROXY, NGINX, GATEWAY, LIMITED = (
    "service direct",
    "aiohttp proxy",
    "nginx",
    "gateway",
    "limited gateway",
)
"""The servers that are asked; the limited gateway has the limits of the settings, the other's are out of the way."""
PATIENCE_SECONDS = 60.0
_NO_LIMITS = {"requests_per_minute": 60_000_000, "concurrent_requests": 100_000}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: requests of a turn in closed loop, turns, seconds of each open loop, rows of the list,
    seconds that a noisy client makes its noise, and requests of a comparison in turn."""

    requests: int = 1_000
    turns: int = 3
    seconds: float = 8.0
    rows: int = 100_200
    noise_seconds: float = 8.0
    compared: int = 1_000
    instant_requests: int = 4_000


@dataclass(frozen=True, slots=True)
class Server:
    """One server that is measured, with where it listens and its process."""

    name: str
    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """What it and its children have computed so far."""
        return cpu_seconds(self.process.pid)

    def held_bytes(self) -> int:
        """What it and its children hold in memory."""
        return sum(one.memory_info().rss for one in (self.process, *self.process.children(recursive=True)))


@dataclass
class Servers:
    """All of one run, with how much is measured on them."""

    suite: Suite
    sizes: Sizes
    wiring: Wiring
    named: dict[str, Server] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Server:
        """The server of that name. Raises KeyError."""
        return self.named[name]


def _wiring(running: Suite) -> Wiring:
    front = int(running.state["gateway"].rpartition(":")[2])
    plain = read_topology()
    topology = plain.shifted(front - plain.front.port)
    databases = {plan.name: running.database(plan.name) for plan in topology.with_database}
    return Wiring(
        topology, "127.0.0.1", suite_secrets(running.folder), databases, clock=clock_file(running.folder)
    )


class _Started:
    """Starts servers one after the other; all end with the stack."""

    def __init__(self, stack: ExitStack, folder: Path, wiring: Wiring) -> None:
        self._stack = stack
        self._folder = folder
        self._wiring = wiring

    def service(self, name: str, label: str, **settings: Any) -> Server:
        """`python -m <name> api`, ready; with these settings beside those of the suite."""
        plan, port = self._wiring.topology.service(name), free_port()
        values = self._wiring.values(plan, "api") | {"port": port} | settings
        command = (sys.executable, "-m", name, "api")
        server = self.command(label, port, *command, environment=as_environment(values))
        until = monotonic() + PATIENCE_SECONDS
        while httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code != 200:
            if monotonic() > until:
                raise RuntimeError(f"{label} does not become ready")
            sleep(0.05)
        return server

    def command(self, label: str, port: int, *command: str, **options: Any) -> Server:
        """Any other server that listens on that port."""
        log = self._stack.enter_context((self._folder / f"{label.replace(' ', '-')}.log").open("w"))
        process = self._stack.enter_context(serving(*command, port=port, log=log, **options))
        return Server(label, port, psutil.Process(process.pid))


@contextmanager
def servers(sizes: Sizes) -> Iterator[Servers]:
    """Everything, started here and stopped at the end, with one school and what belongs to it told."""
    with suite() as running, ExitStack() as stack:
        _told(running)
        wiring = _wiring(running)
        started = _Started(stack, running.folder, wiring)
        registry = started.service("registry", DIRECT)
        exchange = started.service("exchange", "exchange")
        apart = {"registry": registry.port, "exchange": exchange.port}
        behind = running.state["services"] | {
            name: f"http://127.0.0.1:{port}" for name, port in apart.items()
        }
        upstreams = {name: behind[name] for name in wiring.topology.front.upstreams}
        found = [
            registry,
            started.service("gateway", GATEWAY, upstreams=upstreams, **_NO_LIMITS),
            started.service("gateway", LIMITED, upstreams=upstreams),
        ]
        port = free_port()
        module = (sys.executable, "-m", "gwella.bench.gateway_servers")
        found.append(started.command(PROXY, port, *module, "bare", str(port), upstreams["registry"]))
        port = free_port()
        if nginx := nginx_command(running.folder, registry.port, port):
            found.append(started.command(NGINX, port, *nginx))
        _until_settled(running)
        yield Servers(running, sizes, wiring, {server.name: server for server in found})


def _told(running: Suite) -> None:
    """Two authorities, a school that is open, its head and its adviser."""
    clients = Clients(running.state)
    try:
        operator = clients.machine("operator")
        names = {"673": ("Vale of Glamorgan", "Bro Morgannwg"), "681": ("Cardiff", "Caerdydd")}
        authorities = [
            {"authority": code, "gss_code": f"W06000{code}", "name_en": en, "name_cy": cy}
            for code, (en, cy) in names.items()
        ]
        operator.post("/v1/authorities", {"authorities": authorities})
        since, later = {"valid_from": "2018-09-01"}, {"valid_from": "2019-09-01"}
        for code in names:
            operator.post("/v1/regimes", {"authority": code, "regime": "national_model_2014", **since})
        school = {"school_number": SCHOOL}
        operator.post("/v1/schools", {**school, "name": "Ysgol y Bont", "sector": "primary", **since})
        operator.post("/v1/school-openings", {**school, "valid_from": "2018-09-02"})
        person = {"name": "A. Pennaeth", "authority": "673", "employer": "673"}
        head = operator.post("/v1/people", {**person, **school})["id"]
        post = {"person_id": head, "role": "head_teacher", "authority": "673", "employer": "673"}
        operator.post("/v1/role-assignments", {**post, **school, **later})
        adviser = operator.post("/v1/people", person)["id"]
        operator.post("/v1/adviser-allocations", {**school, "person_id": adviser, **later})
    finally:
        clients.close()


def _until_settled(running: Suite) -> None:
    """Until the exchange has heard of the school, and nothing came for some seconds."""
    clients = Clients(running.state)
    try:
        _settled(clients.machine("operator"))
    finally:
        clients.close()


def _settled(operator: ApiClient) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while not (said := operator.get(f"/v1/school-versions/{SCHOOL}"))["settled"] or not said["version"]:
        if monotonic() > until:
            raise RuntimeError("the exchange never calls the school settled")
        sleep(0.2)
