"""What runs: one service in one process, in one or all of its roles.

    python -m visits api|relay|consumer|all      serves until SIGTERM
    python -m visits migrate                     brings the database to the newest version, then ends

`api` answers callers; `relay` sequences the outboxes and ships the log; `consumer` reacts to other services' events
and does the jobs. The same parts run embedded: several `Runtime`s in one loop, joined by one local transport.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from contracts.identifiers import new_id
from eventing import trace
from eventing.consuming import Consumer
from eventing.loop import Health as LoopHealth
from eventing.parking_limit import ConsumerStoppedError
from eventing.sequencer import Sequencer
from eventing.shipping import Shipper
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from eventing.transports.port import Transport
from service_kit import telemetry
from service_kit.app import create_app
from service_kit.clock import Clock
from service_kit.database import Database
from service_kit.jobs.running import JobRunner
from service_kit.journal import Actor, Journal
from service_kit.logging import configure_logging
from service_kit.service import Service
from service_kit.settings import Settings
from service_kit.unit_of_work import UnitOfWork

ROLES: Final = ("api", "relay", "consumer")
_log = structlog.get_logger(__name__)


class Runtime:
    """One service's background parts in this process: sequencers, shipper, consumer, jobs.

    `wakes` are set when something was written, so that in one process nothing waits for the next look.
    """

    def __init__(self, service: Service, settings: Settings, transport: Transport | None, clock: Clock) -> None:
        self.service = service
        self.settings = settings
        self.clock = clock
        self.transport = transport
        self.loops: list[LoopHealth] = []
        self.wakes: list[asyncio.Event] = []
        self._parts: list[Sequencer | Shipper | Consumer | JobRunner] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._worker: Database | None = None

    async def start(self, roles: Collection[str]) -> None:
        """Starts the parts of these roles (`relay`, `consumer`); a service without data has none."""
        if self.service.foundation is None or not set(roles) & {"relay", "consumer"}:
            return
        url = self.settings.worker_database_url
        if url is None:
            raise ValueError(f"{self.service.name}: relay and consumer need GWELLA_WORKER_DATABASE_URL")
        self._worker = Database(
            url.get_secret_value(), pool_size=self.settings.database_pool + 2, application=f"{self.service.name}-worker"
        )
        if "relay" in roles:
            self._add_relay(self._worker)
        if "consumer" in roles:
            self._add_consumer(self._worker)
        self._worker.wakes = self.wakes
        if self.transport is not None:
            await self.transport.ensure_topics([self.service.topic, *self.service.hears])
        self._tasks = [asyncio.create_task(_until_stopped(part.run()), name=part.health.name) for part in self._parts]
        self.loops.extend(part.health for part in self._parts)

    async def stop(self) -> None:
        """Lets every part finish what it has under way, then closes the pool."""
        for part in self._parts:
            part.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._parts, self._tasks = [], []
        if self._worker is not None:
            await self._worker.dispose()

    def _wake(self) -> asyncio.Event:
        wake = asyncio.Event()
        self.wakes.append(wake)
        return wake

    def _add_relay(self, worker: Database) -> None:
        shared = self.service.foundation
        if shared is None:
            return
        if self.service.publishes:
            if self.transport is None:
                raise ValueError(f"{self.service.name}: a relay needs GWELLA_KAFKA_BOOTSTRAP_SERVERS")
            moved = asyncio.Event()
            self._parts.append(Sequencer(worker.engine, shared.event_log, wake=self._wake(), moved=moved))
            published = shared.published
            self._parts.append(
                Shipper(
                    worker.engine, log=published.log, cursors=published.cursors, transport=self.transport,
                    topic=self.service.topic, wake=moved,
                )
            )  # fmt: skip
        self._parts.append(Sequencer(worker.engine, shared.audit.log_tables, wake=self._wake()))
        self._parts.extend(Sequencer(worker.engine, log, wake=self._wake()) for log in self.service.logs)

    def _add_consumer(self, worker: Database) -> None:
        shared = self.service.foundation
        if shared is None:
            return
        if self.service.hears:
            if self.transport is None:
                raise ValueError(f"{self.service.name}: a consumer needs GWELLA_KAFKA_BOOTSTRAP_SERVERS")
            self._parts.append(
                Consumer(
                    self.service.name, transport=self.transport, topics=self.service.hears,
                    reactions=self.service.reactions, open_unit=self._open_unit, tables=shared.consumed,
                    now=self.clock.now,
                )
            )  # fmt: skip
        if self.service.jobs:
            journal = journal_of(self.service, self.settings)
            self._parts.append(JobRunner(worker, shared.jobs, self.service.jobs, self.clock, journal))

    @asynccontextmanager
    async def _open_unit(self) -> AsyncIterator[UnitOfWork]:
        if self._worker is None:
            raise RuntimeError("not started")
        async with self._worker.transaction() as connection:
            yield UnitOfWork(connection, self.clock, self._actor(), journal_of(self.service, self.settings))

    def _actor(self) -> Actor:
        name = f"service:{self.service.name}"
        return Actor(name, name, trace.cause().correlation_id or new_id())


def journal_of(service: Service, settings: Settings) -> Journal:
    """The journal of a service: what it may publish, and where its audit goes."""
    if service.foundation is None:
        raise ValueError(f"{service.name} keeps no data")
    salt = settings.audit_salt.get_secret_value().encode()
    return Journal(service.name, frozenset(service.publishes), service.foundation, salt)


async def _until_stopped(running: Coroutine[Any, Any, None]) -> None:
    """A consumer that stopped itself stays stopped until somebody has looked; its health says so."""
    try:
        await running
    except ConsumerStoppedError as stopped:
        _log.error("consumer_stopped", error=str(stopped))


def run(service: Service) -> None:
    """Runs a service as its command line says. Exit status 2: not called as documented, or settings are missing."""
    roles = (*ROLES, "all", "migrate")
    if len(sys.argv) != 2 or sys.argv[1] not in roles:
        sys.exit(f"usage: python -m {service.name} {'|'.join(roles)}")
    settings = Settings()
    configure_logging(service.name, settings.log_level)
    try:
        if sys.argv[1] == "migrate":
            asyncio.run(_migrate(service, settings))
        else:
            chosen = ROLES if sys.argv[1] == "all" else (sys.argv[1],)
            uvloop_run(_serve(service, settings, chosen))
    except ValueError as error:
        sys.exit(str(error))


def uvloop_run(main: Coroutine[Any, Any, None]) -> None:
    """Runs on the faster loop (it comes with uvicorn[standard])."""
    import uvloop  # here, because `migrate` does without

    uvloop.run(main)


async def _migrate(service: Service, settings: Settings) -> None:
    from service_kit.migrations.upgrade import migrate  # the only way to Alembic, which no other role loads

    if settings.owner_database_url is None:
        raise ValueError(f"{service.name}: migrate needs GWELLA_OWNER_DATABASE_URL")
    await migrate(settings.owner_database_url.get_secret_value(), service)


async def _serve(service: Service, settings: Settings, roles: Collection[str]) -> None:
    clock = settings.clock()
    telemetry.configure(service.name, settings)
    transport = None
    if settings.kafka_bootstrap_servers is not None and service.foundation is not None:
        transport = KafkaTransport(
            KafkaSettings(
                settings.kafka_bootstrap_servers, client_id=service.name, group_instance_id=settings.static_member
            )
        )
    runtime = Runtime(service, settings, transport, clock)
    app = create_app(service, settings, clock=clock, runtime=runtime, api="api" in roles)
    server = Server(uvicorn.Config(app, settings.host, settings.port, **server_options(settings)))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.drain)
    await runtime.start(roles)
    try:
        await server.serve()
    finally:
        await runtime.stop()
        if transport is not None:
            await transport.close()


def server_options(settings: Settings) -> dict[str, Any]:
    """Uvicorn's options, the same for every way of running. Without a graceful timeout it would wait for ever."""
    return {
        "access_log": False, "log_config": None, "lifespan": "on", "server_header": False, "date_header": True,
        "timeout_graceful_shutdown": int(settings.drain_seconds), "timeout_keep_alive": 75, "h11_max_incomplete_event_size": 65536,
    }  # fmt: skip


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever started it, so that several run in one loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes no signal."""
        yield

    def drain(self) -> None:
        """Ends: no new connection is taken, requests under way finish."""
        self.should_exit = True

    async def serve_on(self, held: socket.socket) -> None:
        """Serves on a socket that is bound already."""
        await self.serve(sockets=[held])


__all__ = ["ROLES", "ASGIApp", "Runtime", "Server", "journal_of", "run", "server_options"]
