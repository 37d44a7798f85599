"""What was measured, by minute. A row `observed.<what>` says that the measuring went on for that whole minute."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.text import Text as BilingualText
from exchange.domain.service_levels import Counted, Objective, Window
from exchange.storage.tables import changes, metadata

OBSERVED: Final = "observed."
FEED: Final = "feed"

counts = Table(
    "service_level_counts",
    metadata,
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("good", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
)
marks = Table(
    "service_level_marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("marked_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Count:
    """Good and all events of one measure in one minute, as one source counted them."""

    minute: datetime
    measure: str
    source: str
    good: int
    total: int


@cache
def objectives() -> tuple[Objective, ...]:
    """What is promised, from the reviewed data."""
    text = files("exchange").joinpath("data", "service_levels.toml").read_text("utf-8")
    return tuple(
        Objective(
            one["code"], one["measure"], one["observed"], Decimal(one["target"]),
            BilingualText(**one["title"]), BilingualText(**one["meaning"]),
        )
        for one in tomllib.loads(text)["objective"]
    )  # fmt: skip


async def keep(connection: AsyncConnection, found: Iterable[Count], *, adding: bool = False) -> None:
    """Keeps counts. A source tells its whole minute again and again: the last word holds, unless `adding`."""
    rows = [
        {"minute": c.minute, "measure": c.measure, "source": c.source, "good": c.good, "total": c.total}
        for c in found
    ]
    if not rows:
        return
    statement = insert(counts)
    new = {name: statement.excluded[name] for name in ("good", "total")}
    changed = {name: counts.c[name] + value for name, value in new.items()} if adding else new
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["minute", "measure", "source"], set_=changed), rows
    )


async def marked(connection: AsyncConnection, name: str) -> tuple[int, datetime] | None:
    """How far something was looked at, and when; None before the first time."""
    row = (
        await connection.execute(select(marks.c.position, marks.c.marked_at).where(marks.c.name == name))
    ).first()
    return None if row is None else (row.position, row.marked_at)


async def mark(connection: AsyncConnection, name: str, position: int, now: datetime) -> None:
    """Notes how far something was looked at."""
    values = {"position": position, "marked_at": now}
    statement = insert(marks).values(name=name, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


async def feed_entries(
    connection: AsyncConnection, after: int, until: int, seconds: Sequence[str]
) -> list[Count]:
    """Entries of the feed between two positions by the minute in which they came, and how many came in time."""
    minute = func.date_trunc("minute", changes.c.recorded_at).label("minute")
    late = func.extract("epoch", changes.c.recorded_at - changes.c.time)
    good = [func.count(case((late <= float(bound), 1))) for bound in seconds]
    query = (
        select(minute, func.count(), *good)
        .where(changes.c.position > after, changes.c.position <= until)
        .group_by(minute)
    )
    return [
        Count(row[0], f"feed.within_{bound}", FEED, row[2 + at], row[1])
        for row in await connection.execute(query)
        for at, bound in enumerate(seconds)
    ]


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Removes what no window reaches any more."""
    await connection.execute(delete(counts).where(counts.c.minute < before))


async def counted(
    connection: AsyncConnection, windows: Sequence[Window]
) -> Mapping[str, Mapping[str, Counted]]:
    """By window and measure: minutes with a count, good events, all events. One statement."""
    c = counts.c
    columns = []
    for window in windows:
        within = (c.minute >= window.first) & (c.minute < window.until)
        columns += [
            func.count(c.minute.distinct()).filter(within),
            func.coalesce(func.sum(c.good).filter(within), 0),
            func.coalesce(func.sum(c.total).filter(within), 0),
        ]
    first, until = min(w.first for w in windows), max(w.until for w in windows)
    query = select(c.measure, *columns).where(c.minute >= first, c.minute < until).group_by(c.measure)
    rows = (await connection.execute(query)).all()
    return {
        window.code: {
            row[0]: Counted(*(int(value) for value in row[1 + 3 * at : 4 + 3 * at])) for row in rows
        }
        for at, window in enumerate(windows)
    }
