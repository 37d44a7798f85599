"""Reading an event log."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.envelope import Envelope, from_headers, header_list


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of an event log."""

    position: int
    event_id: str
    type: str
    key: str
    subject: str
    version: int
    headers: bytes
    data: bytes
    recorded_at: datetime

    def envelope(self) -> Envelope:
        """The event with its position."""
        return from_headers(header_list(self.headers, self.position), self.data)


@lru_cache(maxsize=32)
def _read(log: Table) -> Select[Any]:
    names = ("position", "event_id", "type", "key", "subject", "version", "headers", "data", "recorded_at")
    return (
        select(*(log.c[name] for name in names))
        .where(log.c.position > bindparam("after", type_=BigInteger))
        .order_by(log.c.position)
        .limit(bindparam("limit", type_=Integer))
    )


async def read(connection: AsyncConnection, log: Table, after: int, limit: int) -> list[LogEntry]:
    """Up to `limit` entries behind position `after`, in order. What is returned is final: no gap fills later."""
    rows = await connection.execute(_read(log), {"after": after, "limit": limit})
    return [LogEntry(*row) for row in rows]


async def head(connection: AsyncConnection, log: Table) -> int:
    """The last position in the log; 0 when it is empty."""
    return int((await connection.execute(select(func.coalesce(func.max(log.c.position), 0)))).scalar_one())
