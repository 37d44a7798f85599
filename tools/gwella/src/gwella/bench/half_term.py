"""A half-term end to end: its events written into the outboxes of four services, shipped and projected, then the return
filled, validated and frozen through the gateway; for one region and for all of Wales, beside a raw COPY of the events.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from time import perf_counter
from typing import Any

import asyncpg
import psutil
from sqlalchemy import func, select

import brokerage.storage.tables
import exchange.storage.tables
import governance.storage.tables
import registry.storage.tables
import visits.storage.tables
from contracts.identifiers import new_id
from eventing.outbox import append
from gwella.bench.figures import Figure
from gwella.bench.half_term_events import CONSORTIUM, HalfTerm, Told
from gwella.bench.suites import Suite, suite
from gwella.story.clients import Clients
from service_kit.database import Database
from testkit.client import ApiClient

MIB = 1024 * 1024
BATCH = 1000
REGION = ("672", "673", "674", "675", "681")
WALES = tuple(str(code) for code in range(660, 682))
SCALES = ((REGION, 381, "one region"), (WALES, 1500, "all Wales"))
RETURN = f"2019-20.spring_1.{CONSORTIUM}"
VERSION = f"/v1/returns/{RETURN}/versions/1"
_OUTBOXES = {
    "registry": registry.storage.tables.shared.published.outbox,
    "visits": visits.storage.tables.shared.published.outbox,
    "brokerage": brokerage.storage.tables.shared.published.outbox,
    "governance": governance.storage.tables.shared.published.outbox,
}


class Peak:
    """The most memory that a process held while it was watched, in MiB."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.before = self.most = process.memory_info().rss / MIB

    @contextmanager
    def watched(self) -> Iterator["Peak"]:
        """Looks every 20 ms."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.02):
                self.most = max(self.most, self._process.memory_info().rss / MIB)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield self
        finally:
            done.set()
            watcher.join()


async def _produced(running: Suite, events: list[Told]) -> float:
    """Seconds from the first row written to the last event in the change feed."""
    databases = {
        name: Database(running.database(name).owner_url, pool_size=1) for name in (*_OUTBOXES, "exchange")
    }
    head, parked = exchange.storage.tables.changes_head, exchange.storage.tables.shared.consumed.parked
    try:
        async with databases["exchange"].transaction() as connection:
            start = int(await connection.scalar(select(head.c.position)) or 0)
        began = perf_counter()
        # Record by record, as it happens: what others need comes before what needs it, whoever publishes it.
        rows = iter(events)
        while batch := list(islice(rows, BATCH)):
            for publisher in {publisher for publisher, _ in batch}:
                async with databases[publisher].transaction() as connection:
                    await append(
                        connection, _OUTBOXES[publisher], [row for of, row in batch if of == publisher]
                    )
        async with asyncio.timeout(600):
            while True:
                async with databases["exchange"].transaction() as connection:
                    if int(await connection.scalar(select(head.c.position)) or 0) >= start + len(events):
                        break
                    if await connection.scalar(select(func.count()).select_from(parked)):
                        raise RuntimeError("the exchange parked events")
                await asyncio.sleep(0.05)
        return perf_counter() - began
    finally:
        for database in databases.values():
            await database.dispose()


async def _copied(running: Suite, events: list[Told]) -> float:
    """Seconds of a raw COPY of the same rows into an empty table without indexes."""
    url = running.database("exchange").owner_url.replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    rows = [
        (row.event_id, row.type, row.key, row.subject, row.version, row.headers, row.data)
        for _, row in events
    ]
    try:
        await connection.execute(
            "create temp table raw (event_id text, type text, key text, subject text, version bigint, headers bytea,"
            " data bytea)"
        )
        began = perf_counter()
        await connection.copy_records_to_table("raw", records=rows)
        return perf_counter() - began
    finally:
        await connection.close()


def _timed(client: ApiClient, path: str, body: Any = None) -> float:
    began = perf_counter()
    client.post(path, body)
    return perf_counter() - began


def _returned(officer: ApiClient, peak: Peak) -> dict[str, float]:
    """Seconds of each step of the return, and of a trace."""
    officer.post("/v1/returns", {"return_id": RETURN})
    with peak.watched():
        seconds = {name: _timed(officer, f"{VERSION}/{name}") for name in ("fill", "validate")}
        for finding in officer.get(VERSION)["findings"]:
            kind = "waiver" if finding["severity"] == "error" else "comment"
            said = {"rule": finding["rule"], "kind": kind, "text": "Measured."}
            if finding["authority"] is not None:
                said["authority"] = finding["authority"]
            officer.post(f"{VERSION}/remarks", said)
        officer.post(f"{VERSION}/validate")
        seconds["freeze"] = _timed(officer, f"{VERSION}/freeze")
        began = perf_counter()
        officer.get(f"{VERSION}/figures/actions.closing/trace")
        seconds["trace"] = perf_counter() - began
    return seconds


def _measured(authorities: tuple[str, ...], schools: int, what: str) -> list[Figure]:
    events = list(HalfTerm(authorities, schools))
    with suite() as running:
        clients = Clients(running.state)
        try:
            officer = clients.person("data-officer", new_id())
            produced = asyncio.run(_produced(running, events))
            copied = asyncio.run(_copied(running, events))
            peak = Peak(running.process)
            seconds = _returned(officer, peak)
        finally:
            clients.close()
    area = f"half-term of {what}"
    copy = f"a raw COPY of {len(events):,} events, ms"
    made = sum(seconds[name] for name in ("fill", "validate", "freeze"))
    return [
        Figure(area, f"{len(events):,} events of {schools:,} schools: raw COPY", 1000 * copied, "ms"),
        Figure(
            area, "produced, shipped, projected into the feed", 1000 * produced, "ms", 1000 * copied, copy
        ),
        Figure(area, "events a second", len(events) / produced, "events/s"),
        Figure(area, "return filled, validated and frozen", 1000 * made, "ms", 1000 * copied, copy),
        *(
            Figure(area, f"of that: {name}", 1000 * seconds[name], "ms")
            for name in ("fill", "validate", "freeze")
        ),
        Figure(area, "a figure traced to its records", 1000 * seconds["trace"], "ms"),
        Figure(area, "memory of the suite before the return", peak.before, "MiB"),
        Figure(area, "more while it is made", peak.most - peak.before, "MiB", expected=128, bound="at most"),
    ]


def measure() -> list[Figure]:
    """On embedded suites of their own, one for each scale."""
    return [figure for scale in SCALES for figure in _measured(*scale)]
