"""Finding the record that a request names, as the caller may see it, and refusing where there is none."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select

from governance.api.asking import Asking
from governance.storage.meetings import body_on, with_facts
from governance.storage.reading import Scopes, visible
from governance.storage.tables import meetings
from service_kit.call import RequestCall
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, first, lock, showing
from service_kit.records import Record
from service_kit.unit_of_work import UnitOfWork

Take = Callable[[UnitOfWork, Row, Asking], Awaitable[None]]


def listed(
    call: RequestCall, record: Record, scopes: Scopes, *conditions: ColumnElement[bool]
) -> Select[Any]:
    """The records that a caller may see, with its own references: each row has its own class."""
    query = showing(record, call.valid_at, call.known_at, visible(record, scopes), *conditions)
    return call.with_references(query, record.kind, record.slices.c.id)


async def found(
    call: RequestCall, uow: UnitOfWork, record: Record, id_: str, *conditions: ColumnElement[bool]
) -> Row | None:
    """One record, whatever its class; row-level security hides what the caller may not see."""
    query = showing(record, call.valid_at, call.known_at, record.slices.c.id == id_, *conditions)
    return await first(uow.connection, call.with_references(query, record.kind, record.slices.c.id))


async def demanded_row(
    call: RequestCall, uow: UnitOfWork, record: Record, id_: str, pointer: str | None = None
) -> Row:
    """A record that a command needs. Raises 404, or 422 at `pointer` where the body names it."""
    row = await found(call, uow, record, id_)
    if row is None:
        if pointer is None:
            raise ProblemError("not_found")
        raise ProblemError("validation_failed", errors=[Fault(pointer, "no_such_record")])
    return row


async def locked_meeting(call: RequestCall, uow: UnitOfWork, asking: Asking, id_: str) -> Row:
    """A meeting with what its steps turn on, locked. Raises 404."""
    await lock(uow.connection, meetings, id_)
    query = listed(call, meetings, asking.scopes("meetings.read"), meetings.slices.c.id == id_)
    row = await first(uow.connection, with_facts(query))
    if row is None:
        raise ProblemError("not_found")
    return row


async def constituted(uow: UnitOfWork, body_id: str, day: date, pointer: str = "/body_id") -> Row:
    """A body as it is constituted on a day. Raises 422 where it is not."""
    body = await body_on(uow.connection, body_id, day)
    if body is None:
        raise ProblemError("validation_failed", errors=[Fault(pointer, "no_such_body")])
    return body


async def other_body(call: RequestCall, uow: UnitOfWork, body_id: str, pointer: str) -> Row:
    """A body that is not the caller's own: bodies are public, so it is read under what the caller may read."""
    await call.under(uow, call.reading)
    body = await constituted(uow, body_id, uow.clock.today(), pointer)
    await call.under(uow, call.decision)
    return body
