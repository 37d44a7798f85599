"""A small publishing and consuming service on a real PostgreSQL, and the two transports."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from structlog.testing import capture_logs

from contracts.data_class import DataClass
from contracts.event import EVENTS, Change, Event
from contracts.identifiers import new_id
from eventing.consuming import Consumer, Retries
from eventing.envelope import Envelope, envelope_of, packed_headers
from eventing.loop import Backoff, Pace
from eventing.outbox import OutboxRow, append
from eventing.reactions import Reaction, reactions_of, reacts_to
from eventing.sequencer import LogTables, Sequencer
from eventing.shipping import Shipper
from eventing.tables import ConsumerTables, PublisherTables, consumer_tables, publisher_tables
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from eventing.transports.local import LocalTransport
from eventing.transports.port import Record, Transport
from testkit.kafka import PARTITIONS

sys.path.insert(0, str(Path(__file__).parent))

from storm.backbone import Backbone
from storm.place import Place
from storm.raging import Storm
from storm.weather import Weather

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
FAST = Pace(busy=0.005, quiet=0.02)


class ThingChanged(Event):
    """Something changed. In nobody's contract: it is registered while a test runs (`registered`), by hand."""

    TYPE: ClassVar[str] = "cymru.gwella.tests.thing.changed.v1"
    PUBLISHER: ClassVar[str] = "tests"
    AGGREGATE: ClassVar[str] = "thing"
    CHANGE: ClassVar[Change] = Change.upsert
    DATA_CLASS: ClassVar[DataClass] = DataClass.internal

    value: int


@dataclass
class Unit:
    """The smallest unit of work there is."""

    connection: AsyncConnection


@dataclass
class World:
    """One service's database with every table of the backbone, an aggregate kind and a table of effects."""

    engine: AsyncEngine
    topic: str
    publisher: PublisherTables
    consumer: ConsumerTables
    things: Table
    effects: Table
    event: type[ThingChanged] = ThingChanged
    opened: int = 0
    ticks: int = 0
    running: list[tuple[Any, asyncio.Task[None]]] = field(default_factory=list)

    @property
    def log(self) -> LogTables:
        return LogTables(self.publisher.outbox, self.publisher.log, self.publisher.head)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        self.opened += 1
        async with self.engine.begin() as connection:
            yield Unit(connection)

    def envelope(self, key: str, version: int, value: int = 0, event_id: str | None = None) -> Envelope:
        self.ticks += 1
        now = START + timedelta(microseconds=self.ticks)
        return envelope_of(
            ThingChanged(value=value),
            event_id=event_id or new_id(),
            key=key,
            version=version,
            subject=f"/things/{key}",
            time=now,
            recorded_time=now,
        )

    async def change(self, connection: AsyncConnection, key: str, value: int = 0) -> Envelope:
        """Bumps an aggregate's version and writes its event, as the unit of work does."""
        raised = upsert(self.things).values(id=key, version=1)
        raised = raised.on_conflict_do_update(
            index_elements=["id"], set_={"version": self.things.c.version + 1}
        )
        version = (await connection.execute(raised.returning(self.things.c.version))).scalar_one()
        envelope = self.envelope(key, version, value)
        await append(connection, self.publisher.outbox, [OutboxRow.of(envelope)])
        return envelope

    async def publish(self, *keys: str) -> list[Envelope]:
        """One change of each key in one transaction."""
        async with self.engine.begin() as connection:
            return [await self.change(connection, key) for key in keys]

    async def effect(self, connection: AsyncConnection, envelope: Envelope, who: str = "c") -> None:
        await connection.execute(
            insert(self.effects).values(
                consumer=who, event_id=envelope.id, key=envelope.key, version=envelope.version
            )
        )

    def keeping(self, who: str = "c") -> tuple[Reaction, ...]:
        """A reaction that writes down every event."""

        @reacts_to(ThingChanged)
        async def keep(event: ThingChanged, envelope: Envelope, unit: Unit) -> None:
            await self.effect(unit.connection, envelope, who)

        return reactions_of(keep)

    async def ship(self, transport: Transport, *envelopes: Envelope) -> None:
        """Publishes envelopes directly, with positions from 1, as a shipper would."""
        records = [Record(n, e.key, packed_headers(e), e.data) for n, e in enumerate(envelopes, 1)]
        await transport.publish(self.topic, records)

    async def seen(self, who: str = "c") -> list[tuple[str, int]]:
        """Effects in the order in which they were written."""
        statement = select(self.effects.c.key, self.effects.c.version).where(self.effects.c.consumer == who)
        async with self.engine.connect() as connection:
            rows = await connection.execute(statement.order_by(self.effects.c.number))
            return [(row.key, row.version) for row in rows]

    async def count(self, table: Table) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    async def count_in(self, connection: AsyncConnection, table: Table) -> int:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    def sequencer(self, **options: Any) -> Sequencer:
        return Sequencer(self.engine, self.log, **{"pace": FAST, **options})

    def shipper(self, transport: Transport, **options: Any) -> Shipper:
        options = {"pace": FAST, "log": self.publisher.log, "cursors": self.publisher.cursors, **options}
        return Shipper(self.engine, transport=transport, topic=self.topic, **options)

    def consumer_of(
        self, transport: Transport, name: str = "c", reactions: Sequence[Reaction] = (), **options: Any
    ) -> Consumer:
        options = {"retries": Retries(2, Backoff(0.005, 1.0)), "open_unit": self.unit, **options}
        return Consumer(
            name,
            transport=transport,
            topics=[self.topic],
            reactions=reactions or self.keeping(name),
            tables=self.consumer,
            **options,
        )

    async def join(self, consumer: Consumer) -> None:
        """Starts a consumer and waits until it hears; what it looks at from time to time is then behind it."""
        self.start(consumer)

        async def hears() -> bool:
            return consumer._intake is not None and consumer._awaited is not None and self.opened >= 2

        await eventually(hears)
        consumer._measured_at = inf

    def start(self, *runners: Any) -> None:
        self.running += [(runner, asyncio.create_task(runner.run())) for runner in runners]

    async def stop(self) -> None:
        for runner, _ in reversed(self.running):
            runner.stop()
        await asyncio.gather(*(task for _, task in self.running))
        self.running.clear()


async def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Waits until the (async) condition answers something true; fails with its last answer."""
    answer = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = await condition()
                if answer:
                    return answer
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"not within {seconds} s; last answer {answer!r}")


def in_order_per_key(seen: Sequence[tuple[str, int]]) -> bool:
    """Versions of each key rise by one from 1: none lost, none doubled, none reordered."""
    last: dict[str, int] = defaultdict(int)
    for key, version in seen:
        if version != last[key] + 1:
            return False
        last[key] = version
    return True


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is registered can be written into an outbox. For a test only: the contracts know nothing of it."""
    monkeypatch.setitem(EVENTS, ThingChanged.TYPE, ThingChanged)


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """Failures are part of many tests here; drawing each with its source would take longer than the test."""
    with capture_logs():
        yield


@pytest.fixture
def tools() -> SimpleNamespace:
    """What a test module cannot import from here."""
    return SimpleNamespace(
        eventually=eventually, in_order_per_key=in_order_per_key, Event=ThingChanged, Unit=Unit, Record=Record
    )


@pytest.fixture
async def world(fresh_database: Callable[..., Any]) -> AsyncIterator[World]:
    metadata = MetaData()
    things = Table(
        "things",
        metadata,
        Column("id", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
    )
    effects = Table(
        "effects",
        metadata,
        Column("number", BigInteger, Identity(), primary_key=True),
        Column("consumer", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
    )
    publisher, consumer = publisher_tables(metadata), consumer_tables(metadata)
    engine = create_async_engine(fresh_database().owner_url, pool_size=12, max_overflow=0)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    made = World(engine, f"t{uuid4().hex[:12]}.events", publisher, consumer, things, effects)
    yield made
    for runner, task in made.running:
        runner.stop()
        task.cancel()
    await asyncio.gather(*(task for _, task in made.running), return_exceptions=True)
    await engine.dispose()


@pytest.fixture
async def local() -> AsyncIterator[LocalTransport]:
    transport = LocalTransport()
    yield transport
    await transport.close()


@pytest.fixture
async def kafka_transport(kafka: Any, world: World) -> AsyncIterator[Callable[[], Any]]:
    """Makes Kafka transports to the session's broker, each as another process would have its own."""
    made: list[KafkaTransport] = []
    kafka.create_topics([world.topic])

    async def make(**options: Any) -> KafkaTransport:
        settings = KafkaSettings(kafka.bootstrap_servers, fetch_max_wait_ms=10, **options)
        made.append(KafkaTransport(settings))
        return made[-1]

    yield make
    for transport in made:
        await transport.close()


@pytest.fixture
async def raging(
    world: World, fresh_database: Callable[..., Any], real_kafka: Any, kafka_transport: Callable[[], Any]
) -> AsyncIterator[Callable[..., Any]]:
    """`await raging(weather, backbone)`: one storm over a real PostgreSQL and a real Kafka, and what came of it."""
    places: list[Place] = []

    async def rage(weather: Weather, backbone: type[Backbone] = Backbone) -> Storm:
        url = world.engine.url.render_as_string(hide_password=False)
        places.append(place := Place(world, weather, url, fresh_database("elsewhere").owner_url))
        await place.prepare()
        return await Storm(place, backbone(place, ThingChanged), kafka_transport, PARTITIONS).rage()

    yield rage
    for place in places:
        await place.leave()
