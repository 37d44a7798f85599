"""SQL of versions: the last entry of the change log about a school or an authority that a caller may see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from exchange.storage.tables import changes


@dataclass(frozen=True, slots=True)
class LastEntry:
    """Position of the last entry, and when the exchange recorded it."""

    position: int
    recorded_at: datetime


async def last_about(
    connection: AsyncConnection, conditions: list[ColumnElement[bool]], visible: ColumnElement[bool]
) -> LastEntry | None:
    """The last entry that meets one of the conditions, each read backwards along an index of its own."""
    ends = [_last(condition, visible).subquery(f"end_{n}") for n, condition in enumerate(conditions)]
    either = union_all(*(select(end) for end in ends)).subquery("either")
    row = (await connection.execute(select(either).order_by(either.c.position.desc()).limit(1))).first()
    return None if row is None else LastEntry(row.position, row.recorded_at)


def about_school(number: str, authority: str) -> list[ColumnElement[bool]]:
    """Entries about a school, and those about its authority and no school: its officers, regime, term dates."""
    alone = changes.c.school.is_(None) & (changes.c.authority == authority)
    return [changes.c.school == number, alone]


def about_authority(authority: str) -> list[ColumnElement[bool]]:
    """Entries about an authority and its schools."""
    return [changes.c.authority == authority]


def _last(condition: ColumnElement[bool], visible: ColumnElement[bool]) -> Select[Any]:
    return (
        select(changes.c.position, changes.c.recorded_at)
        .where(condition, visible)
        .order_by(changes.c.position.desc())
        .limit(1)
    )
