"""Measures the service levels: looks at the gateway, gathers its counts, looks at what reached the feed.

A clock task of the exchange's worker, some seconds apart, so that what is measured lies in its database and outlives
every process. While this worker is down nothing is measured, and the windows say so.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pydantic import ValidationError

from contracts.measurements import Measurements, minute_of
from exchange.storage import service_levels as storage
from exchange.storage.change_log import head
from exchange.storage.service_levels import OBSERVED, Count
from service_kit.clock_tasks import ClockTask
from service_kit.http_client import UpstreamError, fetch
from service_kit.settings import Settings
from service_kit.unit_of_work import UnitOfWork

LOOK_SECONDS: Final = 2.0
KEPT_DAYS: Final = 62
"""Two calendar months at the most; no window is longer."""
PAUSE: Final = timedelta(minutes=2)
"""After a longer pause the minutes between were not measured."""
PROBE: Final = "gateway.reachable"

_log = structlog.get_logger(__name__)


def measuring(settings: Settings) -> tuple[ClockTask, ...]:
    """The task, where the process is told the gateway's address; else nothing is measured, and every answer says so."""
    url = settings.gateway_url
    if url is None:
        return ()
    # A shifted clock makes the age of an entry mean nothing.
    feed = settings.sandbox_clock is None

    async def measure(uow: UnitOfWork) -> int:
        await measure_once(uow, url, feed=feed)
        return 0  # nobody waits for it: the next look is at the quiet pace

    return (ClockTask("measure_service_levels", measure),)


async def measure_once(uow: UnitOfWork, gateway_url: str, *, feed: bool = True) -> None:
    """One look. A gateway that does not answer is counted as such and is no error."""
    now = uow.clock.system_now()
    told = await _look(gateway_url)
    found = list(_counts(told)) if told is not None else []
    await storage.keep(uow.connection, found)
    looked = Count(minute_of(now), PROBE, "probe", int(told is not None), 1)
    await storage.keep(uow.connection, [looked], adding=True)
    await _observe(uow, "probe", now, 0)
    if feed:
        await _measure_feed(uow, now)
    await storage.forget(uow.connection, now - timedelta(days=KEPT_DAYS))


async def _look(gateway_url: str) -> Measurements | None:
    try:
        status, body = await fetch(f"{gateway_url}/measurements", total=LOOK_SECONDS)
        return Measurements.model_validate_json(body) if status == 200 else None
    except (UpstreamError, ValidationError) as error:
        _log.warning("gateway_not_measured", error_type=type(error).__name__)
        return None


def _counts(told: Measurements) -> Iterator[Count]:
    for one in told.counts:
        total, source = one.answered + one.failed, told.copy_id
        yield Count(one.minute, f"{one.request_class}.available", source, one.answered, total)
        for bound, good in one.within.items():
            yield Count(one.minute, f"{one.request_class}.within_{bound}", source, good, one.answered)
    minute = told.since.astimezone(UTC)
    while minute < told.until:
        yield Count(minute, f"{OBSERVED}requests", "gateway", 1, 1)
        minute += timedelta(minutes=1)


async def _measure_feed(uow: UnitOfWork, now: datetime) -> None:
    until = await head(uow.connection)
    before = await storage.marked(uow.connection, "feed")
    # What the feed held before the first look came at times that nobody watched.
    after = until if before is None else before[0]
    seconds = sorted(
        one.measure.removeprefix("feed.within_")
        for one in storage.objectives()
        if one.measure.startswith("feed.within_")
    )
    found = await storage.feed_entries(uow.connection, after, until, seconds)
    await storage.keep(uow.connection, found, adding=True)
    await _observe(uow, "feed", now, until)


async def _observe(uow: UnitOfWork, name: str, now: datetime, position: int) -> None:
    """Every minute that lies whole between this look and the one before was measured, unless the pause was long."""
    before = await storage.marked(uow.connection, name)
    if before is not None and now - before[1] <= PAUSE:
        minute, whole = minute_of(before[1]), []
        while minute < minute_of(now):
            whole.append(Count(minute, f"{OBSERVED}{name}", name, 1, 1))
            minute += timedelta(minutes=1)
        await storage.keep(uow.connection, whole)
    await storage.mark(uow.connection, name, position, now)
