"""Temporary tables that stand before live ones: what is written here by name goes into them and is seen by nobody.

`pg_temp` comes first in every search path, so the very same statements run on the copies. A connection that ends, in
whatever way, leaves nothing behind. It must be one of its own: a statement that was prepared before the copies existed
would still go to the live tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    MetaData,
    Table,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

LIVE: Final = "public"
_MAKE = text("""
select format('create temporary table %1$I (like public.%1$I including all)', name)
  from unnest(cast(:names as text[])) as given (name)
""")


@dataclass(frozen=True, slots=True)
class Content:
    """What some tables hold: the number of rows and the SHA-256 over all of them, in no matter which order."""

    rows: int
    digest: str


def live(table: Table) -> Table:
    """The same table by its full name, which no copy hides."""
    return table.to_metadata(MetaData(), schema=LIVE)


async def make(connection: AsyncConnection, tables: Sequence[Table]) -> None:
    """Makes an empty copy of each, with its keys, defaults and indexes, for as long as the connection lasts."""
    statements = await connection.scalars(_MAKE, {"names": [table.name for table in tables]})
    for statement in statements.all():
        await connection.exec_driver_sql(statement)


async def content(connection: AsyncConnection, tables: Sequence[Table]) -> Content:
    """What the tables hold, the live ones or their copies."""
    rows, digests = 0, []
    for table in tables:
        row = table.alias("held_row")
        whole = func.convert_to(cast(literal_column("held_row"), Text), "UTF8")
        hashes = select(func.encode(func.sha256(whole), "hex").label("hash")).select_from(row).subquery()
        told = func.string_agg(hashes.c.hash, literal_column("'' order by hash"))
        number, found = (await connection.execute(select(func.count(), told).select_from(hashes))).one()
        rows += int(number)
        digests.append(found or "")
    joined = func.convert_to("/".join(digests), "UTF8")
    return Content(rows, str(await connection.scalar(select(func.encode(func.sha256(joined), "hex")))))


async def mend(connection: AsyncConnection, table: Table) -> int:
    """Makes the live table equal to its copy, in the caller's transaction; gives how many rows that touched.

    Rows that are right stay as they are: whoever holds one locked goes on holding it.
    """
    kept, rebuilt = live(table), table.alias("rebuilt")
    keys = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns if column.computed is None]
    if not keys:
        raise ValueError(f"{table.name} has no primary key")
    rightful = exists(select(rebuilt.c[keys[0]]).where(_same(rebuilt, kept, keys)).correlate(kept))
    gone = delete(kept).where(~rightful)
    standing = kept.alias("standing")
    alike = and_(*(standing.c[name].is_not_distinct_from(rebuilt.c[name]) for name in names))
    right = exists(select(standing.c[keys[0]]).where(alike).correlate(rebuilt))
    putting = insert(kept).from_select(names, select(*(rebuilt.c[name] for name in names)).where(~right))
    others: dict[str, Any] = {name: putting.excluded[name] for name in names if name not in keys}
    upsert = (
        putting.on_conflict_do_update(index_elements=keys, set_=others)
        if others
        else putting.on_conflict_do_nothing()
    )
    removed = (await connection.execute(gone)).rowcount
    return removed + (await connection.execute(upsert)).rowcount


def _same(one: FromClause, other: FromClause, names: Sequence[str]) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in names))
