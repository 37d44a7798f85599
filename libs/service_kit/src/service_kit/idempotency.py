"""Idempotency-Key: a command that is repeated is answered, not done again.

Scoped to client, subject and route. It begins with `pg_try_advisory_xact_lock` over that scope: whoever does not get
it is answered 409 at once, where a unique key would make it wait for the winner and then fail. The answer is stored
in the transaction of its effect, so there is never one without the other, and replayed for 24 hours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import (
    CHAR,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    and_,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from service_kit.client_rows import protect_by_client
from service_kit.problems import ProblemError

KEPT: Final = timedelta(hours=24)
REPLAYED: Final = "Idempotency-Replayed"
_KEY = re.compile(r"[!-~]{1,128}")
_STORED_HEADERS: Final = ("content-type", "etag", "location", "content-language", "vary", "cache-control")


def idempotency_table(metadata: MetaData) -> Table:
    """The stored answers. `record_key` names what an answer shows, so that erasure can find it."""
    table = Table(
        "idempotent_answers",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("route", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", CHAR(64), nullable=False),
        Column("stored_at", DateTime(timezone=True), nullable=False),
        Column("record_key", Text),
        Column("status", SmallInteger, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary),
        Index("ix_idempotent_answers_stored_at", "stored_at"),
        Index("ix_idempotent_answers_record_key", "record_key"),
    )
    return protect_by_client(table, "client_id")


@dataclass(frozen=True, slots=True)
class Command:
    """One request that names a key: in which scope, and what it asks (its fingerprint)."""

    client_id: str
    subject: str
    route: str
    key: str
    fingerprint: str

    @property
    def lock(self) -> int:
        """The number of the advisory lock: the first 64 bits of a digest of the scope."""
        scope = orjson.dumps([self.client_id, self.subject, self.route, self.key])
        return int.from_bytes(sha256(scope).digest()[:8], "big", signed=True)


def checked_key(header: str | None) -> str:
    """The key. Raises 400 `idempotency_key_required` where it is missing or not 1 to 128 visible characters."""
    if header is None or _KEY.fullmatch(header) is None:
        raise ProblemError("idempotency_key_required")
    return header


def fingerprint(method: str, path: str, query: str, body: bytes) -> str:
    """What makes two requests the same one; `body` is its digest."""
    return sha256(orjson.dumps([method, path, query, body.hex()])).hexdigest()


async def begin(
    connection: AsyncConnection, table: Table, command: Command, now: datetime
) -> Response | None:
    """Takes the key for this transaction; gives the stored answer when the command was done before.

    Raises 409 `request_in_progress` with Retry-After while another transaction holds the key, 422
    `idempotency_key_reused` for another request, 409 `answer_erased` when the stored answer was emptied since.
    """
    if not await connection.scalar(select(func.pg_try_advisory_xact_lock(command.lock))):
        raise ProblemError("request_in_progress", headers={"Retry-After": "1"})
    # A statement of its own: its snapshot is taken after the lock, so it sees what the last holder committed.
    statement = select(table).where(_same(table, command), table.c.stored_at > now - KEPT)
    held = (await connection.execute(statement)).mappings().one_or_none()
    if held is None:
        return None
    if held["fingerprint"] != command.fingerprint:
        raise ProblemError("idempotency_key_reused")
    if held["body"] is None:
        raise ProblemError("answer_erased")
    return Response(held["body"], held["status"], {**held["headers"], REPLAYED: "true"})


async def keep(
    connection: AsyncConnection,
    table: Table,
    command: Command,
    now: datetime,
    answer: Response,
    record_key: str | None,
) -> None:
    """Stores the answer beside its effect; one that has passed its 24 hours is replaced."""
    values: dict[str, Any] = {
        "fingerprint": command.fingerprint,
        "stored_at": now,
        "record_key": record_key,
        "status": answer.status_code,
        "headers": {name: answer.headers[name] for name in _STORED_HEADERS if name in answer.headers},
        "body": bytes(answer.body),
    }
    scope: Mapping[str, str] = {
        "client_id": command.client_id,
        "subject": command.subject,
        "route": command.route,
        "key": command.key,
    }
    statement = insert(table).values(**scope, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(scope), set_=values))


async def purge(connection: AsyncConnection, table: Table, now: datetime) -> int:
    """Removes answers that are no longer replayed; gives how many. Run by the worker."""
    done = await connection.execute(delete(table).where(table.c.stored_at <= now - KEPT))
    return done.rowcount


async def erase(connection: AsyncConnection, table: Table, record_keys: list[str]) -> int:
    """Empties the answers that show these records; their keys stay, so that a repeat is still not done twice."""
    statement = update(table).where(table.c.record_key.in_(record_keys)).values(body=None, headers={})
    return (await connection.execute(statement)).rowcount


def _same(table: Table, command: Command) -> Any:
    return and_(
        table.c.client_id == command.client_id,
        table.c.subject == command.subject,
        table.c.route == command.route,
        table.c.key == command.key,
    )
