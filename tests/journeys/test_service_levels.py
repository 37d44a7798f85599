"""O-18, X-19: the suite measures itself, keeps what it measured, and says what it did not measure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from exchange.service import service
from exchange.usecases.measure_levels import measure_once, measuring
from service_kit.database import Database
from service_kit.journal import Actor, Journal
from service_kit.settings import Settings
from service_kit.unit_of_work import UnitOfWork
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import Suite, running

pytestmark = pytest.mark.journey
MINUTE = timedelta(minutes=1)


@asynccontextmanager
async def worker(suite: Suite) -> AsyncIterator[Database]:
    """The exchange's worker's connection, as one that was just started has it."""
    database = Database(suite.databases["exchange"].worker_url, pool_size=1)
    try:
        yield database
    finally:
        await database.dispose()


async def look(suite: Suite, database: Database, url: str | None = None) -> None:
    """One round of the exchange's task."""
    assert service.foundation is not None
    async with database.transaction() as connection:
        journal = Journal("exchange", frozenset(service.publishes), service.foundation)
        uow = UnitOfWork(connection, suite.clock, Actor("test", "test", "test"), journal)
        await measure_once(uow, url or suite.url)


async def levels(suite: Suite, code: str, language: str = "en") -> dict[str, dict[str, Any]]:
    """How an objective stands, by window."""
    answer = await suite.get("/v1/service-levels", suite.caller("lead_officer", authority="673"), language)
    assert answer.status_code == 200, answer.text
    [one] = [each for each in answer.json()["objectives"] if each["code"] == code]
    return {level["window"]: level for level in one["levels"]}


async def test_a_stopped_service_is_seen_in_the_levels_and_a_gap_is_no_success(
    migrated_database: MigratedDatabase,
) -> None:
    """Availability falls while a service is stopped; a restart keeps it; what nobody measured is shown as a gap."""
    async with running(migrated_database) as suite:
        officer = suite.caller("lead_officer", authority="673")
        nothing = (await levels(suite, "reads_available"))["hour"]
        assert (nothing["standing"], nothing["minutes_measured"]) == ("not_measured", 0)

        async with worker(suite) as database:
            suite.clock.advance(MINUTE)
            await look(suite, database)
            for _ in range(3):
                assert (await suite.get("/v1/visits", officer)).status_code == 200
            suite.clock.advance(MINUTE)
            await look(suite, database)
            well = (await levels(suite, "reads_available"))["hour"]
            assert (well["good"], well["total"], well["minutes"]) == (4, 4, 60), (
                "and the first read of the levels"
            )
            assert (well["standing"], well["budget_left_percent"]) == ("met_where_measured", "100.000")
            assert well["minutes_measured"] == 1

            await suite.stop("visits")
            for _ in range(2):
                assert (await suite.get("/v1/visits", officer)).status_code == 503
            suite.clock.advance(MINUTE)
            await look(suite, database)
        fallen = await levels(suite, "reads_available")
        hour = fallen["hour"]
        assert (hour["total"] - hour["good"], hour["standing"]) == (2, "missed")
        assert float(hour["percent"]) < 99.9
        assert float(hour["budget_left_percent"]) < 0
        assert hour["minutes_measured"] == 2

        # Another worker goes on, half an hour later: what was kept is there, what lay between is not called kept.
        await goes_on_after_a_gap(suite)
        later = await levels(suite, "reads_available", "cy")
        assert later["hour"]["total"] - later["hour"]["good"] == 2
        assert later["hour"]["standing_title"] == "Methwyd"
        assert later["calendar_month"]["total"] == later["hour"]["total"]

        suite.clock.advance(timedelta(days=20))
        after = await levels(suite, "reads_available")
        assert after["hour"]["standing"] == "not_measured"
        assert after["hour"]["percent"] is None
        assert after["thirty_days"]["total"] == later["hour"]["total"]
        assert after["calendar_month"]["total"] == 0, "another month"


async def goes_on_after_a_gap(suite: Suite) -> None:
    """A new worker, half an hour later; at its first look nobody answers."""
    async with worker(suite) as database:
        suite.clock.advance(30 * MINUTE)
        await look(suite, database, url="http://127.0.0.1:9")
        probe = (await levels(suite, "gateway_reachable"))["hour"]
        assert (probe["good"], probe["total"]) == (3, 3), "the minute under way is not counted yet"
        assert probe["minutes_measured"] == 2
        suite.clock.advance(MINUTE)
        await look(suite, database)
        probe = (await levels(suite, "gateway_reachable"))["hour"]
        assert (probe["good"], probe["total"], probe["minutes_measured"]) == (3, 4, 3)
        assert probe["standing"] == "missed"


async def test_nothing_is_measured_where_no_gateway_is_named() -> None:
    """A process that is not told where the gateway is has no such task, and then every level is `not_measured`."""
    assert measuring(Settings()) == ()
    assert [task.name for task in measuring(Settings(gateway_url="http://127.0.0.1:1"))] == [
        "measure_service_levels"
    ]
