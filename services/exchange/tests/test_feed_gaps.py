"""Nothing comes to stand behind a reader of the feed, however long a writer takes to commit (E-05).

Several transactions take in events at once and commit in another order than they began; the reader keeps `next_after`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from feeding import migrated_exchange, school
from sqlalchemy import select

from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of
from exchange.storage.change_log import append_changes
from exchange.storage.tables import changes_outbox
from service_kit.clock import SystemClock
from service_kit.database import Database
from testkit.fixtures import MigratedDatabase

Look = Callable[[int], Awaitable[tuple[list[str], int]]]
"""What a reader is shown behind a position: ids of events, and the position to keep."""


@dataclass
class Reader:
    """Keeps what it was shown and where to go on."""

    look: Look
    after: int = 0
    seen: list[str] = field(default_factory=list)

    async def read(self) -> None:
        shown, self.after = await self.look(self.after)
        self.seen += shown


def envelope(number: str) -> Envelope:
    """A school, as the register told of it."""
    now = SystemClock().now()
    return envelope_of(
        school(number), event_id=new_id(), key=number, version=1, subject=f"/schools/{number}", time=now,
        recorded_time=now,
    )  # fmt: skip


async def told_in_odd_order(worker: Database, random: Random, reader: Reader) -> list[str]:
    """Writers that overlap: each appends, some wait, all commit; the reader looks in between. Ids of all events."""
    ids: list[str] = []
    for _ in range(4):
        async with AsyncExitStack() as late:
            for writer in range(4):
                number = f"673{random.randrange(1000):04d}"
                envelopes = [envelope(number) for _ in range(random.randrange(1, 4))]
                ids += [one.id for one in envelopes]
                if writer % 2 == 0:
                    # It has its numbers of the outbox, and commits after those that come later.
                    connection = await late.enter_async_context(worker.transaction())
                    await append_changes(connection, envelopes)
                else:
                    async with worker.transaction() as connection:
                        await append_changes(connection, envelopes)
                await asyncio.sleep(random.choice((0, 0.1)))
                await reader.read()
        await reader.read()
    return ids


def faults(told: list[str], seen: list[str]) -> set[str]:
    """What the reader missed or was shown twice."""
    found = {"lost"} if set(told) - set(seen) else set()
    return found | ({"doubled"} if len(set(seen)) < len(seen) else set())


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_reader_of_the_feed_misses_nothing(exchange: Any, seed: int) -> None:
    """E-05: whichever transaction commits last."""

    async def look(after: int) -> tuple[list[str], int]:
        page = await exchange.changes("operator", after=after, wait=0, limit=1000)
        return [entry["event_id"] for entry in page["items"]], page["next_after"]

    reader = Reader(look)
    told = await told_in_odd_order(exchange.worker, Random(seed), reader)
    await exchange.settled()
    await reader.read()
    assert faults(told, reader.seen) == set()


async def test_a_mutant_that_reads_by_the_number_drawn_is_found(migrated_database: MigratedDatabase) -> None:
    """Without the sequencer: what draws its number first and commits last stands behind the reader for ever."""
    worker = Database(migrated_database("exchange", migrated_exchange).worker_url)
    number = changes_outbox.c.seq

    async def look(after: int) -> tuple[list[str], int]:
        async with worker.transaction() as connection:
            query = select(number, changes_outbox.c.event_id).where(number > after).order_by(number)
            rows = (await connection.execute(query)).all()
        return [row.event_id for row in rows], rows[-1].seq if rows else after

    reader = Reader(look)
    told = await told_in_odd_order(worker, Random(1), reader)
    await reader.read()
    assert faults(told, reader.seen) == {"lost"}
    await worker.dispose()
