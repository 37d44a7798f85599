"""The list of 1,616 schools: previewed and applied as jobs, beside a raw COPY of the same rows."""

import asyncio
from datetime import datetime
from time import perf_counter
from typing import Any

import asyncpg

from gwella.bench.figures import Figure
from gwella.bench.suites import Suite, suite
from gwella.story import sources
from gwella.story.clients import Clients
from testkit.client import ApiClient

REPEATS = 3


async def _copy(running: Suite, rows: list[tuple[Any, ...]]) -> float:
    """Seconds of the best of several COPYs into an empty table without indexes."""
    url = running.database("registry").owner_url.replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "create temp table raw (number text, name text, authority text, address text)"
        )
        best = float("inf")
        for _ in range(REPEATS):
            began = perf_counter()
            await connection.copy_records_to_table("raw", records=rows)
            best = min(best, perf_counter() - began)
        return best
    finally:
        await connection.close()


def _seconds(client: ApiClient, job_id: str) -> float:
    job = client.finished_job(f"/v1/jobs/{job_id}")
    if job["state"] != "succeeded":
        raise RuntimeError(f"the job ended as {job['state']}")
    started, finished = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


def measure() -> list[Figure]:
    """On an embedded suite of its own, with an empty register."""
    with suite() as running:
        operator = Clients(running.state).machine("operator")
        operator.post("/v1/authorities", {"authorities": sources.authorities()})
        media_type = "application/vnd.oasis.opendocument.spreadsheet"
        content = sources.content(sources.ADDRESS_LIST)
        sent = operator.upload("/v1/school-lists", content, media_type, list_date=sources.LIST_DATE)
        previewed = _seconds(operator, sent["job_id"])
        applied = _seconds(operator, operator.post(f"/v1/school-lists/{sent['id']}/application")["job_id"])
        again = operator.upload("/v1/school-lists", content, media_type, list_date=sources.LIST_DATE)
        repeated = _seconds(operator, again["job_id"])
        schools = list(operator.pages("/v1/schools", limit=200))
        rows = [(s["school_number"], s["name"], s["authority"], " ".join(s["address"])) for s in schools]
        copied = asyncio.run(_copy(running, rows))
    area = f"list of {len(rows)} schools"
    return [
        Figure(area, "raw COPY of the rows", copied, "s"),
        Figure(area, "previewed against an empty register", previewed, "s", expected=1, bound="at most"),
        Figure(area, "applied: slices, events, audit", applied, "s", expected=1, bound="at most"),
        Figure(area, "previewed again, nothing to change", repeated, "s", expected=1, bound="at most"),
        Figure(area, "applied, over the COPY", applied / copied, "times"),
    ]
