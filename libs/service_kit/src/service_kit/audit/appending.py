"""Writes audit entries, one statement for any number of them, and empties the values beside them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import (
    DateTime,
    Delete,
    Insert,
    LargeBinary,
    Text,
    Update,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from eventing.wakes import added_to
from service_kit.audit.entries import AuditEntry
from service_kit.audit.tables import PROMOTED, AuditTables

_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    **{name: Text() for name in PROMOTED},
    "at": DateTime(timezone=True),
    "entry": LargeBinary(),
}


async def append(connection: AsyncConnection, tables: AuditTables, entries: Sequence[AuditEntry]) -> None:
    """Stores entries in the caller's transaction, in their order: log bytes and values by one statement."""
    if not entries:
        return
    rows: dict[str, list[Any]] = {name: [getattr(entry, name) for entry in entries] for name in _TYPES}
    rows["fields"] = [
        None if entry.values is None else orjson.dumps(entry.values).decode() for entry in entries
    ]
    await connection.execute(_append(tables.outbox.name, tables), rows)
    added_to(connection, tables.outbox)


async def erase_values(
    connection: AsyncConnection, tables: AuditTables, record: str, record_id: str, fields: Sequence[str] = ()
) -> int:
    """Empties the values kept of one record: those of `fields`, or all with their reasons. Returns entries touched.

    Runs as the worker role. The log keeps who changed which field when; what the digests stood for is gone, because
    the salts go with the values.
    """
    statement = _erase(tables, tuple(fields)).where(
        tables.values.c.record == record, tables.values.c.record_id == record_id
    )
    return (await connection.execute(statement)).rowcount


def _erase(tables: AuditTables, fields: tuple[str, ...]) -> Delete | Update:
    values = tables.values
    if not fields:
        return delete(values)
    names = bindparam(None, list(fields), type_=ARRAY(Text))
    return (
        update(values)
        .values(fields=values.c.fields.op("-", return_type=JSONB)(names))
        .where(values.c.fields.op("?|")(names))
    )


@lru_cache(maxsize=16)
def _append(_: str, tables: AuditTables) -> Insert:
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in _TYPES.items()]
    given = (
        func.unnest(*arrays, bindparam("fields", type_=ARRAY(Text)))
        .table_valued(*_TYPES, "fields", with_ordinality="place", name="given")
        .render_derived()
    )
    names = ["entry_id", "record", "record_id", "at"]
    beside = insert(tables.values).from_select(
        [*names, "fields"],
        select(*(given.c[name] for name in names), cast(given.c.fields, JSONB)).where(
            given.c.fields.is_not(None)
        ),
        include_defaults=False,
    )
    rows = select(*(given.c[name] for name in _TYPES)).order_by(given.c.place)
    return (
        insert(tables.outbox)
        .from_select(list(_TYPES), rows, include_defaults=False)
        .add_cte(beside.cte("beside"))
    )
