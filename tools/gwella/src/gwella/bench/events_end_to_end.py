"""From the commit of the publisher's transaction to the commit of the effect in the consumer's projection.

Writer, relay, broker, database and consumer are processes of their own, as in a deployment; all clocks are one.
"""

import asyncio
import json
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import func, select

from eventing.outbox import OutboxRow, append
from gwella.bench.events_children import working
from gwella.bench.events_pacing import behind_rate, latencies, three, write_paced
from gwella.bench.events_process import Task
from gwella.bench.events_servers import PATIENCE_SECONDS, Servers, Stored, school_events
from gwella.bench.figures import Figure

AREA = "events: end to end"


async def consumed(stored: Stored, number: int) -> None:
    """Waits until so many events are in the inbox. Raises TimeoutError."""
    counting = select(func.count()).select_from(stored.consumed.inbox)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with stored.database.transaction() as connection:
                if await connection.scalar(counting) == number:
                    return
            await asyncio.sleep(0.2)


async def _at(servers: Servers, rate: int) -> list[Figure]:
    stamps = servers.folder / f"{uuid4()}.json"
    topic = await servers.topic("journey")
    async with servers.stored() as publisher, servers.stored() as consumer:

        async def write(batch: Sequence[OutboxRow]) -> None:
            async with publisher.database.transaction() as connection:
                await append(connection, publisher.published.outbox, batch)

        relay = Task("relay", publisher.address.owner_url, servers.bootstrap, topic)
        reader = Task("consumer", consumer.address.owner_url, servers.bootstrap, topic, str(stamps))
        rows = school_events(rate * servers.sizes.seconds, own_keys=True)
        async with working(relay), working(reader):
            await write(school_events(1, own_keys=True))
            await consumed(consumer, 1)
            committed = await write_paced(write, rows, rate)
            await consumed(consumer, len(rows) + 1)
    arrived = {i: at for at, ids in json.loads(stamps.read_text(encoding="utf-8")) for i in ids}
    names = ("p50", "p99", "p99.9")
    note = behind_rate(committed, rate)
    return [
        Figure(AREA, f"commit to effect at {rate:,}/s, {name}", value, "ms", note=note)
        for name, value in zip(names, three(latencies(committed, arrived)), strict=True)
    ]


async def measure(servers: Servers) -> list[Figure]:
    """Every rate on databases and a topic of its own."""
    return [figure for rate in servers.sizes.rates for figure in await _at(servers, rate)]
