"""Who writes: random transactions, three that are scripted, and those that stay open."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventing.envelope import Envelope
from eventing.transports.kafka.partitioning import partition_of
from storm.backbone import Backbone
from storm.place import Place, write_down


@dataclass
class Writers:
    """Random writers on one place, through one backbone."""

    place: Place
    backbone: Backbone
    rolled_back: int = 0
    undone: int = 0
    killed: int = 0
    unsent: set[str] = field(default_factory=set)
    """Events whose writer died right behind its commit."""

    async def write(self, chance: random.Random) -> None:
        """One writer's transactions, some of them killed in their midst."""
        for _ in range(self.place.weather.transactions):
            writing = asyncio.create_task(self._transaction(chance))
            if chance.random() < self.place.weather.killed:
                await asyncio.sleep(chance.random() * 0.03)
                self.killed += writing.cancel()
            (outcome,) = await asyncio.gather(writing, return_exceptions=True)
            if isinstance(outcome, Exception):
                raise outcome
            await asyncio.sleep(chance.random() * 0.01)

    async def _transaction(self, chance: random.Random) -> None:
        weather = self.place.weather
        async with self.place.engine.connect() as connection:
            if chance.random() < weather.early:
                await take_xid(connection)
                await asyncio.sleep(chance.random() * 0.03)
            made = await self._changes(connection, chance)
            if chance.random() < weather.rolled_back:
                await connection.rollback()
                self.rolled_back += len(made)
                return
            await connection.commit()
        if chance.random() < weather.unsent:
            self.unsent |= {envelope.id for envelope in made}
        else:
            await self.backbone.committed(made)

    async def _changes(self, connection: AsyncConnection, chance: random.Random) -> list[Envelope]:
        weather, made = self.place.weather, []
        # In one order, as the unit of work locks them: a deadlock would only cost its second.
        for number in sorted(chance.choices(range(weather.things), k=chance.randint(1, weather.most_events))):
            savepoint = await connection.begin_nested() if chance.random() < weather.savepoints else None
            envelope = await self.change(connection, f"thing-{number:02}", chance.randint(1, 1000))
            if savepoint is not None and chance.random() < 0.5:
                await savepoint.rollback()
                self.undone += 1
                continue
            made.append(envelope)
            if chance.random() < weather.lingers:
                await asyncio.sleep(chance.random() * 0.02)  # its number is drawn, its commit is not near
        return made

    async def change(self, connection: AsyncConnection, key: str, value: int = 1) -> Envelope:
        """One change with its event."""
        envelope = await write_down(connection, self.place, key, value)
        await self.backbone.emit(connection, [envelope])
        return envelope

    async def publish(self, *keys: str) -> list[Envelope]:
        """One change of each key in one transaction, and what comes behind its commit."""
        async with self.place.engine.begin() as connection:
            made = [await self.change(connection, key) for key in sorted(keys)]
        await self.backbone.committed(made)
        return made

    async def scripted(self) -> None:
        """The three interleavings that matter most, in every storm and without chance."""
        await self._lower_number_commits_later()
        await self._lower_xid_writes_later()
        await self._done_again_after_a_rollback()

    async def _lower_number_commits_later(self) -> None:
        async with self.place.engine.connect() as slow:
            first = await self.change(slow, "slow")
            (passing,) = await self.publish("passing")
            # The later number is in the log while the lower one is not committed.
            while self.backbone.logs and not await self.place.in_log(passing.id):
                if self.backbone.given_up():
                    break
                await asyncio.sleep(0.01)
            await slow.commit()
        await self.backbone.committed([first])

    async def _lower_xid_writes_later(self) -> None:
        async with self.place.engine.connect() as early:
            await take_xid(early)
            await self.publish("turned")
            second = await self.change(early, "turned", 1000)
            await early.commit()
        await self.backbone.committed([second])

    async def _done_again_after_a_rollback(self) -> None:
        async with self.place.engine.connect() as connection:
            await self.change(connection, "again", 1000)
            await connection.rollback()
        await self.publish("again")

    @asynccontextmanager
    async def held_open(self) -> AsyncIterator[None]:
        """Transactions that stay open, each with an id of its own, here and in another database of the cluster.

        One here has read, one has written an event and commits it at the end, one has written and rolls it back.
        """
        async with AsyncExitStack() as open_ones:

            async def connected(engine: AsyncEngine) -> AsyncConnection:
                connection = await open_ones.enter_async_context(engine.connect())
                await take_xid(connection)
                return connection

            await connected(self.place.elsewhere)
            if self.place.weather.held_here:
                await connected(self.place.engine)
                await self.change(await connected(self.place.engine), "never")
                commits = await connected(self.place.engine)
                late = await self.change(commits, "late")
            self.place.holding = True
            yield
            self.place.holding = False
            if self.place.weather.held_here:
                await commits.commit()
                await self.backbone.committed([late])

    async def mark(self, partitions: int) -> set[str]:
        """An event for each partition, in one transaction: what was committed before is not behind it."""
        keys: dict[int, str] = {}
        number = 0
        while len(keys) < partitions:
            number += 1
            keys.setdefault(partition_of(f"mark-{number}", partitions), f"mark-{number}")
        return {envelope.id for envelope in await self.publish(*keys.values())}


async def take_xid(connection: AsyncConnection) -> None:
    """Draws the transaction id now, as any first write would."""
    await connection.execute(select(func.pg_current_xact_id()))
