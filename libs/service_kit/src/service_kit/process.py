"""What runs: one service in one process, in one or all of its roles.

    python -m visits api|relay|consumer|all      serves until SIGTERM
    python -m visits migrate                     brings the database to the newest version, then ends

`api` answers callers; `relay` sequences the outboxes and ships the log; `consumer` reacts to other services' events
and does the jobs. The same parts run embedded: several `Runtime`s in one loop, joined by one local transport.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final, NoReturn

import structlog
import uvicorn
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.identifiers import new_id
from eventing import trace
from eventing.bell import Bell
from eventing.consuming import Consumer
from eventing.loop import Health as LoopHealth
from eventing.loop import Pace
from eventing.parking_limit import ConsumerStoppedError
from eventing.sequencer import Sequencer
from eventing.shipping import Shipper
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from eventing.transports.local import LocalTransport
from eventing.transports.port import Transport
from service_kit.app import create_app
from service_kit.audit.checkpoints import Checkpoints, load_signing_key
from service_kit.clock import Clock
from service_kit.clock_tasks import ClockRunner, ClockTask
from service_kit.database import Database
from service_kit.documents.opening import scanner_of, store_of
from service_kit.documents.tasks import tasks_of
from service_kit.forgetting import forgetting
from service_kit.foundation import Foundation
from service_kit.http_protocol import WireProtocol
from service_kit.jobs.running import JobRunner
from service_kit.journal import Actor, Journal
from service_kit.logging import configure_logging
from service_kit.parked_events import redrive_kind
from service_kit.replays import replay_kind
from service_kit.service import Service
from service_kit.settings import Settings
from service_kit.telemetry import configure_telemetry, instrument_app
from service_kit.unit_of_work import UnitOfWork

ROLES: Final = ("api", "relay", "consumer")
WOKEN: Final = Pace(busy=0.25)
"""Of the event log's sequencer where callers are served in the same process: they wake it, others may not."""
FOLLOWING: Final = Pace(hot=0.5, busy=0.5, quiet=0.5)
"""Of what is always woken from within its process, or what nobody waits for."""
_log = structlog.get_logger(__name__)
Part = Sequencer | Shipper | Consumer | JobRunner | ClockRunner | Checkpoints


class Runtime:
    """One service's background parts in this process: sequencers, shipper, consumer, jobs.

    `wakes` are set when something was written here, so that in one process nothing waits for the next look. `woken`
    says that whoever serves callers runs in this process, too: the sequencers then look by themselves only now and
    then, because looking fifty times a second costs a process with many services more than its work.
    """

    def __init__(
        self,
        service: Service,
        settings: Settings,
        transport: Transport | None,
        clock: Clock,
        *,
        woken: bool = False,
    ) -> None:
        self._woken = woken
        self._pace = WOKEN if woken else Pace()
        self.service = service
        self.settings = settings
        self.clock = clock
        self.transport = transport
        self.wakes: dict[str, asyncio.Event] = {}
        self.bells = {log.log.name: Bell() for log in service.logs}
        self.worker: Database | None = None
        self._parts: list[Part] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, roles: Collection[str]) -> None:
        """Starts the parts of these roles (`relay`, `consumer`); a service without data has none.

        Raises ValueError where the settings that a role needs are missing.
        """
        if self.service.foundation is None or not set(roles) & {"relay", "consumer"}:
            return
        url = self.settings.worker_database_url
        if url is None:
            raise ValueError(f"{self.service.name}: relay and consumer need GWELLA_WORKER_DATABASE_URL")
        pool = self.settings.database_pool + 2
        self.worker = Database(
            url.get_secret_value(), pool_size=pool, application=f"{self.service.name}-worker"
        )
        self.worker.wakes = self.wakes
        if "relay" in roles:
            self._add_relay(self.worker, self.service.foundation)
        if "consumer" in roles:
            self._add_consumer(self.worker, self.service.foundation)
        if self.transport is not None:
            await self.transport.ensure_topics([self.service.topic, *self.service.hears])
        self._tasks += [asyncio.create_task(_guarded(part), name=part.health.name) for part in self._parts]

    async def stop(self) -> None:
        """Lets every part finish what it has under way, then closes the pool.

        What has not finished within the drain time is cancelled: cursors and inbox make that as safe as a kill.
        """
        await asyncio.sleep(0)  # a loop that has not begun yet would forget that it was told to stop
        for part in self._parts:
            part.stop()
        if self._tasks:
            _, slow = await asyncio.wait(self._tasks, timeout=self.settings.drain_seconds)
            for task in slow:
                _log.warning("part_cancelled", component=task.get_name())
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.worker is not None:
            await self.worker.dispose()

    @property
    def loops(self) -> list[LoopHealth]:
        """How each part is, for `/readyz`."""
        return [part.health for part in self._parts]

    def _wake(self, table: Table) -> asyncio.Event:
        return self.wakes.setdefault(table.name, asyncio.Event())

    def _required_transport(self) -> Transport:
        if self.transport is None:
            raise ValueError(f"{self.service.name}: relay and consumer need GWELLA_KAFKA_BOOTSTRAP_SERVERS")
        return self.transport

    def _add_relay(self, worker: Database, shared: Foundation) -> None:
        if self.service.publishes:
            moved = asyncio.Event()
            log, cursors = shared.published.log, shared.published.cursors
            shipper = Shipper(
                worker.engine, log=log, cursors=cursors, transport=self._required_transport(),
                topic=self.service.topic, wake=moved, pace=FOLLOWING,
            )  # fmt: skip
            if isinstance(self.transport, LocalTransport):
                self.transport.keep(self.service.topic, worker.engine, log)
            self._parts += [
                Sequencer(
                    worker.engine,
                    shared.event_log,
                    wake=self._wake(shared.event_log.outbox),
                    moved=moved,
                    pace=self._pace,
                ),
                shipper,
            ]
        audit = shared.audit.log_tables
        self._parts.append(Sequencer(worker.engine, audit, wake=self._wake(audit.outbox), pace=FOLLOWING))
        for own in self.service.logs:
            bell = self.bells[own.log.name]
            # Written by this service's consumer, which may be another process.
            pace = FOLLOWING if self._woken else Pace()
            self._parts.append(
                Sequencer(worker.engine, own, wake=self._wake(own.outbox), moved=bell, pace=pace)
            )
        if self.settings.audit_key_file is not None:
            key = load_signing_key(self.settings.audit_key_file)
            self._parts.append(Checkpoints(worker, shared.audit, key, self.clock, self.service.name))

    def _add_consumer(self, worker: Database, shared: Foundation) -> None:
        journal = Journal(self.service.name, frozenset(self.service.publishes), shared)
        kinds = list(self.service.jobs)
        if self.service.hears:
            open_unit = partial(self._open_unit, worker, journal)
            consumer = Consumer(
                self.service.name, transport=self._required_transport(), topics=self.service.hears,
                reactions=self.service.reactions, open_unit=open_unit, tables=shared.consumed, now=self.clock.now,
            )  # fmt: skip
            self._parts.append(consumer)
            kinds.append(redrive_kind(consumer, open_unit))
            if self.service.projections and self.settings.worker_database_url is not None:
                url = self.settings.worker_database_url.get_secret_value()
                unit_on = partial(self._unit_on, journal)
                kinds.append(replay_kind(self.service, self._required_transport(), url, unit_on))
        if kinds:
            self._parts.append(
                JobRunner(worker, shared.jobs, kinds, self.clock, journal, wake=self._wake(shared.jobs))
            )
        tasks = [forgetting(shared), *self.service.clock_tasks, *self._document_tasks()]
        if self.service.settled_tasks is not None:
            tasks += self.service.settled_tasks(self.settings)
        open_unit = partial(self._open_unit, worker, journal)
        self._parts.append(ClockRunner(self.service.name, tasks, open_unit))

    def _document_tasks(self) -> Sequence[ClockTask]:
        documents = self.service.documents
        if documents is None:
            return ()
        return tasks_of(documents, store_of(self.settings, self.service.name), scanner_of(self.settings))

    @asynccontextmanager
    async def _open_unit(self, worker: Database, journal: Journal) -> AsyncIterator[UnitOfWork]:
        async with worker.transaction() as connection:
            yield self._unit_on(journal, connection)

    def _unit_on(self, journal: Journal, connection: AsyncConnection) -> UnitOfWork:
        name = f"service:{self.service.name}"
        actor = Actor(name, name, trace.cause().correlation_id or new_id())
        return UnitOfWork(connection, self.clock, actor, journal)


async def _guarded(part: Part) -> None:
    """Runs a part; a consumer that stopped itself stands by until somebody has looked, and its health says so."""
    while True:
        try:
            return await part.run()
        except ConsumerStoppedError as stopped:
            _log.error("consumer_stopped", component=part.health.name, error_type=type(stopped).__name__)
            if not isinstance(part, Consumer) or not await part.stand_by():
                return None
            _log.info("consumer_resumed", component=part.health.name)


def run(service: Service) -> None:
    """Runs a service as its command line says. Exit status 2: not called as documented, or settings are missing."""
    roles = (*ROLES, "all", "migrate")
    if len(sys.argv) != 2 or sys.argv[1] not in roles:
        _refuse(f"usage: python -m {service.name} {'|'.join(roles)}")
    try:
        settings = Settings()
        configure_logging(level=settings.log_level, service=service.name, role=sys.argv[1])
        if sys.argv[1] == "migrate":
            asyncio.run(_migrate(service, settings))
        else:
            chosen = ROLES if sys.argv[1] == "all" else (sys.argv[1],)
            configure_telemetry(
                service=service.name,
                role=sys.argv[1],
                ratio=settings.trace_ratio,
                endpoint=settings.telemetry_endpoint,
            )
            uvloop_run(_serve(service, settings, chosen))
    except ValueError as error:
        _refuse(str(error))


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"{why}\n")
    sys.exit(2)


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
    transport = None
    if settings.kafka_bootstrap_servers is not None and service.foundation is not None:
        kafka = KafkaSettings(
            settings.kafka_bootstrap_servers,
            client_id=service.name,
            group_instance_id=settings.static_member,
        )
        transport = KafkaTransport(kafka if service.prompt else kafka.patient())
    runtime = Runtime(service, settings, transport, clock, woken="api" in roles)
    await runtime.start(roles)
    try:
        app = create_app(service, settings, clock=clock, runtime=runtime, api="api" in roles)
        instrument_app(app)
        server = Server(uvicorn.Config(app, settings.host, settings.port, **server_options(settings)))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.drain)
        settle()
        await server.serve()
    finally:
        await runtime.stop()
        if transport is not None:
            await transport.close()


def settle() -> None:
    """Called when everything is loaded: what is there stays, and the collector need not walk it again and again.

    A third of a million objects of imported modules take it a third of a second, in which nobody is answered. Of
    what loading leaves behind, two thousand are garbage: not worth one such walk.
    """
    gc.freeze()
    # Requests and batches make short-lived objects by the ten thousand; few of them hang together in circles.
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def server_options(settings: Settings) -> dict[str, Any]:
    """Uvicorn's options, the same for every way of running. Without a graceful timeout it would wait for ever."""
    return {
        "http": partial(
            WireProtocol,
            head_seconds=settings.request_head_seconds,
            body_seconds=settings.request_body_seconds,
        ),
        # Nothing is upgraded: what asks for another protocol is answered in this one.
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "lifespan": "on",
        "server_header": False,
        # Who asks is in the token; nobody's X-Forwarded-For is believed.
        "proxy_headers": False,
        "timeout_graceful_shutdown": int(settings.drain_seconds),
        "timeout_keep_alive": 75,
    }


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever started it, so that several run in one loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes no signal."""
        yield

    def drain(self) -> None:
        """Ends: no new connection is taken, requests under way finish."""
        self.should_exit = True
