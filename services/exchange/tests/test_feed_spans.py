"""A page of the feed costs what it shows, not what follows it, also for who is shown little of a long log (E-01)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from feeding import migrated_exchange
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.raw import driver_of
from exchange.storage import change_log
from exchange.storage.tables import changes, changes_head
from service_kit.database import Database
from testkit.fixtures import MigratedDatabase

LOG = 40_000
FILL = text("""
insert into changes (position, event_id, type, aggregate, key, subject, version, change, data_class, school, time, data)
select n, 'event-' || n, 'cymru.gwella.registry.school.details_changed.v1', 'registry.school', school,
  '/schools/' || school, n, 'upsert', 'public', school, clock_timestamp(), '{}'
from (select n, (case when n % 10000 = 0 then 6730000 else 6810000 + n % 500 end)::text as school
      from generate_series(1, cast(:rows as integer)) as n) as told
""")
FEW = [changes.c.subject == "/schools/6730000"]
"""Four entries of the log."""


@pytest.fixture
async def long_log(migrated_database: MigratedDatabase) -> AsyncIterator[AsyncConnection]:
    """Of which one caller is shown everything, and another four entries."""
    database = Database(migrated_database("exchange", migrated_exchange).worker_url)
    async with database.transaction() as connection:
        await connection.execute(FILL, {"rows": LOG})
        await connection.execute(update(changes_head).values(position=LOG))
        yield connection
    await database.dispose()


async def looked_at(connection: AsyncConnection, conditions: list[Any], span: int, limit: int = 100) -> int:
    """How many entries PostgreSQL looks at for one look from the beginning."""
    sql, *values = change_log.reading(conditions).with_(after=0, until=span, limit=limit)
    [row] = await (await driver_of(connection)).fetch(f"explain (analyze, format json) {sql}", *values)
    scans: list[int] = []

    def walk(node: dict[str, Any]) -> None:
        if node.get("Relation Name") == "changes":
            scans.append(int(node["Actual Rows"]) + int(node.get("Rows Removed by Filter", 0)))
        for below in node.get("Plans", []):
            walk(below)

    walk(row[0][0]["Plan"])
    return sum(scans)


async def test_a_look_is_bounded_by_its_span(long_log: AsyncConnection) -> None:
    """The mutant, whose span is the whole log, looks at all of it for a page of nothing."""
    first = change_log.spans(100)[0]
    assert first < LOG / 50
    for conditions in ([], FEW):
        assert await looked_at(long_log, conditions, first) <= first
    assert await looked_at(long_log, FEW, LOG) > LOG / 2


@pytest.mark.parametrize(("limit", "partitions"), [(1, 1), (100, 1), (1000, 1), (1000, 64)])
async def test_who_is_shown_little_goes_on_all_the_same(
    long_log: AsyncConnection, limit: int, partitions: int
) -> None:
    """Each page moves on and has at most four looks; together they show every entry once."""
    statement, looks = change_log.reading(FEW), change_log.spans(limit, partitions)
    assert len(looks) == 4
    after, seen, pages = 0, [], 0
    while after < LOG:
        page = await change_log.read_on(long_log, after, limit, statement, looks)
        assert after < page.next_after <= min(after + sum(looks), LOG)
        assert page.safe_until == LOG
        seen += [row["position"] for row in page.rows]
        after, pages = page.next_after, pages + 1
    assert seen == [10_000, 20_000, 30_000, 40_000]
    assert pages <= LOG // sum(looks) + 1 + len(seen)


async def test_who_is_shown_everything_has_full_pages_in_one_look(long_log: AsyncConnection) -> None:
    """The first look of a page is as long as the page."""
    for limit in (1, 200, 1000):
        first = change_log.spans(limit)[0]
        page = await change_log.read(long_log, 500, limit, change_log.reading([]), first)
        assert (len(page.rows), page.next_after) == (limit, 500 + limit)
