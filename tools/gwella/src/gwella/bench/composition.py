"""A composed profile beside one read that is passed through, and the statements that each reading endpoint sends.

All services run in this process, so a composition pays here for the work of all of them on one core: its ratio to the
sum of its parts says what composing costs, not the ratio to one of them.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx
import structlog
from rich.console import Console
from rich.table import Table

from gwella.bench.figures import Figure, percentile
from testkit.fixtures import TestPostgres
from testkit.postgres import start_postgres
from testkit.statement_counts import StatementCount, counted
from testkit.whole_suite import SCHOOL, Suite, running, told

REQUESTS = 150
WARM_UP = 15
PROFILE = f"/v1/schools/{SCHOOL}/profile"
AREA = "composition"


async def _timed(client: httpx.AsyncClient, path: str, status: int = 200, **headers: str) -> list[float]:
    """Milliseconds of each request, one after the other."""
    found = []
    for turn in range(REQUESTS + WARM_UP):
        began = perf_counter()
        answer = await client.get(path, headers=headers)
        if answer.status_code != status:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        if turn >= WARM_UP:
            found.append((perf_counter() - began) * 1000)
    return found


async def _parts(client: httpx.AsyncClient, links: Sequence[str]) -> list[float]:
    """Milliseconds of reading the same resources one after the other, as a client would without the composition."""
    found = []
    for _ in range(REQUESTS // 10):
        began = perf_counter()
        for link in links:
            await client.get(link)
        found.append((perf_counter() - began) * 1000)
    return found


async def _measured(suite: Suite) -> tuple[dict[str, list[float]], list[StatementCount]]:
    await told(suite)
    caller = suite.caller("authority_system", authority="673")
    await suite.until(f"/v1/school-versions/{SCHOOL}", caller, lambda told: told["settled"])
    async with httpx.AsyncClient(base_url=suite.url, headers=caller, timeout=30) as client:
        profile = await client.get(PROFILE)
        links = [section["link"] for section in profile.json()["sections"].values()]
        times = {
            "one": await _timed(client, f"/v1/schools/{SCHOOL}"),
            "profile": await _timed(client, PROFILE),
            "unchanged": await _timed(client, PROFILE, 304, **{"If-None-Match": profile.headers["etag"]}),
            "parts": await _parts(client, links),
        }
    return times, await counted(suite)


async def _all() -> tuple[dict[str, list[float]], list[StatementCount]]:
    with TemporaryDirectory(prefix="gwella-bench-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder), throwaway=True)
        try:
            databases = TestPostgres(server.superuser_url)
            # The client's rate is not what is measured.
            async with running(databases.migrated, requests_per_minute=1_000_000) as suite:
                return await _measured(suite)
        finally:
            server.stop()


def _printed(counts: Sequence[StatementCount]) -> None:
    table = Table("service", "endpoint", "as", "status", "statements", title="Statements of each read")
    for one in sorted(counts, key=lambda one: (-one.statements, one.service, one.path)):
        table.add_row(one.service, one.path, one.role, str(one.status), str(one.statements))
    Console(stderr=True, width=140).print(table)


def measure() -> list[Figure]:
    """On services of its own, with a small region. Prints the table of statements beside."""
    # A line for each of thousands of requests would bury the figures, and cost as much as they do.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    times, counts = asyncio.run(_all())
    _printed(counts)
    p50 = {name: percentile(found, 50) for name, found in times.items()}
    statements = [one.statements for one in counts]
    return [
        Figure(AREA, "one school passed through, p50", p50["one"], "ms"),
        Figure(AREA, "one school passed through, p99", percentile(times["one"], 99), "ms"),
        Figure(AREA, "profile, p50", p50["profile"], "ms", p50["one"], "one school"),
        Figure(AREA, "profile, p99", percentile(times["profile"], 99), "ms"),
        Figure(
            AREA, "profile, p50, over its parts in turn", p50["profile"], "ms", p50["parts"], "the parts", 1.0,
            "at most",
        ),
        Figure(AREA, "profile unchanged (304), p50", p50["unchanged"], "ms", p50["profile"], "profile", 0.5, "at most"),
        Figure(AREA, "reading endpoints", len(counts), ""),
        Figure(AREA, "statements of a read, most", max(statements), ""),
        Figure(AREA, "statements of a read, mean", sum(statements) / len(statements), ""),
    ]  # fmt: skip
