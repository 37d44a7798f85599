"""A consumer that stopped itself: written down in its database, so that it stays stopped until somebody has looked.

The stop holds for every member of the consumer and across restarts: a process that is started again, or that takes
over the partitions, would otherwise park the next twenty keys. `resume` ends it, for a stated reason.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, func, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection


class NotStoppedError(LookupError):
    """The consumer has not stopped itself."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a consumer; `resumed_at` is None while it lasts."""

    number: int
    consumer: str
    stopped_because: str
    stopped_at: datetime
    resumed_by: str | None
    resumed_because: str | None
    resumed_at: datetime | None


async def note_stop(connection: AsyncConnection, table: Table, consumer: str, because: str) -> None:
    """Writes down that a consumer stopped; where another member did so already, that stop stands."""
    statement = upsert(table).values(consumer=consumer, stopped_because=because)
    await connection.execute(statement.on_conflict_do_nothing())


async def resume(connection: AsyncConnection, table: Table, consumer: str, *, reason: str, by: str) -> Stop:
    """Ends a stop, for a reason, in the caller's transaction. Raises NotStoppedError, ValueError."""
    if not reason.strip():
        raise ValueError("a consumer is started again for a reason")
    statement = (
        update(table)
        .where(table.c.consumer == consumer, table.c.resumed_at.is_(None))
        .values(resumed_by=by, resumed_because=reason, resumed_at=func.clock_timestamp())
        .returning(table)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotStoppedError(consumer)
    return Stop(**row._mapping)
