"""What a consumer keeps in its service's database: inbox, last versions, parked and pending events.

Every call runs in the caller's transaction, at READ COMMITTED: each statement must see what others have committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Insert,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from eventing.delivery import Delivery
from eventing.raw import Composed, driver_of
from eventing.tables import ConsumerTables


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events parked and their keys, events pending, seconds since the oldest of both was put aside (0: none).

    `stopped_because` is None while the consumer may run.
    """

    parked: int
    parked_keys: int
    pending: int
    oldest_seconds: float
    stopped_because: str | None


_KEPT: Mapping[str, TypeEngine[Any]] = {
    "topic": Text(),
    "event_id": Text(),
    "type": Text(),
    "key": Text(),
    "subject": Text(),
    "version": BigInteger(),
    "headers": LargeBinary(),
    "data": LargeBinary(),
    "position": BigInteger(),
}
_PARKED: Mapping[str, TypeEngine[Any]] = {**_KEPT, "reason": Text(), "error": Text(), "attempts": Integer()}
_PENDING: Mapping[str, TypeEngine[Any]] = {**_KEPT, "awaited_key": Text(), "behind": Boolean()}


@dataclass(frozen=True, slots=True)
class Parking:
    """An event to be parked. `reason` is `undecodable`, `failed` or `behind`."""

    delivery: Delivery
    reason: str
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event to be kept pending under `awaited_key`; `behind` when it only queues behind one of its key."""

    delivery: Delivery
    awaited_key: str
    behind: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What a consumer knows of some keys: last versions by (key, aggregate), awaited keys of those pending."""

    versions: dict[tuple[str, str], int]
    awaited: dict[str, str]
    waited_for: set[str]
    """Those of the keys for which pending events wait."""


def _rows(columns: Mapping[str, TypeEngine[Any]]) -> Any:
    """Rows given as one array a column, in the order given: one statement text for any number of rows."""
    arrays: list[ColumnElement[Any]] = [bindparam(name, type_=ARRAY(kind)) for name, kind in columns.items()]
    return func.unnest(*arrays).table_valued(*columns, with_ordinality="place", name="rows").render_derived()


def _insert_rows(table: Table, consumer: str, columns: Mapping[str, TypeEngine[Any]]) -> Insert:
    rows = _rows(columns)
    ordered = select(literal(consumer), *(rows.c[name] for name in columns)).order_by(rows.c.place)
    return insert(table).from_select(["consumer", *columns], ordered, include_defaults=False)


class ConsumerStore:
    """The statements of one consumer, composed once."""

    def __init__(self, tables: ConsumerTables, consumer: str) -> None:
        self.tables = tables
        self.consumer = consumer
        self._keys = bindparam("keys", type_=ARRAY(Text()))
        self._lock_name = func.hashtextextended(f"eventing:consumer:{consumer}", 0)
        # What every batch asks goes to the driver as it is: the layer above would cost more than the statements.
        self._share = Composed.of(select(func.pg_advisory_xact_lock_shared(self._lock_name)))
        self._take = Composed.of(self._compose_take())
        self._parked_keys = Composed.of(self._compose_parked_keys())
        self._known = Composed.of(self._compose_known())
        self._remember = Composed.of(self._compose_remember())
        self._release = self._compose_release()
        self._park = _insert_rows(tables.parked, consumer, _PARKED)
        self._pend = _insert_rows(tables.pending, consumer, _PENDING)

    async def share(self, connection: AsyncConnection) -> None:
        """Marks a batch as under way until its transaction ends; see `exclude`."""
        # The first statement of a batch: sent by the layer above, which begins the transaction with it.
        text, *arguments = self._share.with_()
        await connection.exec_driver_sql(text, tuple(arguments))

    async def exclude(self, connection: AsyncConnection) -> None:
        """Waits until every batch of this consumer that is under way anywhere has ended.

        A batch that keeps an event pending and another that at the same time handles the awaited key cannot see each
        other. Whoever kept one pending looks again behind this lock.
        """
        await connection.execute(select(func.pg_advisory_xact_lock(self._lock_name)))

    async def take(self, connection: AsyncConnection, event_ids: Iterable[str]) -> set[str]:
        """Takes events into the inbox; returns those that were not in it yet."""
        # Sorted, so that two members that took over from each other lock in the same order.
        taking = self._take.with_(event_ids=sorted(set(event_ids)))
        return {row[0] for row in await (await driver_of(connection)).fetch(*taking)}

    async def parked_keys(self, connection: AsyncConnection, keys: Sequence[str]) -> set[str]:
        """Which keys have parked events; those rows cannot be resolved before this transaction ends."""
        driver = await driver_of(connection)
        return {row[0] for row in await driver.fetch(*self._parked_keys.with_(keys=keys))}

    async def known(self, connection: AsyncConnection, keys: Sequence[str]) -> Known:
        """Last versions and awaited keys of these keys."""
        versions: dict[tuple[str, str], int] = {}
        awaited: dict[str, str] = {}
        waited_for: set[str] = set()
        driver = await driver_of(connection)
        for key, aggregate, version, awaited_key in await driver.fetch(*self._known.with_(keys=keys)):
            if aggregate is not None:
                versions[key, aggregate] = version
            elif version is not None:
                waited_for.add(key)
            else:
                awaited[key] = awaited_key
        return Known(versions, awaited, waited_for)

    async def remember(self, connection: AsyncConnection, handled: Sequence[Delivery]) -> None:
        """Raises last versions; never lowers one."""
        newest: dict[tuple[str, str], Delivery] = {}
        for delivery in handled:
            if delivery.version > 0:
                newest[delivery.key, delivery.aggregate] = delivery
        if not newest:
            return
        rows = [newest[place] for place in sorted(newest)]
        remembering = self._remember.with_(
            key=[row.key for row in rows],
            aggregate=[row.aggregate for row in rows],
            version=[row.version for row in rows],
            position=[row.position for row in rows],
        )
        await (await driver_of(connection)).fetch(*remembering)

    async def park(self, connection: AsyncConnection, parkings: Sequence[Parking]) -> None:
        """Parks events in the order given."""
        if not parkings:
            return
        values = _kept([parking.delivery for parking in parkings])
        values["reason"] = [parking.reason for parking in parkings]
        values["error"] = [parking.error for parking in parkings]
        values["attempts"] = [parking.attempts for parking in parkings]
        await connection.execute(self._park, values)

    async def pend(self, connection: AsyncConnection, waiting: Sequence[Waiting]) -> None:
        """Keeps events pending in the order given."""
        if not waiting:
            return
        values = _kept([one.delivery for one in waiting])
        values["awaited_key"] = [one.awaited_key for one in waiting]
        values["behind"] = [one.behind for one in waiting]
        await connection.execute(self._pend, values)

    async def release(self, connection: AsyncConnection, keys: Sequence[str]) -> list[Any]:
        """Takes out the events that waited for these keys, in the order in which they were kept."""
        rows = (await connection.execute(self._release, {"keys": keys})).all()
        return sorted(rows, key=lambda row: int(row.number))

    async def handled_among(self, connection: AsyncConnection, keys: Sequence[str]) -> list[str]:
        """Which of these keys this consumer has ever handled an event of."""
        last = self.tables.last_versions
        statement = (
            select(last.c.key)
            .where(last.c.consumer == self.consumer, last.c.key == any_(self._keys))
            .distinct()
        )
        return list((await connection.execute(statement, {"keys": keys})).scalars())

    async def awaited_keys(self, connection: AsyncConnection) -> list[str]:
        """Every key that some event waits for."""
        pending = self.tables.pending
        statement = select(pending.c.awaited_key).where(pending.c.consumer == self.consumer).distinct()
        return list((await connection.execute(statement)).scalars())

    async def purge(self, connection: AsyncConnection, before: datetime) -> int:
        """Forgets inbox rows taken before a moment; returns how many.

        The moment must lie before everything that a transport may still repeat. Rows of events that are parked or
        pending stay; of what was handled, the last version refuses a repeat (events of foreign publishers without a
        `sequence` have none: for them the transport's retention is the only bound).
        """
        inbox, parked, pending = self.tables.inbox, self.tables.parked, self.tables.pending
        kept = union_all(
            select(parked.c.event_id).where(
                parked.c.consumer == self.consumer, parked.c.resolution.is_(None)
            ),
            select(pending.c.event_id).where(pending.c.consumer == self.consumer),
        )
        statement = delete(inbox).where(
            inbox.c.consumer == self.consumer, inbox.c.received_at < before, inbox.c.event_id.not_in(kept)
        )
        return (await connection.execute(statement)).rowcount

    async def backlog(self, connection: AsyncConnection) -> Backlog:
        """What waits for somebody or something, and whether the consumer is stopped."""
        parked, pending, stops = self.tables.parked, self.tables.pending, self.tables.stops
        open_ones = (parked.c.consumer == self.consumer, parked.c.resolution.is_(None))
        waiting = pending.c.consumer == self.consumer
        oldest = func.least(
            select(func.min(parked.c.parked_at)).where(*open_ones).scalar_subquery(),
            select(func.min(pending.c.pending_since)).where(waiting).scalar_subquery(),
        )
        stopped = select(stops.c.stopped_because).where(
            stops.c.consumer == self.consumer, stops.c.resumed_at.is_(None)
        )
        statement = select(
            select(func.count()).where(*open_ones).scalar_subquery(),
            select(func.count(parked.c.key.distinct())).where(*open_ones).scalar_subquery(),
            select(func.count()).where(waiting).scalar_subquery(),
            func.coalesce(func.extract("epoch", func.clock_timestamp() - oldest), 0),
            stopped.scalar_subquery(),
        )
        events, keys, waits, age, because = (await connection.execute(statement)).one()
        return Backlog(int(events), int(keys), int(waits), float(age), because)

    def _compose_take(self) -> Any:
        inbox = self.tables.inbox
        ids = func.unnest(bindparam("event_ids", type_=ARRAY(Text()))).column_valued("event_id")
        rows = select(literal(self.consumer), ids)
        statement = upsert(inbox).from_select(["consumer", "event_id"], rows, include_defaults=False)
        return statement.on_conflict_do_nothing().returning(inbox.c.event_id)

    def _compose_release(self) -> Any:
        pending = self.tables.pending
        names = ("number", "topic", "event_id", "key", "headers", "data", "position")
        return (
            delete(pending)
            .where(pending.c.consumer == self.consumer, pending.c.awaited_key == any_(self._keys))
            .returning(*(pending.c[name] for name in names))
        )

    def _compose_parked_keys(self) -> Select[Any]:
        parked = self.tables.parked
        return (
            select(parked.c.key)
            .where(
                parked.c.consumer == self.consumer,
                parked.c.key == any_(self._keys),
                parked.c.resolution.is_(None),
            )
            .with_for_update(read=True)
        )

    def _compose_known(self) -> Any:
        last, pending = self.tables.last_versions, self.tables.pending
        nothing = cast(null(), Text)
        versions = select(last.c.key, last.c.aggregate, last.c.version, nothing.label("awaited_key")).where(
            and_(last.c.consumer == self.consumer, last.c.key == any_(self._keys))
        )
        awaited = select(pending.c.key, nothing, cast(null(), BigInteger), pending.c.awaited_key).where(
            and_(pending.c.consumer == self.consumer, pending.c.key == any_(self._keys))
        )
        # Told from the rows above by its version: somebody waits for the key.
        waited_for = select(pending.c.awaited_key, nothing, cast(0, BigInteger), nothing).where(
            and_(pending.c.consumer == self.consumer, pending.c.awaited_key == any_(self._keys))
        )
        return union_all(versions, awaited, waited_for)

    def _compose_remember(self) -> Any:
        last = self.tables.last_versions
        names = ("key", "aggregate", "version", "position")
        rows = _rows(dict(zip(names, (Text(), Text(), BigInteger(), BigInteger()), strict=True)))
        statement = upsert(last).from_select(
            ["consumer", *names],
            select(literal(self.consumer), *(rows.c[name] for name in names)).order_by(rows.c.place),
            include_defaults=False,
        )
        new = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=["consumer", "key", "aggregate"],
            set_={"version": new.version, "position": new.position},
            where=new.version > last.c.version,
        )


def _kept(deliveries: Sequence[Delivery]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {
        name: [getattr(delivery, name) for delivery in deliveries] for name in _KEPT if name != "headers"
    }
    values["headers"] = [delivery.packed_headers() for delivery in deliveries]
    return values
