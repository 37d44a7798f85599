"""Where faults are tried: real servers of our own, services as processes by role, and an orchestrator that restarts."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil

from gwella.suite.children import Child, finished, start_child, stop
from gwella.suite.instance import Instance, claim
from gwella.suite.parts import issuer_server
from gwella.suite.secret_store import suite_secrets
from gwella.suite.servers import bind
from gwella.suite.topology import Role, Topology, read_topology
from gwella.suite.wiring import Wiring, as_environment
from testkit.issuer import DevelopmentIssuer
from testkit.kafka import KafkaServer, start_kafka
from testkit.postgres import PostgresServer, start_postgres
from testkit.processes import last_lines, port_is_free, reap

SERVICES = ("registry", "exchange", "visits")
PATIENCE_SECONDS = 180.0
_PORTS = range(10_000, 32_000)
"""Below those that the system gives to outgoing connections: a port stays ours while its process is dead."""


class FaultsError(RuntimeError):
    """What was waited for did not come; the message says what, and shows the end of the logs."""


@dataclass
class Member:
    """One process of a service: how it is started, and as what it runs now."""

    name: str
    service: str
    role: Role
    environment: dict[str, str]
    port: int
    child: Child | None = None

    @property
    def pid(self) -> int:
        """Of the process running now."""
        return self._child.process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.child is not None and self.child.process.poll() is None

    @property
    def log(self) -> Path:
        """Where it logs."""
        return self._child.log

    @property
    def _child(self) -> Child:
        if self.child is None:
            raise FaultsError(f"{self.name} was never started")
        return self.child

    def is_ready(self) -> bool:
        """Whether its health address answers 200."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def resident(self) -> int:
        """Resident memory, in bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)


@dataclass
class Place:
    """The servers and the services' processes of one run."""

    instance: Instance
    topology: Topology
    postgres: PostgresServer
    kafka: KafkaServer
    wiring: Wiring
    issuer: DevelopmentIssuer
    members: dict[str, Member] = field(default_factory=dict)
    restarted: int = 0
    """Processes that ended by themselves (a server was away when they began) and were started again."""
    _resting: set[str] = field(default_factory=set)

    @property
    def api(self) -> str:
        """Where the registry answers."""
        return f"http://127.0.0.1:{self.members['registry-api'].port}"

    def token(self) -> str:
        """Of the operator, who may register schools and people."""
        return self.issuer.client_token("operator")

    def add(self, service: str, role: Role, *, name: str = "", static: str | None = None) -> Member:
        """Starts another process. `static`: its fixed name in the group; None: it has none."""
        values = self.wiring.values(self.topology.service(service), role)
        values |= {"port": quiet_port(), "issuer_url": self.issuer.url, "log_level": "WARNING"}
        values.pop("static_member", None)
        if static is not None:
            values["static_member"] = static
        name = name or f"{service}-{role}"
        member = Member(name, service, role, as_environment(values), values["port"])
        self.members[name] = member
        self.start(member)
        return member

    def start(self, member: Member) -> None:
        """Starts a process that is not running."""
        self._resting.discard(member.name)
        member.child = start_child(self.instance, member.service, member.role, member.environment)

    def kill(self, member: Member, *, again: bool = True) -> None:
        """`kill -9`; started again at once, as an orchestrator does, or with `again=False` by whoever asks for it."""
        if not again:
            self._resting.add(member.name)
        if member.child is not None:
            member.child.process.kill()
            member.child.process.wait(10)
        if again:
            self.start(member)

    def leave(self, member: Member) -> None:
        """Ends a process in order: it finishes its batch and leaves its group."""
        self._resting.add(member.name)
        if member.child is not None:
            stop([member.child])

    def pause(self, member: Member) -> None:
        """Stops a process where it stands; it does not notice."""
        psutil.Process(member.pid).send_signal(signal.SIGSTOP)

    def go_on(self, member: Member) -> None:
        """Lets a paused process continue."""
        psutil.Process(member.pid).send_signal(signal.SIGCONT)

    def tend(self) -> None:
        """Starts again whatever has ended by itself."""
        for member in self.members.values():
            if member.name not in self._resting and not member.alive:
                self.restarted += 1
                self.start(member)

    def until(self, holds: Callable[[], bool], what: str, patience: float = PATIENCE_SECONDS) -> float:
        """Waits until something holds, tending the processes; gives the seconds. Raises FaultsError."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > patience:
                raise FaultsError(f"never: {what}\n{self.logs()}")
            self.tend()
            time.sleep(0.1)
        return time.monotonic() - began

    def until_ready(self) -> None:
        """Waits until every process that is to run is ready."""
        for member in self.members.values():
            if member.name not in self._resting:
                self.until(member.is_ready, f"{member.name} ready")

    def logs(self) -> str:
        """The end of every process's log."""
        ends = [f"--- {m.name}\n{last_lines(m.log, 8)}" for m in self.members.values() if m.child is not None]
        return "\n".join(ends)

    def stop_postgres(self, *, immediate: bool) -> None:
        """Ends the database: fast (transactions are rolled back) or immediate (as after a crash, with recovery)."""
        if immediate:
            psutil.Process(self.postgres.pid).send_signal(signal.SIGQUIT)
            reap(self.postgres.child)
        self.postgres.stop()

    def start_postgres(self) -> None:
        """Starts the database again on its data and its port."""
        again = start_postgres(self.instance.folder / "postgres", port=self.postgres.port)
        # The same handle: who ends it in the end has been told already.
        self.postgres.pid, self.postgres.child = again.pid, again.child

    def end(self) -> None:
        """Ends every process, the paused ones too."""
        children = [member.child for member in self.members.values() if member.child is not None]
        for child in children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGCONT)
                child.process.terminate()
        for child in children:
            try:
                child.process.wait(10)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait(5)


def quiet_port() -> int:
    """A free port that no outgoing connection is given."""
    chooser = random.SystemRandom()
    while True:
        port = chooser.choice(_PORTS)
        if port_is_free(port):
            return port


@contextmanager
def place() -> Iterator[Place]:
    """PostgreSQL, Kafka, an issuer, and registry (api, relay), exchange (relay, consumer), visits (consumer).

    Called from the main thread: only then does the kernel end what was started when we are killed. The database
    keeps what it acknowledged, whatever happens to it: none of the shortcuts of other tests.
    """
    with ExitStack() as stack:
        name = stack.enter_context(TemporaryDirectory(prefix="gwella-faults-", ignore_cleanup_errors=True))
        instance = stack.enter_context(claim(Path(name)))
        topology = read_topology()
        postgres = start_postgres(instance.folder / "postgres")
        stack.callback(postgres.stop)
        databases = postgres.create_service_databases({service: service for service in SERVICES})
        secrets = suite_secrets(instance.folder)
        kafka = start_kafka(instance.folder / "kafka")
        stack.callback(kafka.stop)
        wiring = Wiring(topology, "127.0.0.1", secrets, databases, kafka=kafka.bootstrap_servers)
        issuer = stack.enter_context(_issuer(instance.folder))
        here = Place(instance, topology, postgres, kafka, wiring, issuer)
        _migrate(here)
        kafka.create_topics(topology.topics)
        stack.callback(here.end)
        here.add("registry", "api")
        here.add("registry", "relay")
        here.add("exchange", "relay")
        here.add("exchange", "consumer", static="exchange")
        here.add("visits", "consumer", static="visits")
        here.until_ready()
        yield here


def _migrate(here: Place) -> None:
    children = []
    for service in SERVICES:
        values: dict[str, Any] = here.wiring.values(here.topology.service(service), None)
        children.append(start_child(here.instance, service, "migrate", as_environment(values)))
    try:
        asyncio.run(finished(children))
    finally:
        stop(children)


@contextmanager
def _issuer(folder: Path) -> Iterator[DevelopmentIssuer]:
    """The issuer in a thread of its own: whoever kills and restarts blocks the main one."""
    port = quiet_port()
    url = f"http://127.0.0.1:{port}"
    held = bind([(port, "issuer")], "127.0.0.1")["issuer"]
    server = issuer_server(url, folder)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, name="issuer", daemon=True)
    thread.start()
    try:
        yield DevelopmentIssuer.open(folder / "issuer", url)
    finally:
        server.should_exit = True
        thread.join(10)
        held.close()
