"""The outbox: events written in the transaction of the change that they tell of.

Invariant: append only once the aggregate's row is locked or updated in this transaction (an aggregate that is only
ever inserted is safe). Writers of one aggregate then take their `seq` one after the other in the order in which they
commit; a writer that took it earlier could be overtaken. `service_kit`'s unit of work is the only caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import EVENTS, UnregisteredEventError
from eventing.envelope import Envelope, packed_headers
from eventing.raw import Composed, appending, driver_of
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


_COLUMNS: Final = ("event_id", "type", "key", "subject", "version", "headers", "data")


@lru_cache(maxsize=32)
def _append(outbox: Table) -> Composed:
    return appending(outbox, _COLUMNS)


async def append(connection: AsyncConnection, outbox: Table, rows: Sequence[OutboxRow]) -> None:
    """Writes events in the order given, in one statement, in the caller's transaction.

    Raises UnregisteredEventError, before anything is written, for a row whose type no event class is registered for.
    What moves and ships rows does not ask: it may be older than the service that wrote them.
    """
    if not rows:
        return
    for row in rows:
        if row.type not in EVENTS:
            raise UnregisteredEventError(f"no event is registered as {row.type!r}: event {row.event_id}")
    values = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    await (await driver_of(connection)).fetch(*_append(outbox).with_(**values))
    added_to(connection, outbox)
