"""Writing at a steady rate, and telling how long each event took from its commit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from eventing.outbox import OutboxRow
from gwella.bench.figures import percentile

TRANSACTIONS_A_SECOND = 200
"""At higher rates each transaction writes several events: a writer that waits for the disk measures the disk."""
WRITERS = 4
WARM_UP = 0.1
"""The part of the events, from the first, that is not counted."""


async def write_paced(
    write: Callable[[Sequence[OutboxRow]], Awaitable[None]], rows: Sequence[OutboxRow], rate: int
) -> dict[str, float]:
    """Writes rows at `rate` a second, each call of `write` one transaction; when (monotonic) each had committed.

    A transaction that is late holds up the next ones only when WRITERS of them are under way.
    """
    together = max(1, rate // TRANSACTIONS_A_SECOND)
    committed: dict[str, float] = {}
    free = asyncio.Semaphore(WRITERS)

    async def commit(batch: Sequence[OutboxRow]) -> None:
        try:
            await write(batch)
        finally:
            free.release()
        at = time.monotonic()
        committed.update({row.event_id: at for row in batch})

    began = time.monotonic()
    async with asyncio.TaskGroup() as writing:
        for number in range(0, len(rows), together):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            await free.acquire()
            writing.create_task(commit(rows[number : number + together]))
    return committed


def latencies(committed: Mapping[str, float], arrived: Mapping[str, float]) -> list[float]:
    """Milliseconds from commit to arrival, without those of the warming up. Raises KeyError for one that never came."""
    ordered = sorted(committed, key=committed.__getitem__)
    return [max(0.0, 1000 * (arrived[i] - committed[i])) for i in ordered[int(len(ordered) * WARM_UP) :]]


def behind_rate(committed: Mapping[str, float], rate: int) -> str:
    """What to note beside figures whose writer did not keep the rate; empty when it did."""
    taken = max(committed.values()) - min(committed.values())
    reached = len(committed) / taken if taken else rate
    return "" if reached >= 0.95 * rate else f"the writer reached {reached:,.0f}/s only"


def three(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p99 and p99.9."""
    known = list(values)
    return percentile(known, 50), percentile(known, 99), percentile(known, 99.9)
