"""Rebuilding a projection from the topics while its consumer runs, and mending the live tables without a gap.

The consumer's own reactions run on a connection of their own, over temporary copies of the projection's tables and of
the consumer's inbox (`shadows`). What the live consumer has handled is applied and nothing else, in the order of each
key; what it has not handled yet is kept and looked at again. Rounds without any lock come so near to the end that one
last transaction, behind the consumer's exclusive lock, can take the rest, compare both by digest and change what
differs. Readers see what was before or what is after; whoever is killed leaves the live tables as they were.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, Final

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventing import shadows
from eventing.consumer_store import ConsumerStore
from eventing.delivery import Delivery, delivered, may_concern
from eventing.failures import is_transient
from eventing.handling import Work
from eventing.loop import describe, heed_cancellation
from eventing.reactions import Dispatch, Reaction, Unit
from eventing.settled import Settled
from eventing.tables import ConsumerTables
from eventing.transports.port import History

ROWS: Final = 2_000
TAIL: Final = 2_000
"""How many events may be left for the last transaction, in which the consumer waits."""
ROUNDS: Final = 50
HELD: Final = 200_000
"""How many events that the live consumer has not handled are kept in memory."""
PAUSE_SECONDS: Final = 0.2


class ReplayRefusedError(RuntimeError):
    """The projection cannot be rebuilt as things are; the message says why. The live tables are as they were."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did. `applied`: events through reactions; `mended`: rows of the live tables that were changed."""

    read: int
    applied: int
    rows: int
    mended: int
    digest_before: str
    digest: str
    seconds: float

    @property
    def equal(self) -> bool:
        """Whether the live tables were already what the topics say."""
        return self.digest_before == self.digest


Progress = Callable[[int, int], Awaitable[None]]
Concluded = Callable[[Any, Replayed], Awaitable[None]]


async def _silent(done: int, total: int) -> None:
    """For whom nobody watches."""


async def _unnoted(unit: Any, replayed: Replayed) -> None:
    """For whom the answer tells enough."""


class _ShadowStore(ConsumerStore):
    """Of an event with a version the last version tells whether it came before; only others need the inbox."""

    def __init__(self, tables: ConsumerTables, consumer: str) -> None:
        super().__init__(tables, consumer)
        self.unversioned: set[str] = set()

    async def take(self, connection: AsyncConnection, event_ids: Iterable[str]) -> set[str]:
        """See ConsumerStore."""
        ids = set(event_ids)
        asked = ids & self.unversioned
        return (ids - asked) | (await super().take(connection, asked) if asked else set())


class Replay:
    """One rebuilding of some tables of one consumer. `history` begins at the beginning of the consumer's topics.

    `unit_on` makes of a connection what the reactions are given. `progress` hears how many records were read, of how
    many; `concluded` runs in the last transaction, and what it raises undoes all of it.
    """

    def __init__(
        self,
        consumer: str,
        consumed: ConsumerTables,
        *,
        tables: Sequence[Table],
        reactions: Sequence[Reaction],
        history: History,
        unit_on: Callable[[AsyncConnection], Unit],
        progress: Progress = _silent,
        concluded: Concluded = _unnoted,
    ) -> None:
        self._tables = tuple(tables)
        self._own = (consumed.inbox, consumed.last_versions, consumed.parked, consumed.pending)
        self._consumed = consumed
        self._store = _ShadowStore(consumed, consumer)
        self._dispatch = Dispatch.of(reactions)
        self._history = history
        self._unit_on = unit_on
        self._progress = progress
        self._concluded = concluded
        self._settled = Settled(consumer, consumed)
        self._held: list[Delivery] = []
        self._unsettled: set[str] = set()
        self._read = self._applied = 0

    async def run(self, engine: AsyncEngine) -> Replayed:
        """Rebuilds, compares and mends. `engine` is used by nobody else. Raises ReplayRefusedError."""
        began = monotonic()
        async with engine.connect() as connection:
            async with connection.begin():
                await shadows.make(connection, [*self._own, *self._tables])
            try:
                for _ in range(ROUNDS):
                    await self._round(connection)
                    if len(self._held) <= TAIL and await self._history.ahead() <= TAIL:
                        break
                    await asyncio.sleep(PAUSE_SECONDS)
                return await self._conclude(connection, began)
            finally:
                # The copies go with the connection; in a pool they would stand before the live tables for ever.
                await connection.invalidate()

    async def _conclude(self, connection: AsyncConnection, began: float) -> Replayed:
        async with connection.begin():
            await self.exclude(connection)
            await self._round(connection)
            await self._refuse_put_aside(connection)
            before = await shadows.content(connection, [shadows.live(table) for table in self._tables])
            rebuilt = await shadows.content(connection, self._tables)
            mended = 0
            if before != rebuilt:
                mended = sum([await shadows.mend(connection, table) for table in self._tables])
            replayed = Replayed(
                self._read, self._applied, rebuilt.rows, mended, before.digest, rebuilt.digest, monotonic() - began
            )  # fmt: skip
            await self._concluded(self._unit_on(connection), replayed)
        return replayed

    async def exclude(self, connection: AsyncConnection) -> None:
        """Waits for the consumer's batches under way and keeps new ones waiting, until the transaction ends."""
        await self._store.exclude(connection)

    async def settled(self, connection: AsyncConnection, deliveries: Sequence[Delivery]) -> dict[str, bool]:
        """What the live consumer is done with, by id: True where it handled it, False where it was given up."""
        return await self._settled.among(connection, deliveries)

    async def _round(self, connection: AsyncConnection) -> None:
        """What is kept, then what lies ahead, to the end as of now."""
        kept, self._held = iter(self._held), []
        self._unsettled.clear()
        while again := list(islice(kept, ROWS)):
            await self._take(connection, again)
        total = self._read + await self._history.ahead()
        async with aclosing(self._decoded()) as decoded:
            # While PostgreSQL takes one batch the next is read and decoded.
            ahead = asyncio.create_task(anext(decoded, None))
            try:
                while batch := await ahead:
                    ahead = asyncio.create_task(anext(decoded, None))
                    read, deliveries = batch
                    await self._take(connection, deliveries)
                    self._read += read
                    await self._progress(self._read, max(total, self._read))
            finally:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def _decoded(self) -> AsyncGenerator[tuple[int, list[Delivery]], None]:
        """What lies ahead up to the end as of now: how many records, and those of them that concern somebody here."""
        async with aclosing(self._history.to_end(ROWS)) as found:
            async for records in found:
                concerning = [r for r in records if may_concern(r, self._dispatch)]
                yield len(records), [delivered(r, self._dispatch) for r in concerning]

    async def _take(self, connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        async with _transaction(connection):
            settled = await self.settled(connection, deliveries)
        ready = []
        for delivery in deliveries:
            if delivery.key in self._unsettled or delivery.event_id not in settled:
                # Later ones of its key wait with it, or they would overtake it.
                self._unsettled.add(delivery.key)
                self._held.append(delivery)
            elif settled[delivery.event_id]:
                ready.append(delivery)
        if len(self._held) > HELD:
            raise ReplayRefusedError(f"the consumer is more than {HELD} events behind: let it catch up first")
        if ready:
            await self._apply(connection, ready)

    async def _apply(self, connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._work(connection, deliveries, alone=False)
        except Exception as error:
            heed_cancellation()
            if is_transient(error):
                raise
            for delivery in deliveries:
                await self._alone(connection, delivery)

    async def _alone(self, connection: AsyncConnection, delivery: Delivery) -> None:
        try:
            await self._work(connection, [delivery], alone=True)
        except Exception as error:
            heed_cancellation()
            if is_transient(error):
                raise
            raise ReplayRefusedError(f"event {delivery.event_id} fails: {describe(error)}") from error

    async def _work(
        self, connection: AsyncConnection, deliveries: Sequence[Delivery], *, alone: bool
    ) -> None:
        async with _transaction(connection):
            self._store.unversioned = {one.event_id for one in deliveries if one.version <= 0}
            work = Work(self._store, self._dispatch, self._unit_on(connection), alone=alone)
            await work.take(deliveries)
        self._applied += len(work.handled)

    async def _refuse_put_aside(self, connection: AsyncConnection) -> None:
        """What the live consumer handled must not wait or fail here: something else is damaged then."""
        for table, why in ((self._consumed.parked, "fail"), (self._consumed.pending, "wait for another key")):
            query = select(func.count(), func.min(table.c.event_id)).select_from(table)
            number, first = (await connection.execute(query)).one()
            if number:
                raise ReplayRefusedError(
                    f"{number} events that were handled would now {why}, the first is {first}"
                )


def _transaction(connection: AsyncConnection) -> Any:
    return connection.begin_nested() if connection.in_transaction() else connection.begin()
