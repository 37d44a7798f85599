"""How a new slice takes its place among the slices known so far: close what it covers, keep what it leaves over.

Pure where it can be (`leftovers`), one statement each where it must touch the database.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, and_, cast, column, func, insert, select, update
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.records import Record, Write


def leftovers(old: Range[date], new: Range[date]) -> list[Range[date]]:
    """The days of `old` that `new` does not cover: none, one or two ranges, each `[from, to)`.

    >>> leftovers(Range(date(2020, 1, 1), None), Range(date(2020, 2, 1), date(2020, 3, 1)))  # doctest: +ELLIPSIS
    [Range(lower=datetime.date(2020, 1, 1), upper=datetime.date(2020, 2, 1), ...), Range(...2020, 3, 1...]
    """
    rest = []
    if new.lower is not None and (old.lower is None or old.lower < new.lower):
        rest.append(Range(old.lower, _earlier(old.upper, new.lower)))
    if new.upper is not None and (old.upper is None or old.upper > new.upper):
        rest.append(Range(_later(old.lower, new.upper), old.upper))
    return rest


def _earlier(end: date | None, cut: date) -> date:
    return cut if end is None else min(end, cut)


def _later(start: date | None, cut: date) -> date:
    return cut if start is None else max(start, cut)


async def close_covered(
    connection: AsyncConnection, record: Record, writes: Sequence[Write], known_at: Mapping[str, datetime]
) -> list[Mapping[str, Any]]:
    """Ends the knowledge of every slice that a write overlaps; gives these slices as they were."""
    slices = record.slices
    given = (
        func.unnest(
            cast([w.id for w in writes], ARRAY(Text)),
            cast([w.covers for w in writes], ARRAY(DATERANGE)),
            cast([known_at[w.id] for w in writes], ARRAY(DateTime(timezone=True))),
        )
        .table_valued(
            column("id", Text),
            column("valid", DATERANGE),
            column("known_at", DateTime(timezone=True)),
            name="given",
        )
        .render_derived()
    )
    statement = (
        update(slices)
        .where(
            and_(
                slices.c.id == given.c.id,
                func.upper_inf(slices.c.known),
                slices.c.valid.overlaps(given.c.valid),
            )
        )
        .values(known=func.tstzrange(func.lower(slices.c.known), given.c.known_at))
        .returning(slices)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


def rows_to_insert(
    record: Record,
    writes: Sequence[Write],
    closed: Sequence[Mapping[str, Any]],
    versions: Mapping[str, int],
    known_at: Mapping[str, datetime],
) -> list[dict[str, Any]]:
    """The new slices, and what the closed ones leave over, all known from now on."""
    by_id = {write.id: write for write in writes}
    rows = []
    for old in closed:
        write = by_id[old["id"]]
        for valid in leftovers(old["valid"], write.covers):
            rows.append(_slice(record, old, write.id, valid, versions, known_at))
    rows.extend(_slice(record, write.values, write.id, write.valid, versions, known_at) for write in writes)
    return rows


def _slice(
    record: Record,
    values: Mapping[str, Any],
    id_: str,
    valid: Range[date],
    versions: Mapping[str, int],
    known_at: Mapping[str, datetime],
) -> dict[str, Any]:
    row = {name: values[name] for name in record.own}
    row.update(id=id_, valid=valid, version=versions[id_], known=Range(known_at[id_], None))
    return row


async def insert_slices(connection: AsyncConnection, record: Record, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts slices, many in one round trip. The exclusion constraints speak here (SQLSTATE 23P01)."""
    await connection.execute(insert(record.slices), list(rows))


async def lock_heads(
    connection: AsyncConnection, record: Record, ids: Sequence[str]
) -> dict[str, tuple[int, datetime]]:
    """Locks the heads in the order of their ids, so that two writers of the same many cannot deadlock."""
    heads = record.heads
    statement = (
        select(heads.c.id, heads.c.version, heads.c.known_at)
        .where(heads.c.id == func.any(cast(sorted(ids), ARRAY(Text))))
        .order_by(heads.c.id)
        .with_for_update()
    )
    rows = await connection.execute(statement)
    return {row.id: (row.version, row.known_at) for row in rows}


async def raise_heads(
    connection: AsyncConnection, record: Record, ids: Sequence[str], versions: Mapping[str, int],
    known_at: Mapping[str, datetime],
) -> None:  # fmt: skip
    """Sets version and known time of locked heads."""
    heads = record.heads
    given = (
        func.unnest(
            cast(list(ids), ARRAY(Text)),
            cast([versions[i] for i in ids], ARRAY(BigInteger)),
            cast([known_at[i] for i in ids], ARRAY(DateTime(timezone=True))),
        )
        .table_valued(
            column("id", Text), column("version", BigInteger), column("known_at", DateTime(timezone=True)),
            name="given",
        )
        .render_derived()
    )  # fmt: skip
    await connection.execute(
        update(heads)
        .where(heads.c.id == given.c.id)
        .values(version=given.c.version, known_at=given.c.known_at)
    )
