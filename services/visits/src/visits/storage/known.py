"""What the registry told: schools, regimes and calendars, kept and asked."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit import known_schools as known
from visits.domain.monitoring import Period
from visits.storage.tables import known_periods, known_regimes, known_schools

schools_of = partial(known.schools_of, known_schools)
"""The schools with these numbers that were announced, by number."""


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
