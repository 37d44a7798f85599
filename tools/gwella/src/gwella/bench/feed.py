"""From a commit in the registry's database to the entry in a client's hands, through everything in between.

The event is one to which no other service reacts: measured is the way to the feed, not what visits or brokerage do.
Writer and follower share the machine with the suite, so they are made to cost little: rows are prepared beforehand,
the client is aiohttp, an answer is read by the fastest parser there is.
"""

import asyncio
from time import perf_counter

import aiohttp
import orjson

from contracts.events.registry import ListApplied
from contracts.identifiers import new_id
from eventing.envelope import envelope_of
from eventing.outbox import OutboxRow, append
from gwella.bench.figures import Figure, percentile
from gwella.bench.suites import Suite, suite
from registry.storage.tables import shared
from service_kit.clock import SystemClock
from service_kit.database import Database

SECONDS = 8
WARM_UP = 2
RATES = {200: 1, 1000: 5}
"""Events a second, and how many of them each transaction writes: a writer that outruns fsync measures nothing."""


def _rows(number: int) -> list[OutboxRow]:
    event, now = ListApplied.model_validate(ListApplied.EXAMPLE), SystemClock().now()
    return [
        OutboxRow.of(
            envelope_of(
                event, event_id=new_id(), key=new_id(), version=1, subject="/school-lists/bench", time=now,
                recorded_time=now,
            )
        )
        for _ in range(number)
    ]  # fmt: skip


async def _write(database: Database, rate: int, together: int, committed: dict[str, float]) -> None:
    rows = _rows(rate * SECONDS)
    began = perf_counter()
    for number in range(0, len(rows), together):
        await asyncio.sleep(max(0.0, began + number / rate - perf_counter()))
        batch = rows[number : number + together]
        async with database.transaction() as connection:
            await append(connection, shared.published.outbox, batch)
        at = perf_counter()
        committed.update({row.event_id: at for row in batch})


async def _follow(running: Suite, token: str, after: int, arrived: dict[str, float]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(running.state["gateway"], headers=headers) as client:
        while True:
            async with client.get(f"/v1/changes?after={after}&limit=1000&wait=5") as answer:
                body = await answer.read()
                at = perf_counter()
                answer.raise_for_status()
            page = orjson.loads(body)
            arrived.update({item["event_id"]: at for item in page["items"]})
            after = page["next_after"]


async def _latencies(running: Suite, token: str, rate: int, together: int) -> list[float]:
    with running.client("operator") as client:
        after = client.get("/v1/changes", params={"limit": 1}).raise_for_status().json()["safe_until"]
    committed: dict[str, float] = {}
    arrived: dict[str, float] = {}
    database = Database(running.database("registry").owner_url, pool_size=2)
    following = asyncio.create_task(_follow(running, token, after, arrived))
    try:
        await _write(database, rate, together, committed)
        async with asyncio.timeout(60):
            while len(arrived.keys() & committed.keys()) < len(committed):
                if following.done():
                    following.result()
                await asyncio.sleep(0.05)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await database.dispose()
    ordered = sorted(committed, key=committed.__getitem__)
    return [1000 * (arrived[i] - committed[i]) for i in ordered[WARM_UP * rate :]]


def measure(*, kafka: bool) -> list[Figure]:
    """Latencies at each rate on one suite, embedded or on a real Kafka with a process per service."""
    area = "change feed, Kafka" if kafka else "change feed, embedded"
    figures = []
    with suite(*(["--kafka"] if kafka else [])) as running:
        token = running.token("operator")
        for rate, together in RATES.items():
            latencies = asyncio.run(_latencies(running, token, rate, together))
            figures += [
                Figure(area, f"commit to client at {rate}/s, p50", percentile(latencies, 50), "ms"),
                Figure(
                    area, f"commit to client at {rate}/s, p99", percentile(latencies, 99), "ms",
                    expected=100 if kafka else 30, bound="at most",
                ),
            ]  # fmt: skip
    return figures
