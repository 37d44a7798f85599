"""Looking at parked events and deciding on them: list, show, redrive, discard. Every decision is kept with its author.

A parked key is repaired in order: `redrive` handles its events again, oldest first, each in its own transaction,
until none is left or one fails. `discard` gives up one event for a stated reason; what queued behind it stays parked
until it is redriven.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.consumer_store import ConsumerStore
from eventing.delivery import Delivery, redelivered
from eventing.envelope import header_list
from eventing.failures import is_transient
from eventing.handling import Work
from eventing.loop import describe, heed_cancellation
from eventing.reactions import Dispatch, OpenUnit


class NotParkedError(LookupError):
    """There is no such unresolved parked event."""


@dataclass(frozen=True, slots=True)
class ParkedKey:
    """One key with parked events of one consumer."""

    consumer: str
    key: str
    events: int
    first_number: int
    since: datetime
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """One parked event in full, with what was decided about it."""

    number: int
    consumer: str
    topic: str
    event_id: str
    type: str
    key: str
    subject: str
    version: int
    position: int | None
    headers: dict[str, str]
    data: bytes
    reason: str
    error: str
    attempts: int
    parked_at: datetime
    resolution: str | None
    resolved_by: str | None
    resolved_because: str | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a redrive did: events done, how many are still parked, and why it stopped before the end."""

    done: int
    left: int
    error: str | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a redrive did to one parked event: `resolution` redriven, or None where it failed again."""

    number: int
    resolution: str | None
    attempts: int
    error: str | None = None


Note = Callable[[Any, Sequence[Decided]], Awaitable[None]]
"""Writes decisions down elsewhere (an audit), in the transaction of the unit it is given."""


async def parked_keys(
    connection: AsyncConnection,
    table: Table,
    *,
    consumer: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[ParkedKey]:
    """Keys with unresolved events, the longest parked first; `after` is the `first_number` of the last one seen."""
    firsts = (
        select(
            table.c.consumer,
            table.c.key,
            func.count().label("events"),
            func.min(table.c.number).label("first_number"),
        )
        .where(table.c.resolution.is_(None), *([] if consumer is None else [table.c.consumer == consumer]))
        .group_by(table.c.consumer, table.c.key)
        .having(func.min(table.c.number) > after)
        .subquery()
    )
    statement = (
        select(*firsts.c, table.c.parked_at.label("since"), table.c.reason, table.c.error)
        .join(table, table.c.number == firsts.c.first_number)
        .order_by(firsts.c.first_number)
        .limit(limit)
    )
    return [ParkedKey(**row._mapping) for row in await connection.execute(statement)]


async def parked_event(connection: AsyncConnection, table: Table, number: int) -> ParkedEvent:
    """One parked event, resolved or not. Raises NotParkedError."""
    row = (await connection.execute(select(table).where(table.c.number == number))).one_or_none()
    if row is None:
        raise NotParkedError(number)
    fields = dict(row._mapping)
    packed = fields.pop("headers")
    pairs = header_list(packed, None) if packed else []
    headers = {name: value.decode(errors="replace") for name, value in pairs}
    return ParkedEvent(headers=headers, **fields)


async def discard(connection: AsyncConnection, table: Table, number: int, *, reason: str, by: str) -> None:
    """Gives up one parked event, for a reason, in the caller's transaction. Raises NotParkedError, ValueError."""
    if not reason.strip():
        raise ValueError("a discard needs a reason")
    if not await _resolve(connection, table, [number], "discarded", by, reason):
        raise NotParkedError(number)


async def redrive(
    open_unit: OpenUnit,
    store: ConsumerStore,
    dispatch: Dispatch,
    *,
    key: str,
    by: str,
    because: str = "",
    note: Note | None = None,
) -> Redriven:
    """Handles a key's parked events again, in order. Raises NotParkedError when the key has none.

    `store` and `dispatch` are the consumer's own, so the events pass through the same reactions. `note` is told of
    each event in the transaction that resolves it, and of the failure that ends the redrive.
    """
    note = note or _nowhere
    table, done = store.tables.parked, 0
    while True:
        number = None
        try:
            async with open_unit() as unit:
                # Before the row: whoever waits for the share must not hold a row that a batch waits for.
                await store.share(unit.connection)
                row = (await unit.connection.execute(_next(table, store.consumer, key))).one_or_none()
                if row is None:
                    break
                number = int(row.number)
                waits_for, resolved = await _redrive_one(unit, store, dispatch, row, by, because)
                await note(unit, resolved)
        except Exception as error:
            heed_cancellation()
            if number is None or is_transient(error):
                raise
            await _note_failure(open_unit, table, number, error, note)
            return Redriven(done, await _left(open_unit, table, store.consumer, key), error=describe(error))
        done += 1
        if waits_for is not None:
            return Redriven(done, 0, waits_for=waits_for)
    if done == 0:
        raise NotParkedError(key)
    return Redriven(done, 0)


async def _redrive_one(
    unit: Any, store: ConsumerStore, dispatch: Dispatch, row: Any, by: str, because: str
) -> tuple[str | None, list[Decided]]:
    """Handles one locked row: the key it now waits for, with everything behind it, or None; and what is resolved."""
    delivery = redelivered(row, dispatch)
    if delivery.error is not None:
        raise ValueError(delivery.error)
    resolved = [Decided(int(row.number), "redriven", int(row.attempts))]

    async def followers() -> Sequence[Delivery]:
        rest = select(*_next_columns(store.tables.parked)).where(
            *_open(store.tables.parked, store.consumer, row.key)
        )
        behind = rest.where(store.tables.parked.c.number > row.number).order_by(store.tables.parked.c.number)
        rows = (await unit.connection.execute(behind.with_for_update())).all()
        resolved.extend(Decided(int(one.number), "redriven", int(one.attempts)) for one in rows)
        return [redelivered(one, dispatch) for one in rows]

    work = Work(store, dispatch, unit, alone=True)
    waits_for = await work.redrive(delivery, followers)
    numbers = [one.number for one in resolved]
    await _resolve(unit.connection, store.tables.parked, numbers, "redriven", by, because)
    return waits_for, resolved


async def _resolve(
    connection: AsyncConnection, table: Table, numbers: Sequence[int], resolution: str, by: str, because: str
) -> int:
    statement = (
        update(table)
        .where(table.c.number.in_(numbers), table.c.resolution.is_(None))
        .values(
            resolution=resolution,
            resolved_by=by,
            resolved_because=because,
            resolved_at=func.clock_timestamp(),
        )
    )
    return (await connection.execute(statement)).rowcount


async def _note_failure(open_unit: OpenUnit, table: Table, number: int, error: Exception, note: Note) -> None:
    statement = (
        update(table)
        .where(table.c.number == number)
        .values(attempts=table.c.attempts + 1, error=describe(error))
        .returning(table.c.attempts)
    )
    async with open_unit() as unit:
        attempts = (await unit.connection.execute(statement)).scalar_one()
        await note(unit, [Decided(number, None, int(attempts), describe(error))])


async def _nowhere(unit: Any, decided: Sequence[Decided]) -> None:
    """For whom the parked rows themselves tell enough."""


async def _left(open_unit: OpenUnit, table: Table, consumer: str, key: str) -> int:
    async with open_unit() as unit:
        statement = select(func.count()).where(*_open(table, consumer, key))
        return int((await unit.connection.execute(statement)).scalar_one())


def _open(table: Table, consumer: str, key: str) -> list[Any]:
    return [table.c.consumer == consumer, table.c.key == key, table.c.resolution.is_(None)]


def _next_columns(table: Table) -> list[Any]:
    names = ("number", "topic", "event_id", "key", "headers", "data", "position", "attempts")
    return [table.c[name] for name in names]


def _next(table: Table, consumer: str, key: str) -> Select[Any]:
    statement = select(*_next_columns(table)).where(*_open(table, consumer, key))
    return statement.order_by(table.c.number).limit(1).with_for_update()
