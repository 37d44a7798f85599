"""A projection rebuilt from its topic while the consumer runs: equal, mended where it was damaged, never with a gap."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from eventing import shadows
from eventing.envelope import Envelope
from eventing.parked import discard
from eventing.reactions import Reaction, reactions_of, reacts_to
from eventing.replaying import Replay, Replayed, ReplayRefusedError
from eventing.transports.local import LocalTransport

pytestmark = pytest.mark.kafka
CONSUMER = "c"


@dataclass
class Kept:
    """A world with a projection that shows what is lost, doubled or out of order: the trail of every key."""

    world: Any
    transport: Any
    table: Table
    reactions: Sequence[Reaction]
    refused: set[int] = field(default_factory=set)

    async def started(self) -> None:
        consumer = self.world.consumer_of(self.transport, CONSUMER, self.reactions)
        self.world.start(self.world.sequencer(), self.world.shipper(self.transport), consumer)

    async def trails(self) -> dict[str, str]:
        async with self.world.engine.connect() as connection:
            return {row.key: row.trail for row in await connection.execute(select(self.table))}

    async def told(self) -> dict[str, str]:
        """What the log says that the trails must be."""
        found: dict[str, str] = defaultdict(str)
        log = self.world.publisher.log
        async with self.world.engine.connect() as connection:
            for row in await connection.execute(select(log.c.key, log.c.version).order_by(log.c.position)):
                found[row.key] += f"{row.version},"
        return dict(found)

    async def settled(self) -> bool:
        """Whether the consumer has done all that was written."""
        return (
            await self.world.count(self.world.publisher.outbox) == 0
            and await self.trails() == await self.told()
        )

    async def replayed(self, kind: type[Replay] = Replay, **options: Any) -> Replayed:
        history = await self.transport.history([self.world.topic])
        engine = create_async_engine(self.world.engine.url, pool_size=1)
        replay = kind(
            CONSUMER, self.world.consumer, tables=[self.table], reactions=self.reactions,
            history=options.pop("seen", lambda given: given)(history), unit_on=_Unit, **options,
        )  # fmt: skip
        try:
            async with asyncio.timeout(120):
                return await replay.run(engine)
        finally:
            await history.close()
            await engine.dispose()

    async def step_back(self, steps: int) -> None:
        """The shipper sends again what it had sent."""
        cursors = self.world.publisher.cursors
        back = text("greatest(position - :steps, 0)").bindparams(steps=steps)
        async with self.world.engine.begin() as connection:
            await connection.execute(update(cursors).values(position=back))


@dataclass
class _Unit:
    connection: AsyncConnection


@pytest.fixture(params=["local", "kafka"])
async def kept(
    request: pytest.FixtureRequest,
    world: Any,
    local: LocalTransport,
    kafka_transport: Callable[[], Any],
    tools: Any,
) -> Kept:
    table = Table(
        "trails",
        MetaData(),
        Column("key", Text, primary_key=True),
        Column("trail", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
    )
    async with world.engine.begin() as connection:
        await connection.run_sync(table.metadata.create_all)
    local.keep(world.topic, world.engine, world.publisher.log)
    refused: set[int] = set()

    @reacts_to(tools.Event)
    async def leave_a_trail(event: Any, envelope: Envelope, unit: Any) -> None:
        if event.value in refused:
            raise ValueError("refused")
        step = f"{envelope.version},"
        statement = insert(table).values(key=envelope.key, trail=step, version=envelope.version)
        longer = {"trail": table.c.trail + step, "version": envelope.version}
        await unit.connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=longer))

    transport = local if request.param == "local" else await kafka_transport()
    return Kept(world, transport, table, reactions_of(leave_a_trail), refused)


async def _write(kept: Kept, seed: int, transactions: int) -> None:
    chance = random.Random(seed)
    for _ in range(transactions):
        await kept.world.publish(*sorted(chance.sample("abcdefgh", chance.randint(1, 5))))


async def _written(kept: Kept, tools: Any, transactions: int = 30, seed: int = 1) -> None:
    await kept.started()
    await _write(kept, seed, transactions)
    await tools.eventually(kept.settled, 60)


@pytest.mark.parametrize("seed", [3, 4, 5])
async def test_rebuilt_equals_live(kept: Kept, tools: Any, seed: int) -> None:
    """Random histories, with repeats and steps back in the topic; what is right is not touched."""
    await kept.started()
    for part in range(3):
        await _write(kept, seed * 10 + part, 12)
        await tools.eventually(kept.settled, 60)
        await kept.step_back(random.Random(seed).randint(1, 40))
    seen: list[tuple[int, int]] = []

    async def progress(done: int, total: int) -> None:
        seen.append((done, total))

    replayed = await kept.replayed(progress=progress)
    told = await kept.told()
    assert (replayed.equal, replayed.mended, replayed.rows) == (True, 0, len(told))
    assert replayed.applied == sum(trail.count(",") for trail in told.values())
    assert seen[-1] == (replayed.read, replayed.read)
    assert replayed.read >= replayed.applied
    assert await kept.trails() == told


async def test_a_damaged_table_is_mended(kept: Kept, tools: Any) -> None:
    """Rows that are gone, changed or made up; the others stay the very rows that they were."""
    await _written(kept, tools)
    async with kept.world.engine.begin() as connection:
        await connection.execute(delete(kept.table).where(kept.table.c.key == "a"))
        await connection.execute(update(kept.table).where(kept.table.c.key == "b").values(trail="9,"))
        await connection.execute(insert(kept.table).values(key="zz", trail="1,", version=1))
    places = select(kept.table.c.key, text("ctid::text"))
    async with kept.world.engine.connect() as connection:
        before = dict((await connection.execute(places)).tuples().all())
    replayed = await kept.replayed()
    assert (replayed.equal, replayed.mended) == (False, 3)
    assert await kept.trails() == await kept.told()
    async with kept.world.engine.connect() as connection:
        after = dict((await connection.execute(places)).tuples().all())
        assert (await shadows.content(connection, [kept.table])).digest == replayed.digest
    assert {key: at for key, at in after.items() if key not in "ab"} == {
        key: at for key, at in before.items() if key not in ("b", "zz")
    }
    assert (await kept.replayed()).equal


async def test_writers_and_readers_go_on_meanwhile(kept: Kept, tools: Any) -> None:
    """Nothing written during the rebuilding is lost or doubled, and a reader never sees a table with a gap."""
    await _written(kept, tools)
    async with kept.world.engine.begin() as connection:
        await connection.execute(update(kept.table).where(kept.table.c.key == "b").values(trail=""))
    going, seen = True, []

    async def write() -> None:
        seed = 100
        while going:
            await _write(kept, seed, 1)
            seed += 1

    async def read() -> None:
        while going:
            seen.append(set(await kept.trails()))
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(write()), asyncio.create_task(read())]
    try:
        outcomes = [await kept.replayed() for _ in range(3)]
    finally:
        going = False
        await asyncio.gather(*tasks)
    await tools.eventually(kept.settled, 60)
    assert [outcome.equal for outcome in outcomes] == [False, True, True]
    assert seen
    assert all(keys == set("abcdefgh") for keys in seen)
    assert (await kept.replayed()).equal


async def test_killed_in_the_middle_it_leaves_nothing(kept: Kept, tools: Any) -> None:
    """Broken off while it reads and in the very last transaction: the live table, damaged as it was, is untouched."""
    await _written(kept, tools)
    async with kept.world.engine.begin() as connection:
        await connection.execute(update(kept.table).values(trail="damaged"))
    before = await kept.trails()

    async def fall(*_: Any) -> None:
        raise ConnectionAbortedError("killed")

    for broken in ({"progress": fall}, {"concluded": fall}):
        with pytest.raises(ConnectionAbortedError):
            await kept.replayed(**broken)
        assert await kept.trails() == before
    await kept.world.publish("a")  # the consumer is not locked out

    async def goes_on() -> bool:
        return (await kept.trails())["a"] != "damaged"

    await tools.eventually(goes_on, 60)
    left = text("select count(*) from pg_class where relpersistence = 't' and relkind = 'r'")
    async with kept.world.engine.connect() as connection:

        async def nothing() -> bool:
            return await connection.scalar(left) == 0

        await tools.eventually(nothing, 60)


async def test_what_was_given_up_stays_given_up(kept: Kept, tools: Any) -> None:
    """A parked event is not applied, nor what queues behind it; a discarded one never is."""
    kept.refused.add(666)
    await kept.started()
    await kept.world.publish("a", "b")
    async with kept.world.engine.begin() as connection:
        await kept.world.change(connection, "a", 666)
    await kept.world.publish("a", "b")

    async def parked() -> bool:
        return await kept.world.count(kept.world.consumer.parked) == 2

    await tools.eventually(parked, 60)

    async def as_it_stands() -> bool:
        return await kept.trails() == {"a": "1,", "b": "1,2,"}

    await tools.eventually(as_it_stands, 60)
    kept.refused.clear()
    assert (await kept.replayed()).equal
    async with kept.world.engine.begin() as connection:
        first = await connection.scalar(text("select min(number) from parked_events"))
        await discard(connection, kept.world.consumer.parked, first, reason="a test", by="tester")
    assert (await kept.replayed()).equal
    assert await as_it_stands()


async def test_an_event_that_fails_now_ends_it(kept: Kept, tools: Any) -> None:
    """What the live consumer handled and the reactions of today refuse is named; the live table stays."""
    await kept.started()
    async with kept.world.engine.begin() as connection:
        event = await kept.world.change(connection, "a", 666)
    await tools.eventually(kept.settled, 60)
    kept.refused.add(666)
    with pytest.raises(ReplayRefusedError, match=event.id):
        await kept.replayed()
    assert await kept.trails() == {"a": "1,"}


class _Meeting(Replay):
    """Replays while, at the worst moment, an event arrives: read is what there was, nothing is compared yet."""

    arriving: Callable[[], Awaitable[None]]

    async def _refuse_put_aside(self, connection: AsyncConnection) -> None:
        await self.arriving()
        await super()._refuse_put_aside(connection)


class _Unlocked(_Meeting):
    async def exclude(self, connection: AsyncConnection) -> None:
        """The mutant: the consumer goes on."""


class _Hasty(Replay):
    async def settled(self, connection: AsyncConnection, deliveries: Sequence[Any]) -> dict[str, bool]:
        """The mutant: everything in the topic is applied."""
        return {one.event_id: True for one in deliveries}


async def _findings_of_meeting(kept: Kept, tools: Any, kind: type[_Meeting]) -> list[str]:
    """Keys that are not as told after an event arrived between the last look and the comparison."""
    await _written(kept, tools, 5)

    async def arriving() -> None:
        await kept.world.publish("a")
        for _ in range(30):
            if await kept.settled():
                return
            await asyncio.sleep(0.05)

    class Met(kind):  # type: ignore[valid-type, misc]
        async def arriving(self) -> None:
            await arriving()

    await kept.replayed(Met)
    return await _wrong(kept, tools)


async def _wrong(kept: Kept, tools: Any) -> list[str]:
    """Keys whose trail is not what the log says, once the consumer has taken everything in."""

    async def taken() -> bool:
        log = await kept.world.count(kept.world.publisher.log)
        waiting = await kept.world.count(kept.world.publisher.outbox)
        return waiting == 0 and await kept.world.count(kept.world.consumer.inbox) == log

    await tools.eventually(taken, 60)
    trails, told = await kept.trails(), await kept.told()
    return sorted(key for key in trails.keys() | told.keys() if trails.get(key) != told.get(key))


async def test_mutant_without_the_lock_takes_back_what_was_just_done(kept: Kept, tools: Any) -> None:
    assert await _findings_of_meeting(kept, tools, _Unlocked) == ["a"]


async def test_with_the_lock_what_arrives_meanwhile_is_kept(kept: Kept, tools: Any) -> None:
    assert await _findings_of_meeting(kept, tools, _Meeting) == []


@pytest.mark.parametrize(("kind", "wrong"), [(Replay, []), (_Hasty, ["a", "b"])])
async def test_mutant_that_runs_ahead_of_the_consumer_doubles(
    kept: Kept, tools: Any, kind: type[Replay], wrong: list[str]
) -> None:
    """The consumer stands still with events ahead of it; once it goes on, each is to have its effect once."""
    await _written(kept, tools, 5)
    await kept.world.stop()
    await kept.world.publish("a", "b")
    if isinstance(kept.transport, LocalTransport):
        kept.world.start(kept.world.sequencer())
    else:
        kept.world.start(kept.world.sequencer(), kept.world.shipper(kept.transport))

    async def ahead() -> bool:
        history = await kept.transport.history([kept.world.topic])
        try:
            return await history.ahead() >= await kept.world.count(kept.world.publisher.log) and (
                await kept.world.count(kept.world.publisher.outbox) == 0
            )
        finally:
            await history.close()

    await tools.eventually(ahead, 60)
    await kept.replayed(kind)
    await kept.world.stop()
    await kept.started()
    assert await _wrong(kept, tools) == wrong
