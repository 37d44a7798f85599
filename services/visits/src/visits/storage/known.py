"""What the registry told: schools, regimes and calendars, kept and asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from visits.domain.monitoring import Period
from visits.storage.tables import known_periods, known_regimes, known_schools


@dataclass(frozen=True, slots=True)
class KnownSchool:
    """A school as the registry told of it."""

    number: str
    authority: str
    sector: str
    status: str
    closed_from: date | None

    def closed_on(self, day: date) -> bool:
        """Whether the school is closed on a day; where no day was told, it is closed on every day."""
        return self.status == "closed" and (self.closed_from is None or self.closed_from <= day)


async def keep_school(connection: AsyncConnection, told: int, values: Mapping[str, Any]) -> None:
    """Keeps a school's public facts, unless something later was told already.

    A closed school's later details do not move the day from which it is closed.
    """
    closed_from = values["closed_from"]
    if closed_from is not None:
        closed_from = func.least(known_schools.c.closed_from, closed_from)
    statement = insert(known_schools).values(told=told, **values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[known_schools.c.number],
            set_={**values, "closed_from": closed_from, "told": told},
            where=known_schools.c.told < told,
        )
    )


async def keep_regime(
    connection: AsyncConnection, authority: str, regime: str, valid_from: date, valid_to: date | None
) -> None:
    """Keeps under which regime an authority works from a day on."""
    statement = insert(known_regimes).values(
        of_authority=authority, valid_from=valid_from, valid_to=valid_to, regime=regime
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[known_regimes.c.of_authority, known_regimes.c.valid_from],
            set_={"valid_to": valid_to, "regime": regime},
        )
    )


async def keep_calendar(
    connection: AsyncConnection, authority: str, school_year: str, periods: Sequence[Mapping[str, Any]]
) -> None:
    """Replaces the periods of an authority's school year."""
    await connection.execute(
        delete(known_periods).where(
            known_periods.c.of_authority == authority, known_periods.c.school_year == school_year
        )
    )
    if periods:
        rows = [{"of_authority": authority, "school_year": school_year, **period} for period in periods]
        await connection.execute(insert(known_periods), rows)


async def schools_of(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, KnownSchool]:
    """The schools with these numbers that were announced, by number."""
    columns = known_schools.c
    query = select(
        columns.number, columns.of_authority, columns.sector, columns.status, columns.closed_from
    ).where(columns.number == func.any(sorted(numbers)))
    return {row.number: KnownSchool(*row) for row in await connection.execute(query)}


async def regimes_on(connection: AsyncConnection, day: date, authority: str | None = None) -> dict[str, str]:
    """The regime of each authority (or of one) on a day."""
    columns = known_regimes.c
    query = (
        select(columns.of_authority, columns.regime)
        .where(columns.valid_from <= day, func.coalesce(columns.valid_to > day, True))
        .order_by(columns.of_authority, columns.valid_from)
    )
    if authority is not None:
        query = query.where(columns.of_authority == authority)
    return {row.of_authority: row.regime for row in await connection.execute(query)}


async def periods_of_years(
    connection: AsyncConnection, school_years: Sequence[str]
) -> dict[str, list[Period]]:
    """The half-term periods of each authority in some school years."""
    columns = known_periods.c
    query = select(known_periods).where(columns.school_year == func.any(list(school_years)))
    found: dict[str, list[Period]] = {}
    for row in await connection.execute(query):
        period = Period(row.school_year, row.code, row.first_day, row.last_day)
        found.setdefault(row.of_authority, []).append(period)
    return found
