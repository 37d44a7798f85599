"""One way of measuring any relay from an outbox table to Kafka: ours, faststream-outbox, Debezium Server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

import psutil
from aiokafka import AIOKafkaConsumer

from eventing.outbox import OutboxRow
from gwella.bench.events_children import cpu_seconds
from gwella.bench.events_pacing import behind_rate, latencies, three, write_paced
from gwella.bench.events_servers import Ends, Servers, school_events

MIB = 1024 * 1024
Write = Callable[[Sequence[OutboxRow]], Awaitable[None]]


@dataclass(frozen=True)
class Relay:
    """A relay. `write` puts rows into its outbox in one transaction; `running` is its process, at work."""

    name: str
    topic: str
    write: Write
    running: Callable[[], AbstractAsyncContextManager[psutil.Process]]


@dataclass
class Measured:
    """Events a second, of the first rows after a start and of later ones; milliseconds from commit to topic by rate.

    `cpu`: microseconds of the relay's own CPU for an event, warm. `memory`: MiB resident at the end.
    """

    name: str
    cold: float = 0.0
    warm: list[float] = field(default_factory=list)
    cpu: float = 0.0
    memory: float = 0.0
    latency: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)


async def measured(servers: Servers, relay: Relay, rows: int, rates: Sequence[int]) -> Measured:
    """Rows that wait at the start, rows that come all at once later, then rows at steady rates."""
    found, ends = Measured(relay.name), Ends(servers.bootstrap, relay.topic)
    async with relay.running():
        await _one(relay, ends)
    before = await ends.count()
    await relay.write(school_events(rows))
    async with relay.running() as process:
        # From the first record on: how long a program takes to start is another question.
        began = await ends.reached(before + 1)
        first = await ends.count()
        found.cold = (before + rows - first) / (await ends.reached(before + rows) - began)
        computed = cpu_seconds(process)
        for _ in range(servers.sizes.turns):
            before = await ends.count()
            await relay.write(school_events(rows))
            began = time.monotonic()
            found.warm.append(rows / (await ends.reached(before + rows) - began))
        found.cpu = 1e6 * (cpu_seconds(process) - computed) / (rows * servers.sizes.turns)
        for rate in rates:
            events = school_events(rate * servers.sizes.seconds, own_keys=True)
            async with _arrivals(servers, relay.topic, len(events)) as arrived:
                committed = await write_paced(relay.write, events, rate)
                await ends.reached(before + rows + len(events))
            before += len(events)
            found.latency[rate] = three(latencies(committed, arrived))
            found.notes[rate] = behind_rate(committed, rate)
        found.memory = process.memory_info().rss / MIB
    return found


async def _one(relay: Relay, ends: Ends) -> None:
    """One event through, so that whatever a relay makes at its first start is there."""
    before = await ends.count()
    await relay.write(school_events(1))
    await ends.reached(before + 1)


@asynccontextmanager
async def _arrivals(servers: Servers, topic: str, number: int) -> AsyncIterator[dict[str, float]]:
    """When (monotonic) each key arrived on the topic from now on; complete once the block has ended."""
    arrived: dict[str, float] = {}
    client = AIOKafkaConsumer(topic, bootstrap_servers=servers.bootstrap, auto_offset_reset="latest")
    await client.start()
    await client.seek_to_end()
    for place in client.assignment():
        await client.position(place)

    async def receive() -> None:
        while len(arrived) < number:
            found = await client.getmany(timeout_ms=1000)
            at = time.monotonic()
            arrived.update({one.key.decode(): at for messages in found.values() for one in messages})

    receiving = asyncio.create_task(receive())
    try:
        yield arrived
        async with asyncio.timeout(60):
            await receiving
    finally:
        receiving.cancel()
        with suppress(asyncio.CancelledError):
            await receiving
        await client.stop()
