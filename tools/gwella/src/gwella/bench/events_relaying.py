"""The sequencer alone, the shipper alone, and both together, beside a bare producer of the same payloads."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from aiokafka import AIOKafkaProducer
from sqlalchemy import func, select

from eventing.envelope import header_list
from eventing.outbox import OutboxRow
from eventing.sequencer import LogTables, Sequencer, sequence
from eventing.shipping import Shipper
from eventing.transports.kafka import KafkaTransport
from eventing.transports.kafka.partitioning import partition_of
from gwella.bench.events_servers import BATCH, Servers, Stored, fill, school_events
from gwella.bench.figures import Figure
from testkit.kafka import PARTITIONS

AREA = "events: relay"


def log_tables(stored: Stored) -> LogTables:
    """What the sequencer of a bench's database moves."""
    return LogTables(stored.published.outbox, stored.published.log, stored.published.head)


async def _sequenced(stored: Stored) -> None:
    moved = BATCH
    while moved == BATCH:
        async with stored.database.transaction() as connection:
            moved = await sequence(connection, log_tables(stored), BATCH)


async def _sequencer_rate(stored: Stored, rows: Sequence[OutboxRow]) -> float:
    await fill(stored, rows)
    began = time.monotonic()
    await _sequenced(stored)
    return len(rows) / (time.monotonic() - began)


async def _shipped(servers: Servers, stored: Stored, *, sequencing: bool) -> tuple[float, float]:
    """Seconds and CPU seconds until the whole log is on a new topic; `sequencing`: out of the outbox meanwhile."""
    transport = KafkaTransport(servers.settings)
    moved = asyncio.Event()
    topic, log, cursors = await servers.topic("relay"), stored.published.log, stored.published.cursors
    shipper = Shipper(
        stored.database.engine, log=log, cursors=cursors, transport=transport, topic=topic, name=topic, wake=moved
    )  # fmt: skip
    parts: list[Sequencer | Shipper] = [shipper]
    if sequencing:
        parts.append(Sequencer(stored.database.engine, log_tables(stored), moved=moved))
    async with stored.database.transaction() as connection:
        await transport.publish(topic, [])  # connects beforehand, as the bare producer does
        waiting = await connection.scalar(select(func.count()).select_from(stored.published.outbox)) or 0
        head = int(await connection.scalar(select(func.max(log.c.position))) or 0)
        start = head if sequencing else 0
        await connection.execute(cursors.insert().values(name=topic, position=start))
    began, cpu = time.monotonic(), time.process_time()
    tasks = [asyncio.create_task(part.run()) for part in parts]
    position = select(cursors.c.position).where(cursors.c.name == topic)
    while True:
        async with stored.database.transaction() as connection:
            if await connection.scalar(position) == head + waiting:
                break
        await asyncio.sleep(0.01)
    taken = time.monotonic() - began, time.process_time() - cpu
    for part in parts:
        part.stop()
    await asyncio.gather(*tasks)
    await transport.close()
    return taken


async def _sent(producer: AIOKafkaProducer, topic: str, rows: Sequence[OutboxRow]) -> None:
    """Record by record, each batch of 500 awaited together."""
    prepared = [(row.key.encode(), row.data, header_list(row.headers, n)) for n, row in enumerate(rows)]
    for at in range(0, len(prepared), BATCH):
        sent = [
            await producer.send(topic, data, key=key, headers=headers)
            for key, data, headers in prepared[at : at + BATCH]
        ]
        await asyncio.gather(*sent)


async def _sent_in_batches(producer: AIOKafkaProducer, topic: str, rows: Sequence[OutboxRow]) -> None:
    """One record batch a partition out of every 500: the least that this client can do."""
    for at in range(0, len(rows), BATCH):
        shares: dict[int, list[tuple[bytes, bytes, list[tuple[str, bytes]]]]] = {}
        for n, row in enumerate(rows[at : at + BATCH]):
            of_partition = shares.setdefault(partition_of(row.key, PARTITIONS), [])
            of_partition.append((row.key.encode(), row.data, header_list(row.headers, n)))
        answers = []
        for partition, records in shares.items():
            batch = producer.create_batch()
            for key, data, headers in records:
                batch.append(timestamp=None, key=key, value=data, headers=headers)
            batch.close()
            answers.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*answers)


_Sending = Callable[[AIOKafkaProducer, str, Sequence[OutboxRow]], Awaitable[None]]


async def _bare(servers: Servers, rows: Sequence[OutboxRow], sending: _Sending) -> tuple[float, float]:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers.bootstrap, enable_idempotence=True, acks="all", linger_ms=2
    )
    topic = await servers.topic("bare")
    await producer.start()
    try:
        await producer.partitions_for(topic)
        began, cpu = time.monotonic(), time.process_time()
        await sending(producer, topic, rows)
        return time.monotonic() - began, time.process_time() - cpu
    finally:
        await producer.stop()


async def measure(servers: Servers) -> list[Figure]:
    """In turns, after one that warms up: a busy machine slows all alike, and the median turn counts."""
    number = servers.sizes.rows
    rows = school_events(number)
    taken: dict[str, list[tuple[float, float]]] = {}
    await _bare(servers, rows[:5000], _sent)
    async with servers.stored() as stored:
        sequenced = await _sequencer_rate(stored, rows)
        for _ in range(servers.sizes.turns):
            taken.setdefault("shipper", []).append(await _shipped(servers, stored, sequencing=False))
            taken.setdefault("sent", []).append(await _bare(servers, rows, _sent))
            taken.setdefault("batches", []).append(await _bare(servers, rows, _sent_in_batches))
        for _ in range(servers.sizes.turns):
            await fill(stored, school_events(number))
            taken.setdefault("relay", []).append(await _shipped(servers, stored, sequencing=True))
    rate = {name: number / median(seconds for seconds, _ in turns) for name, turns in taken.items()}
    cpu = {name: 1e6 * median(used for _, used in turns) / number for name, turns in taken.items()}
    bare = "bare aiokafka, awaited batches of 500"
    least = "bare aiokafka, ready record batches"
    return [
        Figure(AREA, "sequencer alone, batches of 500", sequenced, "rows/s"),
        Figure(AREA, "shipper to Kafka", rate["shipper"], "events/s", rate["sent"], bare, 0.8),
        Figure(AREA, "shipper to Kafka", rate["shipper"], "events/s", rate["batches"], least),
        Figure(AREA, "shipper, CPU", cpu["shipper"], "µs/event", cpu["sent"], bare),
        Figure(AREA, "sequencer and shipper together to Kafka", rate["relay"], "events/s", rate["sent"], bare, 0.8),
    ]  # fmt: skip
