"""SQL of calendars: the ones of the school years around another."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.storage.showing import Row, showing_current
from registry.storage.tables import calendars


async def calendars_of(
    connection: AsyncConnection, authority: str, school_years: Sequence[str]
) -> dict[str, Row]:
    """The calendars of an authority for these school years, as known now, by school year."""
    columns = calendars.slices.c
    query: Any = showing_current(calendars).where(
        columns.authority == authority, columns.school_year == func.any(list(school_years))
    )
    return {row["school_year"]: dict(row) for row in (await connection.execute(query)).mappings()}
