"""The outbox: events written in the transaction of the change that they tell of.

Invariant: append only once the aggregate's row is locked or updated in this transaction (an aggregate that is only
ever inserted is safe). Writers of one aggregate then take their `seq` one after the other in the order in which they
commit; a writer that took it earlier could be overtaken. `service_kit`'s unit of work is the only caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Insert, LargeBinary, Table, Text, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from eventing.envelope import Envelope, packed_headers
from eventing.wakes import added_to

MAX_EVENT_BYTES: Final = 128 * 1024
"""Data of one event: far under what a broker takes in one batch, so that no event can block its topic."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One event as it is stored, its headers already packed."""

    event_id: str
    type: str
    key: str
    subject: str
    version: int
    headers: bytes
    data: bytes

    @classmethod
    def of(cls, envelope: Envelope) -> "OutboxRow":
        """The row of an envelope. Raises ValueError for data over MAX_EVENT_BYTES or an empty key."""
        if len(envelope.data) > MAX_EVENT_BYTES:
            raise ValueError(f"{envelope.type} carries {len(envelope.data)} bytes; at most {MAX_EVENT_BYTES}")
        if not envelope.key:
            raise ValueError(f"{envelope.type} has no key")
        return cls(
            envelope.id,
            envelope.type,
            envelope.key,
            envelope.subject,
            envelope.version,
            packed_headers(envelope),
            envelope.data,
        )


_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {
    "event_id": Text(),
    "type": Text(),
    "key": Text(),
    "subject": Text(),
    "version": BigInteger(),
    "headers": LargeBinary(),
    "data": LargeBinary(),
}


@lru_cache(maxsize=32)
def _append(outbox: Table) -> Insert:
    # One array a column: any number of rows is one statement with one text, prepared once. Ordered explicitly,
    # because the order in which the identity is drawn is the order of the events.
    arrays = [bindparam(name, type_=ARRAY(column)) for name, column in _COLUMNS.items()]
    rows = func.unnest(*arrays).table_valued(*_COLUMNS, with_ordinality="place", name="rows").render_derived()
    ordered = select(*(rows.c[name] for name in _COLUMNS)).order_by(rows.c.place)
    return insert(outbox).from_select(list(_COLUMNS), ordered, include_defaults=False)


async def append(connection: AsyncConnection, outbox: Table, rows: Sequence[OutboxRow]) -> None:
    """Writes events in the order given, in one statement, in the caller's transaction."""
    if not rows:
        return
    values = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    await connection.execute(_append(outbox), values)
    added_to(connection, outbox)
