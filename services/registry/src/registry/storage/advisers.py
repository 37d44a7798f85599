"""SQL of lead advisers: which allocations a new one would overlap, and what the gap report is made from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Date, Text, and_, column, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, Range
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TableValuedAlias

from registry.domain.advisers import Allocation, AuthorityRegime, Gap, SchoolFact
from registry.domain.day_range import DayRange
from registry.storage.tables import adviser_allocations, regimes, schools
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from service_kit.records import Record, as_of

ALLOCATIONS = adviser_allocations.slices.c


def days_of(valid: Range[date]) -> DayRange:
    """The range of days of a slice."""
    return DayRange(valid.lower, valid.upper)


async def allocations_of(connection: AsyncConnection, school_number: str, days: DayRange) -> list[Allocation]:
    """The allocations of a school that share a day with `days`, as known now, by their first day."""
    query = (
        select(ALLOCATIONS.id, ALLOCATIONS.school_number, ALLOCATIONS.person_id, ALLOCATIONS.valid)
        .where(ALLOCATIONS.school_number == school_number, *_within(adviser_allocations, days))
        .order_by(func.lower(ALLOCATIONS.valid))
    )
    return [
        Allocation(row.id, row.school_number, row.person_id, days_of(row.valid))
        for row in await connection.execute(query)
    ]


async def facts_for_gaps(
    connection: AsyncConnection, scope: RowScope, days: DayRange, authority: str | None = None
) -> tuple[Sequence[SchoolFact], Sequence[Allocation]]:
    """What `domain.advisers.gaps` needs for these days, of the schools (of one authority) that the caller may know."""
    place = schools.slices.c
    covered = row_predicate(scope, authority=place.authority, school=place.school_number)
    if authority is not None:
        covered = and_(covered, place.authority == authority)
    facts = await connection.execute(
        select(place.school_number, place.authority, place.sector, place.status, place.valid).where(
            *_within(schools, days), covered
        )
    )
    allocated = await connection.execute(
        select(ALLOCATIONS.id, ALLOCATIONS.school_number, ALLOCATIONS.person_id, ALLOCATIONS.valid).where(
            *_within(adviser_allocations, days)
        )
    )
    return (
        [SchoolFact(r.school_number, r.authority, r.sector, r.status, days_of(r.valid)) for r in facts],
        [Allocation(r.id, r.school_number, r.person_id, days_of(r.valid)) for r in allocated],
    )


async def regimes_within(connection: AsyncConnection, days: DayRange) -> Sequence[AuthorityRegime]:
    """Which authority works under which regime on these days, as far as the caller may know."""
    regime = regimes.slices.c
    query = select(regime.authority, regime.regime, regime.valid).where(*_within(regimes, days))
    return [AuthorityRegime(r.authority, r.regime, days_of(r.valid)) for r in await connection.execute(query)]


def gaps_table(found: Iterable[Gap]) -> TableValuedAlias:
    """Gaps as a table of the query, so that they are paged as every list is."""
    return _table(
        ("school_number", "authority"),
        [
            {"school_number": gap.school_number, "authority": gap.authority, **_ends(gap.days)}
            for gap in found
        ],
    )


def closed_table(found: Iterable[Allocation], authorities: Mapping[str, str]) -> TableValuedAlias:
    """Allocations that outlive their school as a table of the query; `authorities` by school number."""
    return _table(
        ("id", "school_number", "authority", "person_id"),
        [
            {
                "id": held.id, "school_number": held.school_number, "person_id": held.person_id,
                "authority": authorities[held.school_number], **_ends(held.days),
            }
            for held in found
        ],
    )  # fmt: skip


def _table(texts: Sequence[str], rows: Sequence[Mapping[str, str | None]]) -> TableValuedAlias:
    columns = [column(name, Text) for name in texts] + [column("valid_from", Date), column("valid_to", Date)]
    listed = func.jsonb_to_recordset(literal(rows, JSONB)).table_valued(*columns, name="listed")
    return listed.render_derived(with_types=True)


def _ends(days: DayRange) -> dict[str, str | None]:
    return {
        "valid_from": days.start.isoformat() if days.start is not None else None,
        "valid_to": days.end.isoformat() if days.end is not None else None,
    }


def _within(record: Record, days: DayRange) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    slices = record.slices.c
    return func.upper_inf(slices.known), slices.valid.overlaps(Range(days.start, days.end))


async def scope_of_school(
    connection: AsyncConnection, school_number: str, day: date
) -> tuple[Sequence[SchoolFact], Sequence[AuthorityRegime]]:
    """What decides whether one school is in scope for a lead adviser on a day."""
    place, regime = schools.slices.c, regimes.slices.c
    facts = await connection.execute(
        select(place.school_number, place.authority, place.sector, place.status, place.valid).where(
            place.id == school_number, as_of(schools, day, None)
        )
    )
    adopted = await connection.execute(
        select(regime.authority, regime.regime, regime.valid)
        .join(schools.slices, place.authority == regime.authority)
        .where(place.id == school_number, as_of(schools, day, None), as_of(regimes, day, None))
    )
    return (
        [SchoolFact(r.school_number, r.authority, r.sector, r.status, days_of(r.valid)) for r in facts],
        [AuthorityRegime(r.authority, r.regime, days_of(r.valid)) for r in adopted],
    )
