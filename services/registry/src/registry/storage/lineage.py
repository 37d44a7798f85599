"""SQL of schools' lives and lines: their status by days, who followed whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, cast, func, insert, or_, select
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.domain.lifecycle import Edge, Standing
from registry.storage.tables import school_successions, schools
from service_kit.records import as_of

SUCCESSIONS = school_successions.c
_SLICES = schools.slices.c


@dataclass(frozen=True, slots=True)
class SchoolHistory:
    """A school as known now: its version, and each set of facts with the day from which it holds."""

    version: int
    facts: tuple[tuple[date, Mapping[str, Any]], ...]

    @property
    def standing(self) -> Standing:
        """Its status by days."""
        number = self.facts[0][1]["school_number"]
        return Standing(number, tuple((start, facts["status"]) for start, facts in self.facts))

    def on(self, day: date) -> Mapping[str, Any]:
        """Its facts on a day. Raises StopIteration for a day before the first."""
        return next(facts for start, facts in reversed(self.facts) if start <= day)


async def histories(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, SchoolHistory]:
    """The schools among these numbers that the register has and the caller may see."""
    query = (
        select(schools.slices, schools.heads.c.version.label("head_version"))
        .join(schools.heads, schools.heads.c.id == _SLICES.id)
        .where(_SLICES.id == func.any(cast(sorted(numbers), ARRAY(Text))), func.upper_inf(_SLICES.known))
        .order_by(_SLICES.id, func.lower(_SLICES.valid).nulls_first())
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in (await connection.execute(query)).mappings():
        found.setdefault(row["id"], []).append(dict(row))
    return {
        number: SchoolHistory(
            rows[0]["head_version"], tuple((row["valid"].lower or date.min, row) for row in rows)
        )
        for number, rows in found.items()
    }


async def line_of(
    connection: AsyncConnection,
    numbers: Collection[str],
    valid_at: date | None = None,
    known_at: datetime | None = None,
) -> Mapping[Edge, date]:
    """Every succession in the lines of these schools, before and after them, with its day.

    `valid_at`: those that hold on the day; None: also those ahead. `known_at` None: as known now.
    """
    start = select(func.unnest(cast(sorted(numbers), ARRAY(Text))).label("number")).cte(
        "line", recursive=True
    )
    joined = or_(SUCCESSIONS.predecessor == start.c.number, SUCCESSIONS.successor == start.c.number)
    other = func.unnest(array([SUCCESSIONS.predecessor, SUCCESSIONS.successor]))
    shown = and_(*_as_of(valid_at, known_at))
    line = start.union(select(other).select_from(start.join(school_successions, joined)).where(shown))
    query = select(SUCCESSIONS.predecessor, SUCCESSIONS.successor, SUCCESSIONS.valid_from).where(
        SUCCESSIONS.predecessor.in_(select(line.c.number)), shown
    )
    return {(row.predecessor, row.successor): row.valid_from for row in await connection.execute(query)}


async def add_successions(
    connection: AsyncConnection, edges: Mapping[Edge, date], known_at: datetime
) -> None:
    """Adds successions that the table does not have."""
    rows = [
        {"predecessor": before, "successor": after, "valid_from": day, "known_at": known_at}
        for (before, after), day in edges.items()
    ]
    await connection.execute(insert(school_successions), rows)


async def statuses_on(connection: AsyncConnection, numbers: Collection[str], day: date) -> dict[str, str]:
    """The status of each of these schools on a day, of those that the register knows then."""
    query = select(_SLICES.id, _SLICES.status).where(
        _SLICES.id.in_(sorted(numbers)), as_of(schools, day, None)
    )
    return {row.id: row.status for row in await connection.execute(query)}


def life_columns(valid_at: date, known_at: datetime | None) -> Sequence[ColumnElement[Any]]:
    """For a query of schools: `since`, the status by days as known now, and `successors` with their days."""
    other = schools.slices.alias("life")
    entry = func.concat(func.to_char(func.lower(other.c.valid), "YYYY-MM-DD"), " ", other.c.status)
    since = select(func.array_agg(entry, type_=ARRAY(Text))).where(
        other.c.id == _SLICES.id, func.upper_inf(other.c.known)
    )
    link = func.jsonb_build_object(
        "school_number", SUCCESSIONS.successor, "valid_from", SUCCESSIONS.valid_from
    )
    successors = select(func.jsonb_agg(link, type_=JSONB)).where(
        SUCCESSIONS.predecessor == _SLICES.id, *_as_of(valid_at, known_at)
    )
    return since.scalar_subquery().label("since"), successors.scalar_subquery().label("successors")


def standing_of(school_number: str, since: Sequence[str]) -> Standing:
    """The standing in a row that has `since`: each entry a day and a status, like `2018-04-10 open`."""
    entries = []
    for entry in since:
        start, _, status = entry.partition(" ")
        entries.append((date.fromisoformat(start) if start else date.min, status))
    return Standing(school_number, tuple(sorted(entries)))


def _as_of(valid_at: date | None, known_at: datetime | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if valid_at is not None:
        conditions.append(SUCCESSIONS.valid_from <= valid_at)
    if known_at is not None:
        conditions.append(SUCCESSIONS.known_at <= known_at)
    return conditions or [SUCCESSIONS.predecessor.is_not(None)]
