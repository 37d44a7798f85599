"""What every part of `gwella bench events` runs on: one PostgreSQL, one Kafka, and the payloads that all are given."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from sqlalchemy import Table

from contracts.events.registry import SchoolRegistered
from contracts.identifiers import new_id
from eventing.envelope import envelope_of
from eventing.outbox import OutboxRow, append
from eventing.tables import ConsumerTables, PublisherTables, consumer_tables, publisher_tables
from eventing.transports.kafka import KafkaSettings
from service_kit.clock import SystemClock
from service_kit.database import Database, new_metadata
from service_kit.known_schools import known_schools_table
from testkit.databases import ServiceDatabase
from testkit.kafka import PARTITIONS, KafkaServer, start_kafka
from testkit.postgres import PostgresServer, start_postgres

BATCH = 500
KEYS = 5000
PATIENCE_SECONDS = 600.0
_SETTINGS = {
    "wal_level": "logical",  # Debezium reads the log of the database; ours would do with less
    "max_wal_size": "4GB",
    "logical_decoding_work_mem": "256MB",
    "shared_buffers": "1GB",  # a quarter of a small server's memory, as its manual advises
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. `rates` in events a second, `seconds` for each of them."""

    rows: int = 40_000
    turns: int = 3
    seconds: int = 20
    rates: tuple[int, ...] = (100, 1_000, 5_000)
    relay_rows: int = 100_000
    relay_rates: tuple[int, ...] = (200, 1_000)
    waiting: int = 1_000_000


@dataclass(frozen=True)
class Stored:
    """A database of one part, with the tables of a publisher and of a consumer, and a projection of schools."""

    database: Database
    address: ServiceDatabase
    published: PublisherTables
    consumed: ConsumerTables
    schools: Table


@dataclass
class Servers:
    """The two servers of a run, and how much is measured on them."""

    postgres: PostgresServer
    kafka: KafkaServer
    sizes: Sizes
    folder: Path
    _names: int = field(default=0)

    @property
    def bootstrap(self) -> str:
        """Where Kafka answers."""
        return self.kafka.bootstrap_servers

    @property
    def settings(self) -> KafkaSettings:
        """How ours reach Kafka."""
        return KafkaSettings(self.bootstrap)

    async def topic(self, what: str) -> str:
        """A new topic with twelve partitions, each of which answers: nobody measured has to wait for its leader."""
        self._names += 1
        name = f"bench.{what}{self._names}"
        self.kafka.create_topics([name])
        await Ends(self.bootstrap, name).ready()
        return name

    @asynccontextmanager
    async def stored(self, extra: Sequence[Table] = ()) -> AsyncIterator[Stored]:
        """A new, empty database; `extra` tables are made in it as well."""
        self._names += 1
        address = await asyncio.to_thread(self.postgres.create_service_database, f"bench{self._names}")
        metadata = new_metadata()
        published, consumed = publisher_tables(metadata), consumer_tables(metadata)
        schools = known_schools_table(metadata)
        database = Database(address.owner_url, pool_size=6)
        try:
            async with database.engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
                for table in extra:
                    await connection.run_sync(table.create)
            yield Stored(database, address, published, consumed, schools)
        finally:
            await database.dispose()


@asynccontextmanager
async def servers(folder: Path, sizes: Sizes) -> AsyncIterator[Servers]:
    """Both servers, started here and stopped at the end."""
    # Started from this thread, which the kernel watches: they end with it, whatever happens.
    kafka = start_kafka(folder / "kafka")
    try:
        postgres = start_postgres(folder / "postgres", settings=_SETTINGS)
        try:
            yield Servers(postgres, kafka, sizes, folder)
        finally:
            postgres.stop()
    finally:
        kafka.stop()


def school_number(n: int) -> str:
    """The number of the n-th school: seven digits."""
    return f"673{n % KEYS:04d}"


def school_events(number: int, *, own_keys: bool = False) -> list[OutboxRow]:
    """So many events of registered schools, 5,000 keys in turn; `own_keys`: each has a key of its own, its id."""
    example = SchoolRegistered.model_validate(SchoolRegistered.EXAMPLE)
    now = SystemClock().now()
    events = [
        example.model_copy(update={"school_number": school_number(n)}) for n in range(min(number, KEYS))
    ]
    rows = []
    for n in range(number):
        event_id, event = new_id(), events[n % KEYS]
        envelope = envelope_of(
            event, event_id=event_id, key=event_id if own_keys else event.school_number, version=n // KEYS + 1,
            subject=f"/schools/{event.school_number}", time=now, recorded_time=now,
        )  # fmt: skip
        rows.append(OutboxRow.of(envelope))
    return rows


async def fill(stored: Stored, rows: Sequence[OutboxRow]) -> float:
    """Writes all rows to the outbox in one transaction; when (monotonic) it had committed."""
    async with stored.database.transaction() as connection:
        for at in range(0, len(rows), 5000):
            await append(connection, stored.published.outbox, rows[at : at + 5000])
    return time.monotonic()


class Ends:
    """Watches how many records a topic has, without receiving one: receiving would take its own part of the CPU."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        self._wanted = {TopicPartition(topic, number): latest for number in range(PARTITIONS)}

    async def count(self) -> int:
        """How many records there are now. Raises KafkaException where a partition has no leader yet."""
        answers = self._client.list_offsets(self._wanted)
        found = await asyncio.gather(*(asyncio.wrap_future(answer) for answer in answers.values()))
        return sum(one.offset for one in found)

    async def ready(self) -> None:
        """Returns once every partition answers. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(KafkaException):
                    await self.count()
                    return
                await asyncio.sleep(0.05)

    async def reached(self, count: int) -> float:
        """When (monotonic) there were so many. Raises TimeoutError after ten minutes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.count() < count:  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.01)
        return time.monotonic()
