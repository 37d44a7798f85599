"""The backbone's rates: the sequencer alone, and sequencer with shipper to a real Kafka beside a bare producer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from aiokafka import AIOKafkaProducer
from sqlalchemy import select

from contracts.events.registry import SchoolRegistered
from contracts.identifiers import new_id
from eventing.envelope import envelope_of, header_list
from eventing.outbox import OutboxRow, append
from eventing.sequencer import LogTables, Sequencer, sequence
from eventing.shipping import Shipper
from eventing.tables import PublisherTables, publisher_tables
from eventing.transports.kafka import KafkaSettings, KafkaTransport
from gwella.bench.figures import Figure
from service_kit.clock import SystemClock
from service_kit.database import Database, new_metadata
from testkit.kafka import start_kafka
from testkit.postgres import start_postgres

ROWS = 40_000
TURNS = 3
BATCH = 500


def _rows(number: int) -> list[OutboxRow]:
    event = SchoolRegistered.model_validate(SchoolRegistered.EXAMPLE)
    now = SystemClock().now()
    return [
        OutboxRow.of(
            envelope_of(
                event, event_id=new_id(), key=f"{n % 5000:07d}", version=n, subject="/schools/6732118", time=now,
                recorded_time=now,
            )
        )
        for n in range(number)
    ]  # fmt: skip


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[tuple[Database, PublisherTables]]:
    server = await asyncio.to_thread(start_postgres, folder)
    urls = server.create_service_database("bench")
    metadata = new_metadata()
    tables = publisher_tables(metadata)
    database = Database(urls.owner_url, pool_size=4)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield database, tables
    finally:
        await database.dispose()
        await asyncio.to_thread(server.stop)


async def _fill(database: Database, tables: PublisherTables, rows: list[OutboxRow]) -> None:
    for at in range(0, len(rows), 5000):
        async with database.transaction() as connection:
            await append(connection, tables.outbox, rows[at : at + 5000])


async def _sequencer_rate(database: Database, tables: PublisherTables, rows: list[OutboxRow]) -> float:
    log = LogTables(tables.outbox, tables.log, tables.head)
    await _fill(database, tables, rows)
    moved, began = 0, perf_counter()
    while moved < len(rows):
        async with database.transaction() as connection:
            moved += await sequence(connection, log, BATCH)
    return len(rows) / (perf_counter() - began)


async def _relay_rate(
    database: Database, tables: PublisherTables, bootstrap: str, rows: list[OutboxRow]
) -> float:
    transport = KafkaTransport(KafkaSettings(bootstrap))
    await transport.ensure_topics(["bench.events"])
    moved = asyncio.Event()
    log = LogTables(tables.outbox, tables.log, tables.head)
    sequencer = Sequencer(database.engine, log, moved=moved)
    shipper = Shipper(
        database.engine,
        log=tables.log,
        cursors=tables.cursors,
        transport=transport,
        topic="bench.events",
        wake=moved,
    )
    async with database.transaction() as connection:
        start = int(await connection.scalar(select(tables.head.c.position)) or 0)
        await connection.execute(tables.cursors.delete())
        await connection.execute(tables.cursors.insert().values(name=transport.name, position=start))
    await _fill(database, tables, rows)
    began = perf_counter()
    tasks = [asyncio.create_task(sequencer.run()), asyncio.create_task(shipper.run())]
    while True:
        async with database.transaction() as connection:
            position = await connection.scalar(select(tables.cursors.c.position))
        if position == start + len(rows):
            break
        await asyncio.sleep(0.01)
    rate = len(rows) / (perf_counter() - began)
    sequencer.stop()
    shipper.stop()
    await asyncio.gather(*tasks)
    await transport.close()
    return rate


async def _bare_rate(bootstrap: str, rows: list[OutboxRow]) -> float:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", linger_ms=2)
    await producer.start()
    prepared = [(row.key.encode(), row.data, header_list(row.headers, n)) for n, row in enumerate(rows)]
    try:
        began = perf_counter()
        for at in range(0, len(prepared), BATCH):
            sent = [
                await producer.send("bench.bare", data, key=key, headers=headers)
                for key, data, headers in prepared[at : at + BATCH]
            ]
            await asyncio.gather(*sent)
        return len(rows) / (perf_counter() - began)
    finally:
        await producer.stop()


async def _measure(folder: Path) -> list[Figure]:
    rows = _rows(ROWS)
    broker = await asyncio.to_thread(start_kafka, folder / "kafka")
    try:
        broker.create_topics(["bench.bare", "bench.events"])
        async with _database(folder / "postgres") as (database, tables):
            sequenced = await _sequencer_rate(database, tables, rows)
            # In turns, after one that warms up: a busy machine slows both alike, and the median turn counts.
            await _bare_rate(broker.bootstrap_servers, rows[:5000])
            relayed, bare = [], []
            for _ in range(TURNS):
                fresh = [replace(row, event_id=new_id()) for row in rows]
                relayed.append(await _relay_rate(database, tables, broker.bootstrap_servers, fresh))
                bare.append(await _bare_rate(broker.bootstrap_servers, rows))
    finally:
        await asyncio.to_thread(broker.stop)
    return [
        Figure("backbone", "sequencer alone, batches of 500", sequenced, "rows/s"),
        Figure(
            "backbone", "sequencer and shipper together to Kafka", median(relayed), "events/s", median(bare),
            "bare aiokafka, awaited batches of 500", 0.8,
        ),
    ]  # fmt: skip


def measure() -> list[Figure]:
    """Runs on servers of its own, started and stopped here."""
    with TemporaryDirectory(prefix="gwella-bench-") as folder:
        return asyncio.run(_measure(Path(folder)))
