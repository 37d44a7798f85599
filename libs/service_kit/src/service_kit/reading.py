"""Reading records: one, many, one locked for a change, and every version of one."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.records import Record, shown

Row = Mapping[str, Any]


def showing(
    record: Record, valid_at: date, known_at: datetime | None, *conditions: ColumnElement[bool]
) -> Select[Any]:
    """Slices as of a day and moment, with their days."""
    valid = record.slices.c.valid
    query = shown(record, valid_at, known_at).where(*conditions)
    return query.add_columns(func.lower(valid).label("valid_from"), func.upper(valid).label("valid_to"))


async def first(connection: AsyncConnection, query: Select[Any]) -> Row | None:
    """The first row of a query as a mapping; None where there is none."""
    found = (await connection.execute(query)).mappings().first()
    return dict(found) if found is not None else None


async def rows(connection: AsyncConnection, query: Select[Any]) -> list[Row]:
    """All rows of a query as mappings."""
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def lock(connection: AsyncConnection, record: Record, id_: str) -> None:
    """Keeps a record for this transaction: what is decided of its state is decided by one only."""
    await connection.execute(select(record.heads.c.id).where(record.heads.c.id == id_).with_for_update())


async def locked(connection: AsyncConnection, record: Record, id_: str, query: Select[Any]) -> Row | None:
    """What a query gives of one record, locked until the transaction ends: its state is decided on by one only."""
    await lock(connection, record, id_)
    return await first(connection, query)


def versions(record: Record, id_: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Every version of a record, each with the moment from which it was known; versions stay readable (D-08)."""
    slices = record.slices.c
    return select(
        record.slices,
        slices.version.label("shown_version"),
        func.lower(slices.known).label("known_at"),
        func.lower(slices.valid).label("valid_from"),
        func.upper(slices.valid).label("valid_to"),
    ).where(slices.id == id_, *conditions)


def values_of(record: Record, row: Row, **changed: Any) -> dict[str, Any]:
    """The own values of a record's slice with some changed: what a Write takes."""
    return {name: row[name] for name in record.own} | changed
