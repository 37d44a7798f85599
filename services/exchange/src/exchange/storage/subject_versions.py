"""SQL of versions: the last entry of the change log about a school or an authority that a caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from eventing.raw import Composed, driver_of, given_back
from exchange.storage.tables import changes

SETTLED: Final = timedelta(seconds=5)
"""After this, whoever learns of things by events may be taken to know them too."""


@dataclass(frozen=True, slots=True)
class LastEntry:
    """Position of the last entry, when the exchange recorded it, and whether that is `SETTLED` ago."""

    position: int
    recorded_at: datetime
    settled: bool


SCHOOL: Final = bindparam("school", type_=Text)
AUTHORITY: Final = bindparam("authority", type_=Text)
"""What a composed statement is asked about."""


def reading(conditions: Sequence[ColumnElement[bool]], visible: ColumnElement[bool]) -> Composed:
    """The last entry that meets one of the conditions, each read backwards along an index of its own."""
    ends = [_last(condition, visible).subquery(f"end_{n}") for n, condition in enumerate(conditions)]
    either = union_all(*(select(end) for end in ends)).subquery("either")
    # By the clock that recorded it: no other machine's is compared with it.
    settled = either.c.recorded_at <= func.clock_timestamp() - SETTLED
    return Composed.of(select(either, settled.label("settled")).order_by(either.c.position.desc()).limit(1))


async def last_about(connection: AsyncConnection, statement: Composed, **about: str) -> LastEntry | None:
    """What a statement of `reading` finds about a school (`school`, `authority`) or an `authority`."""
    async with given_back(connection):
        driver = await driver_of(connection)
        row = await driver.fetchrow(*statement.with_(**about))
    return None if row is None else LastEntry(row["position"], row["recorded_at"], row["settled"])


def about_school() -> list[ColumnElement[bool]]:
    """Entries about a school, and those about its authority and no school: its officers, regime, term dates."""
    alone = changes.c.school.is_(None) & (changes.c.authority == AUTHORITY)
    return [changes.c.school == SCHOOL, alone]


def about_authority() -> list[ColumnElement[bool]]:
    """Entries about an authority and its schools."""
    return [changes.c.authority == AUTHORITY]


def _last(condition: ColumnElement[bool], visible: ColumnElement[bool]) -> Select[Any]:
    return (
        select(changes.c.position, changes.c.recorded_at)
        .where(condition, visible)
        .order_by(changes.c.position.desc())
        .limit(1)
    )
