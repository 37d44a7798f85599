"""The unit of work on a real PostgreSQL: versions, two times, exclusion, and what a write leaves (O-09, E-06)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from sqlalchemy import Column, Text, func, select, text
from sqlalchemy.exc import IntegrityError

from contracts.events.registry import AdviserAllocated, SchoolRegistered
from service_kit.audit.tables import chain_function
from service_kit.clock import FixedClock
from service_kit.database import Database, new_metadata
from service_kit.foundation import Foundation, foundation
from service_kit.journal import Actor, Journal
from service_kit.problems import ProblemError
from service_kit.records import Record, Write, shown
from service_kit.unit_of_work import UnitOfWork
from testkit.fixtures import FreshDatabase
from testkit.statements import statements_of

metadata = new_metadata()
shared: Foundation = foundation(metadata)
allocations = Record(
    "allocation",
    "allocations",
    metadata,
    [Column("person_id", Text, nullable=False), Column("school_number", Text, nullable=False)],
    alone=["school_number"],
)
START = datetime(2020, 1, 6, 9, tzinfo=UTC)


@dataclass
class Bench:
    """A database with one kind of record, and a clock to move."""

    database: Database
    clock: FixedClock

    def unit(
        self, connection: object, publishes: frozenset[type] = frozenset({AdviserAllocated})
    ) -> UnitOfWork:
        """A unit of work on a connection."""
        journal = Journal("registry", publishes, shared)  # type: ignore[arg-type]
        actor = Actor("tester", "tests", "request-1")
        return UnitOfWork(connection, self.clock, actor, journal)  # type: ignore[arg-type]


@pytest.fixture
async def bench(fresh_database: FreshDatabase) -> AsyncIterator[Bench]:
    """An empty database with the tables."""
    database = Database(fresh_database("registry").owner_url)
    async with database.transaction() as connection:
        await connection.execute(text('create type textrange as range (subtype = text, collation = "C")'))
        for statement in chain_function():
            await connection.execute(statement)
        await connection.run_sync(metadata.create_all)
    yield Bench(database, FixedClock(START))
    await database.dispose()


def allocate(
    id_: str, school: str, person: str, start: date | None, end: date | None = None, *, create: bool = True,
    version: int | None = None,
) -> Write:  # fmt: skip
    """One allocation as a write."""
    told = AdviserAllocated(person_id=person, school_number=school, valid_from=start, valid_to=end)
    values = {"person_id": person, "school_number": school}
    return Write(
        id_, f"/adviser-allocations/{id_}", values, told, start, end, create=create, expected_version=version
    )


async def test_a_write_leaves_version_slice_event_and_audit(bench: Bench) -> None:
    """E-06, O-06: head, slice, outbox row and audit entry come in one transaction."""
    async with bench.database.transaction() as connection:
        (written,) = await bench.unit(connection).write(
            allocations, [allocate("a1", "6732118", "p1", date(2020, 1, 6))]
        )
    assert (written.version, written.known_at, written.before) == (1, START, None)
    async with bench.database.transaction() as connection:
        rows = (await connection.execute(shown(allocations, date(2020, 2, 1), None))).mappings().all()
        outbox = (await connection.execute(select(shared.published.outbox))).mappings().all()
        audited = await connection.scalar(select(func.count()).select_from(shared.audit.outbox))
    assert [(r["id"], r["person_id"], r["shown_version"]) for r in rows] == [("a1", "p1", 1)]
    assert [(r["key"], r["version"], orjson.loads(r["data"])["person_id"]) for r in outbox] == [
        ("a1", 1, "p1")
    ]
    assert audited == 1


async def test_a_change_for_some_days_keeps_the_others_and_the_past_knowledge(bench: Bench) -> None:
    """X-12: what held on a day and what was known at a moment can both be asked for afterwards."""
    async with bench.database.transaction() as connection:
        await bench.unit(connection).write(allocations, [allocate("a1", "6732118", "p1", date(2020, 1, 1))])
    bench.clock.advance(timedelta(hours=1))
    february, march = date(2020, 2, 1), date(2020, 3, 1)
    async with bench.database.transaction() as connection:
        (written,) = await bench.unit(connection).write(
            allocations, [allocate("a1", "6732118", "p2", february, march, create=False, version=1)]
        )
    assert written.version == 2
    assert written.before is not None
    assert written.before["person_id"] == "p1"

    async def person(day: date, known: datetime | None) -> str | None:
        async with bench.database.transaction() as connection:
            row = (await connection.execute(shown(allocations, day, known))).mappings().one_or_none()
            return None if row is None else str(row["person_id"])

    assert await person(date(2020, 1, 15), None) == "p1"
    assert await person(date(2020, 2, 15), None) == "p2"
    assert await person(march, None) == "p1"
    assert await person(date(2020, 2, 15), START + timedelta(minutes=30)) == "p1"
    assert await person(date(2019, 12, 31), None) is None


async def test_known_time_rises_although_the_clock_goes_back(bench: Bench) -> None:
    """O-09: known time is strictly increasing per aggregate, whatever the clock does."""
    async with bench.database.transaction() as connection:
        (first,) = await bench.unit(connection).write(
            allocations, [allocate("a1", "6732118", "p1", date(2020, 1, 1))]
        )
    bench.clock.advance(timedelta(hours=-3))
    async with bench.database.transaction() as connection:
        (second,) = await bench.unit(connection).write(
            allocations, [allocate("a1", "6732118", "p2", date(2020, 1, 1), create=False)]
        )
    assert second.known_at > first.known_at


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (allocate("a1", "6732118", "p9", None), "already_exists"),
        (allocate("a9", "6732118", "p9", None, create=False), "not_found"),
        (allocate("a1", "6732118", "p9", None, create=False, version=7), "precondition_failed"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_changes(
    bench: Bench, write: Write, code: str
) -> None:
    """C-10: a stale version, a missing or a doubled aggregate changes nothing and tells nobody."""
    async with bench.database.transaction() as connection:
        await bench.unit(connection).write(allocations, [allocate("a1", "6732118", "p1", date(2020, 1, 1))])
    with pytest.raises(ProblemError) as refused:
        async with bench.database.transaction() as connection:
            await bench.unit(connection).write(allocations, [write])
    assert refused.value.code == code
    async with bench.database.transaction() as connection:
        assert await connection.scalar(select(func.count()).select_from(shared.published.outbox)) == 1


async def test_the_database_refuses_two_for_one_school_and_day(bench: Bench) -> None:
    """S0-08: at most one lead adviser per school and day, whoever asks at the same time."""
    async with bench.database.transaction() as connection:
        first = allocate("a1", "6732118", "p1", date(2020, 1, 1), date(2020, 9, 1))
        await bench.unit(connection).write(allocations, [first])
    with pytest.raises(IntegrityError) as refused:
        async with bench.database.transaction() as connection:
            await bench.unit(connection).write(
                allocations, [allocate("a2", "6732118", "p2", date(2020, 8, 31))]
            )
    assert "one_allocation_slices_per_school_number_and_day" in str(refused.value)
    async with bench.database.transaction() as connection:
        await bench.unit(connection).write(allocations, [allocate("a3", "6732118", "p3", date(2020, 9, 1))])


async def test_an_event_that_is_not_registered_cannot_be_emitted(bench: Bench) -> None:
    """E-08: a service publishes what its index names and nothing else."""
    with pytest.raises(ValueError, match="does not publish"):
        async with bench.database.transaction() as connection:
            unit = bench.unit(connection, frozenset({SchoolRegistered}))
            await unit.write(allocations, [allocate("a1", "6732118", "p1", None)])


async def test_many_writes_cost_as_many_statements_as_one(bench: Bench) -> None:
    """Gate: 1,616 writes in one call take as many statements as a single one."""
    counts = []
    for number in (1, 1616):
        with statements_of(bench.database.engine) as statements:
            async with bench.database.transaction() as connection:
                writes = [
                    allocate(f"n{number}-{n}", f"{6000000 + number * 2000 + n}", "p1", date(2020, 1, 1))
                    for n in range(number)
                ]
                await bench.unit(connection).write(allocations, writes)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
