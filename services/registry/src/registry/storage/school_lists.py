"""SQL of school lists: what was sent in, its bytes, and the row-level report."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.storage.showing import Row, first
from registry.storage.tables import school_list_files, school_list_rows, school_lists


async def keep_list(connection: AsyncConnection, values: Mapping[str, Any], content: bytes) -> None:
    """Stores a list as it was received, with its bytes."""
    await connection.execute(insert(school_lists).values(**values))
    await connection.execute(insert(school_list_files).values(list_id=values["id"], content=content))


async def one_list(connection: AsyncConnection, list_id: str, *, locked: bool = False) -> Row | None:
    """One list; `locked` until the transaction ends, so that two workers cannot take the same step."""
    query = select(school_lists).where(school_lists.c.id == list_id)
    return await first(connection, query.with_for_update() if locked else query)


async def content_of(connection: AsyncConnection, list_id: str) -> bytes:
    """The bytes of a list."""
    content: bytes | None = await connection.scalar(
        select(school_list_files.c.content).where(school_list_files.c.list_id == list_id)
    )
    if content is None:
        raise LookupError(list_id)
    return content


async def change_list(connection: AsyncConnection, held: Row, **values: Any) -> None:
    """Changes what is held of a list and raises its version."""
    await connection.execute(
        update(school_lists)
        .where(school_lists.c.id == held["id"])
        .values(version=held["version"] + 1, **values)
    )


async def replace_rows(connection: AsyncConnection, list_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Makes `rows` the report of a list, in their order, with one statement for all."""
    await connection.execute(delete(school_list_rows).where(school_list_rows.c.list_id == list_id))
    if rows:
        numbered = [{"list_id": list_id, "position": at, **row} for at, row in enumerate(rows, start=1)]
        await connection.execute(insert(school_list_rows), numbered)


def report(list_id: str, kinds: Sequence[str] = ()) -> Select[Any]:
    """The rows of a report; `kinds` narrows them."""
    query = select(school_list_rows).where(school_list_rows.c.list_id == list_id)
    return query.where(school_list_rows.c.kind.in_(kinds)) if kinds else query


def listed() -> Select[Any]:
    """All lists."""
    return select(school_lists)
