"""Backbones with one protection taken away each: the same storm must find exactly the fault it prevents."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.consumer_store import ConsumerStore, Known
from eventing.consuming import Consumer
from eventing.delivery import Delivery
from eventing.envelope import Envelope, packed_headers
from eventing.intake import Taken
from eventing.raw import raw_connection
from eventing.shipping import Shipper
from eventing.transports.port import Record, Transport
from storm.backbone import Backbone, Lagging, MakeTransport, Runner

COLUMNS = ("event_id", "type", "key", "subject", "version", "headers", "data")


class Rounds:
    """Calls `round` until stopped, as a sequencer does; a batch a transaction."""

    def __init__(self, world: Any, round_: Callable[[AsyncConnection], Any]) -> None:
        self._world = world
        self._round = round_
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        while not self._stopping:
            async with self._world.engine.begin() as connection:
                await self._round(connection)
            await asyncio.sleep(0.002)


class NaiveCursor(Backbone):
    """What many outboxes do: copy what lies behind the last number seen."""

    def sequencer(self) -> Runner:
        return Rounds(self.world, self._copy)

    async def _copy(self, connection: AsyncConnection) -> None:
        outbox, log = self.world.publisher.outbox, self.world.publisher.log
        last = select(func.coalesce(func.max(log.c.position), 0)).scalar_subquery()
        behind = select(outbox.c.seq, *(outbox.c[name] for name in COLUMNS)).where(outbox.c.seq > last)
        found = (await connection.execute(behind.order_by(outbox.c.seq).limit(30))).all()
        if found:
            rows = [dict(zip(("position", *COLUMNS), row, strict=True)) for row in found]
            await connection.execute(insert(log), rows)


class XminGate(Backbone):
    """Waits for all older transactions and goes by (transaction id, number); otherwise the sequencer as it is."""

    idle = 0
    """Rounds in a row that saw committed rows and might not take them."""

    async def prepare(self, transport: MakeTransport) -> None:
        async with self.world.engine.begin() as connection:
            await connection.exec_driver_sql(
                "alter table outbox add column txid xid8 not null default pg_current_xact_id()"
            )

    def given_up(self) -> bool:
        return self.place.holding and self.idle >= 20

    def sequencer(self) -> Runner:
        return Rounds(self.world, self._move)

    async def _move(self, connection: AsyncConnection) -> None:
        moved = (await connection.execute(MOVE_BEHIND_XMIN)).rowcount
        waits = moved == 0 and bool(await self.world.count_in(connection, self.world.publisher.outbox))
        self.idle = self.idle + 1 if waits else 0


MOVE_BEHIND_XMIN = text(
    """
    with moved as (
      delete from outbox where seq in (
        select seq from outbox where txid < pg_snapshot_xmin(pg_current_snapshot()) order by txid, seq limit 30
      ) returning *
    )
    insert into event_log (position, event_id, type, key, subject, version, headers, data)
    select (select coalesce(max(position), 0) from event_log) + row_number() over (order by txid, seq),
           event_id, type, key, subject, version, headers, data
    from moved
    """
)


class XminGateUnguarded(XminGate):
    """The same, before consumers that know no last version: what comes late is done late. One event a batch."""

    def consumer(self, transport: Transport) -> Consumer:
        return _with_store(super().consumer(transport), _NoVersions)


class PublishedBehindCommit(Backbone):
    """No outbox: the writer commits and then sends by itself."""

    logs = False
    _sender: Transport

    async def prepare(self, transport: MakeTransport) -> None:
        self._sender = await transport()
        self._positions = count(1)

    async def emit(self, connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        """Nothing yet."""

    async def committed(self, envelopes: Sequence[Envelope]) -> None:
        await self._send(envelopes)

    async def _send(self, envelopes: Sequence[Envelope]) -> None:
        records = [Record(next(self._positions), e.key, packed_headers(e), e.data) for e in envelopes]
        await self._sender.publish(self.world.topic, records)


class PublishedWithinTransaction(PublishedBehindCommit):
    """No outbox: the writer sends before it commits."""

    async def emit(self, connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        await self._send(envelopes)

    async def committed(self, envelopes: Sequence[Envelope]) -> None:
        """Nothing more."""


class OffsetsFirst(Backbone):
    """A consumer that tells the broker before it has done anything."""

    def consumer(self, transport: Transport) -> Consumer:
        return self.made(_Hasty, transport)


class InboxBefore(Backbone):
    """A consumer whose inbox is committed before the effect."""

    def consumer(self, transport: Transport) -> Consumer:
        consumer = _with_store(super().consumer(transport), _InboxBefore)
        consumer.store.world = self.world
        return consumer


class MemoryAfterwards(Backbone):
    """A consumer whose inbox and last versions are committed behind the effect."""

    def consumer(self, transport: Transport) -> Consumer:
        consumer = _with_store(self.made(_Forgetful, transport), _MemoryAfterwards)
        consumer.world = self.world
        return consumer


class CursorSet(Backbone):
    """A shipper that sets its cursor whatever it has become meanwhile."""

    @property
    def shipper_class(self) -> type[Shipper]:
        return _Setting


class CursorRaised(Backbone):
    """A shipper that raises its cursor by what it has sent, whatever it has become meanwhile.

    The slow one of them ends with its first batch: otherwise the cursor would run further ahead for ever.
    """

    def shipper(self, transport: Transport, number: int) -> Runner:
        return (
            _Retired() if number == 0 and self.place.lagged.is_set() else super().shipper(transport, number)
        )

    @property
    def shipper_class(self) -> type[Shipper]:
        return _Raising


def _with_store(consumer: Any, store: type[ConsumerStore]) -> Any:
    consumer.store = store(consumer.store.tables, consumer.name)
    return consumer


class _NoVersions(ConsumerStore):
    async def known(self, connection: AsyncConnection, keys: Sequence[str]) -> Known:
        return replace(await super().known(connection, keys), versions={})


class _Hasty(Consumer):
    async def _handle(self, taken: Taken) -> bool:
        intake: Any = self._intake
        await intake.subscription.commit(taken.batch)
        await intake.subscription._commit_handled()
        return await super()._handle(taken)


class _InboxBefore(ConsumerStore):
    world: Any

    async def take(self, connection: AsyncConnection, event_ids: Iterable[str]) -> set[str]:
        async with self.world.engine.begin() as own:
            return await super().take(own, event_ids)


class _MemoryAfterwards(ConsumerStore):
    """Looks into the inbox, and writes down what was done only when it is told to."""

    done: list[Delivery]

    async def take(self, connection: AsyncConnection, event_ids: Iterable[str]) -> set[str]:
        self.done = []
        wanted, inbox = set(event_ids), self.tables.inbox
        taken = select(inbox.c.event_id).where(inbox.c.consumer == self.consumer)
        known = await connection.execute(taken.where(inbox.c.event_id.in_(wanted)))
        return wanted - set(known.scalars())

    async def remember(self, connection: AsyncConnection, handled: Sequence[Delivery]) -> None:
        self.done += handled

    async def write_down(self, connection: AsyncConnection) -> None:
        done, self.done = self.done, []
        await super().take(connection, [delivery.event_id for delivery in done])
        await super().remember(connection, done)


class _Forgetful(Consumer):
    world: Any
    store: Any

    async def _take(self, deliveries: Sequence[Delivery], outcomes: Any, *, alone: bool) -> list[bool]:
        verdicts = await super()._take(deliveries, outcomes, alone=alone)
        async with self.world.engine.begin() as own:
            await self.store.write_down(own)
        return verdicts


class _Setting(Shipper):
    async def _move(self, held: int, to: int) -> bool:
        async with raw_connection(self._engine) as connection:
            await connection.execute("update cursors set position = $1 where name = $2", to, self._name)
        return True


class _Retired:
    """Runs and does nothing."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        await self._stopped.wait()

    def stop(self) -> None:
        self._stopped.set()


class _Raising(Shipper):
    async def _move(self, held: int, to: int) -> bool:
        if isinstance(self._transport, Lagging):
            self.stop()
        raised = "update cursors set position = position + $1 where name = $2"
        async with raw_connection(self._engine) as connection:
            await connection.execute(raised, to - held, self._name)
        return True
