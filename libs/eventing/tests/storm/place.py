"""Where it storms: one service's database with what the checker needs beside it, and a second database.

`ledger` is the truth: each event's row is written in the event's own transaction, so PostgreSQL itself says what was
committed, also of a writer that was killed. `cursor_moves` is written by a trigger.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from eventing.envelope import Envelope
from storm.findings import Fact, Observed, State
from storm.weather import Weather

NOTE_MOVES = (
    """create function note_move() returns trigger language plpgsql as $$
    begin
      insert into cursor_moves (before, after) values (old.position, new.position);
      return new;
    end $$""",
    "create trigger note_move after update on cursors for each row execute function note_move()",
)


@dataclass
class Unit:
    """A consumer's transaction, which knows whether anything was done in it."""

    connection: AsyncConnection
    effects: int = 0


class Place:
    """One storm's database. `world` is the service of the fixtures; `url` and `elsewhere` address the databases."""

    def __init__(self, world: Any, weather: Weather, url: str, elsewhere: str) -> None:
        self.world = world
        self.weather = weather
        self.chance = random.Random(weather.seed)
        # Writers wait for each other's locks: they must not keep those who move events from their connections.
        self.engine = create_async_engine(url, pool_size=weather.writers + 8, max_overflow=0)
        self.elsewhere: AsyncEngine = create_async_engine(elsewhere, pool_size=2)
        metadata = MetaData()
        self.ledger = Table(
            "ledger",
            metadata,
            Column("event_id", Text, primary_key=True),
            Column("key", Text, nullable=False),
            Column("version", BigInteger, nullable=False),
            Column("value", BigInteger, nullable=False),
        )
        self.states = Table(
            "states",
            metadata,
            Column("key", Text, primary_key=True),
            Column("number", BigInteger, nullable=False),
            Column("total", BigInteger, nullable=False),
            Column("last", BigInteger, nullable=False),
        )
        self.moves = Table(
            "cursor_moves",
            metadata,
            Column("number", BigInteger, Identity(), primary_key=True),
            Column("before", BigInteger, nullable=False),
            Column("after", BigInteger, nullable=False),
        )
        self._metadata = metadata
        self.batches = 0
        self.deaths = 0
        self.holding = False
        """Transactions are held open."""
        self.written = asyncio.Event()
        """No writer writes any more: nobody is killed from now on."""
        self.calm = asyncio.Event()
        """All that was waited for has come: everybody may stop."""
        self.lagged = asyncio.Event()
        """A slow shipper was passed by its rival in the middle of a batch."""

    async def prepare(self) -> None:
        """Makes the tables and the trigger."""
        async with self.engine.begin() as connection:
            await connection.run_sync(self._metadata.create_all)
            for statement in NOTE_MOVES:
                await connection.exec_driver_sql(statement)

    async def leave(self) -> None:
        """Closes the connections."""
        await self.engine.dispose()
        await self.elsewhere.dispose()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """A consumer's transaction; in some batches the consumer dies right before or right behind the commit."""
        async with self.world.engine.begin() as connection:
            unit = Unit(connection)
            yield unit
            if unit.effects:
                self.batches += 1
                batch = self.batches
                await self._die_if(batch in self.weather.dies_before)
        if unit.effects:
            await self._die_if(batch in self.weather.dies_behind)

    async def _die_if(self, so: bool) -> None:
        if so:
            self.deaths += 1
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    async def effect(self, unit: Unit, envelope: Envelope, value: int) -> None:
        """What an event does: it is written down, and its key's state changed."""
        unit.effects += 1
        await self.world.effect(unit.connection, envelope)
        new = upsert(self.states).values(key=envelope.key, number=1, total=value, last=value)
        new = new.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "number": self.states.c.number + 1,
                "total": self.states.c.total + value,
                "last": value,
            },
        )
        await unit.connection.execute(new)
        if unit.effects == 1 and self.chance.random() < self.weather.slow:
            await asyncio.sleep(self.chance.random() * 0.2)

    async def without_effect(self) -> set[str]:
        """Committed events that have had no effect yet."""
        effects = self.world.effects
        missing = select(self.ledger.c.event_id).where(
            self.ledger.c.event_id.not_in(select(effects.c.event_id))
        )
        async with self.engine.connect() as connection:
            return set((await connection.execute(missing)).scalars())

    async def with_effect(self, event_ids: set[str]) -> set[str]:
        """Those of the events that have had their effect."""
        return await self._among(self.world.effects, event_ids)

    async def in_log(self, event_id: str) -> bool:
        """Whether the event has its position."""
        return bool(await self._among(self.world.publisher.log, {event_id}))

    async def _among(self, table: Table, event_ids: set[str]) -> set[str]:
        found = select(table.c.event_id).where(table.c.event_id.in_(event_ids))
        async with self.engine.connect() as connection:
            return set((await connection.execute(found)).scalars())

    async def send_again(self) -> None:
        """Forgets how far the shippers had come: all of the log is sent once more."""
        cursors = self.world.publisher.cursors
        async with self.engine.begin() as connection:
            await connection.execute(cursors.delete())

    async def cursor(self) -> int:
        """How far the shippers are."""
        cursors = self.world.publisher.cursors
        async with self.engine.connect() as connection:
            return int(
                (
                    await connection.execute(select(func.coalesce(func.max(cursors.c.position), 0)))
                ).scalar_one()
            )

    async def observed(self, waiting: set[str], broken: list[str]) -> Observed:
        """All that the checker looks at."""
        log, effects = self.world.publisher.log, self.world.effects
        async with self.engine.connect() as connection:

            async def rows(*columns: Any, by: Any) -> list[Any]:
                return [tuple(row) for row in await connection.execute(select(*columns).order_by(by))]

            ledger, states = self.ledger.c, self.states.c
            return Observed(
                ledger=[Fact(*row) for row in await rows(*ledger, by=ledger.event_id)],
                log=await rows(log.c.position, log.c.event_id, log.c.key, log.c.version, by=log.c.position),
                effects=await rows(effects.c.event_id, effects.c.key, effects.c.version, by=effects.c.number),
                states={key: State(*state) for key, *state in await rows(*states, by=states.key)},
                moves=await rows(self.moves.c.before, self.moves.c.after, by=self.moves.c.number),
                waiting=frozenset(waiting),
                parked=await self.world.count_in(connection, self.world.consumer.parked),
                broken=broken,
            )


async def write_down(connection: AsyncConnection, place: Place, key: str, value: int) -> Envelope:
    """Bumps an aggregate's version and notes the event in the ledger; how the event leaves is the backbone's."""
    things = place.world.things
    raised = upsert(things).values(id=key, version=1)
    raised = raised.on_conflict_do_update(index_elements=["id"], set_={"version": things.c.version + 1})
    version = (await connection.execute(raised.returning(things.c.version))).scalar_one()
    envelope: Envelope = place.world.envelope(key, version, value)
    fact = Fact(envelope.id, key, version, value)
    await connection.execute(insert(place.ledger).values(fact._asdict()))
    return envelope
