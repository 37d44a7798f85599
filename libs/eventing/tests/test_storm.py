"""Random writers against the whole backbone on a real broker: nothing lost, doubled, reordered or left out [E-01].

Writers change several aggregates a transaction, draw transaction ids and numbers early and commit late, roll back
whole transactions and savepoints. Two sequencers, two shippers and two consumers work at the same time; all of them
are killed and started again at random. The same storm with a naive cursor in the sequencer's place must lose events.
"""

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, insert, select

# What is killed while it connects leaves its socket to the garbage collector, as a killed process does to its system.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WRITERS, TRANSACTIONS, THINGS = 8, 60, 12


@pytest.fixture(autouse=True)
def left_sockets() -> Iterator[None]:
    """Collects what the killed left behind before another test is blamed for it."""
    yield
    gc.collect()


@dataclass
class Truth:
    """What was committed, and what was found at the other end."""

    committed: dict[str, tuple[str, int]] = field(default_factory=dict)
    rolled_back: int = 0
    restarts: int = 0


async def _write(world: Any, truth: Truth, chance: random.Random) -> None:
    for _ in range(TRANSACTIONS):
        made: dict[str, tuple[str, int]] = {}
        async with world.engine.connect() as connection:
            await _transaction(world, connection, made, chance)
            if chance.random() < 0.15:
                await connection.rollback()
                truth.rolled_back += len(made)
            else:
                await connection.commit()
                truth.committed.update(made)
        await asyncio.sleep(chance.random() * 0.01)


async def _transaction(world: Any, connection: Any, made: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.3:
        await connection.execute(select(func.pg_current_xact_id()))
        await asyncio.sleep(chance.random() * 0.03)
    # In one order, as the unit of work locks them: a deadlock would only cost its second.
    for number in sorted(chance.choices(range(THINGS), k=chance.randint(1, 4))):
        savepoint = await connection.begin_nested() if chance.random() < 0.2 else None
        envelope = await world.change(connection, f"thing-{number:02}")
        if savepoint is not None and chance.random() < 0.5:
            await savepoint.rollback()
            continue
        made[envelope.id] = (envelope.key, envelope.version)
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.02)  # its number is drawn, its commit is not near


async def _restarted(
    make: Callable[[], Awaitable[Any]],
    truth: Truth,
    chance: random.Random,
    written: asyncio.Event,
    calm: asyncio.Event,
) -> None:
    """Runs what `make` makes; while there is writing it is killed, or asked to stop, and started again."""
    while True:
        runner = await make()
        task = asyncio.create_task(runner.run())
        try:
            async with asyncio.timeout(0.4 + chance.random()):
                await written.wait()
        except TimeoutError:
            truth.restarts += 1
            if chance.random() < 0.5:
                task.cancel()
            else:
                runner.stop()
            await asyncio.gather(task, return_exceptions=True)
        else:
            await calm.wait()
            runner.stop()
            await task
            return


async def storm(
    world: Any, transport: Callable[[], Awaitable[Any]], movers: Any, seed: int, tools: Any
) -> Truth:
    """Lets it rage, then waits until everything in the log has had its effect."""
    truth, chance = Truth(), random.Random(seed)
    written, calm = asyncio.Event(), asyncio.Event()

    def own() -> random.Random:
        return random.Random(chance.random())

    async def shipper() -> Any:
        return world.shipper(await transport(), limit=40, name="kafka")

    async def consumer() -> Any:
        return world.consumer_of(await transport(), limit=60)

    makers = [*movers, shipper, shipper, consumer, consumer]
    runners = [asyncio.create_task(_restarted(make, truth, own(), written, calm)) for make in makers]
    await asyncio.gather(*(_write(world, truth, own()) for _ in range(WRITERS)))

    written.set()

    async def drained() -> bool:
        # The outbox first: what leaves it between two looks is then in the log that the second one counts.
        if not world.naive_is_done and await world.count(world.publisher.outbox):
            return False
        return bool(await world.count(world.publisher.log) == await world.count(world.consumer.inbox))

    await tools.eventually(drained, 120)
    calm.set()
    await asyncio.gather(*runners)
    return truth


async def _findings(world: Any, truth: Truth) -> dict[str, int]:
    log, effects = world.publisher.log, world.effects
    async with world.engine.connect() as connection:
        logged = (
            await connection.execute(select(log.c.position, log.c.event_id).order_by(log.c.position))
        ).all()
        ids = (
            (await connection.execute(select(effects.c.event_id).order_by(effects.c.number))).scalars().all()
        )
    seen = Counter(ids)
    last: Counter[str] = Counter()
    inverted = 0
    for key, version in await world.seen():
        inverted += version <= last[key]
        last[key] = max(version, last[key])
    return {
        "lost": len(set(truth.committed) - set(seen)),
        "invented": len(set(seen) - set(truth.committed)),
        "doubled": sum(count - 1 for count in seen.values()),
        "inverted": inverted,
        "gaps": sum(position != place for place, (position, _) in enumerate(logged, 1)),
        "not logged": len(set(truth.committed) - {event_id for _, event_id in logged}),
    }


@pytest.mark.real_kafka
@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_lost_doubled_or_reordered(
    world: Any, real_kafka: Any, kafka_transport: Callable[[], Any], tools: Any, seed: int
) -> None:
    async def sequencer() -> Any:
        return world.sequencer(limit=30)

    world.naive_is_done = False
    truth = await storm(world, kafka_transport, [sequencer, sequencer], seed, tools)
    assert await _findings(world, truth) == dict.fromkeys(
        ("lost", "invented", "doubled", "inverted", "gaps", "not logged"), 0
    )
    assert len(truth.committed) > 300
    assert truth.rolled_back > 20
    assert truth.restarts >= 4, "nothing was ever killed"
    assert await world.count(world.consumer.parked) == 0


class NaiveCursor:
    """What many outboxes do: copy what lies behind the last number seen. A mutant, to show that the storm bites."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._stopping = False
        self._last = 0

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        outbox, log = self._world.publisher.outbox, self._world.publisher.log
        names = ("event_id", "type", "key", "subject", "version", "headers", "data")
        while not self._stopping:
            async with self._world.engine.begin() as connection:
                self._last = (
                    await connection.execute(select(func.coalesce(func.max(log.c.position), 0)))
                ).scalar_one()
                rows = await connection.execute(
                    select(outbox.c.seq, *(outbox.c[name] for name in names))
                    .where(outbox.c.seq > self._last)
                    .order_by(outbox.c.seq)
                    .limit(30)
                )
                found = [
                    {"position": row.seq, **{name: getattr(row, name) for name in names}} for row in rows
                ]
                if found:
                    await connection.execute(insert(log), found)
            await asyncio.sleep(0.002)


@pytest.mark.real_kafka
async def test_mutant_naive_cursor_loses_events(
    world: Any, real_kafka: Any, kafka_transport: Callable[[], Any], tools: Any
) -> None:
    """The same storm with the identity cursor in the sequencer's place must lose events and leave gaps."""

    async def naive() -> Any:
        return NaiveCursor(world)

    world.naive_is_done = True
    truth = await storm(world, kafka_transport, [naive], 1, tools)
    findings = await _findings(world, truth)
    assert findings["lost"] > 0
    assert findings["gaps"] > 0


@pytest.mark.real_kafka
async def test_a_broker_that_dies_loses_nothing(
    world: Any, restartable_kafka: Any, kafka_transport: Callable[[], Any], tools: Any
) -> None:
    """Killed as by a power cut and started again on its data: producers and consumers find back by themselves."""
    world.start(world.sequencer(), world.shipper(await kafka_transport(), limit=20))
    world.start(world.consumer_of(await kafka_transport()))
    versions = 0

    async def write(number: int) -> None:
        nonlocal versions
        for _ in range(number):
            await world.publish("a", "b", "c")
            versions += 1
            await asyncio.sleep(0.01)

    async def complete() -> bool:
        return len(await world.seen()) >= 3 * versions

    await write(20)
    await tools.eventually(complete, 30)
    restartable_kafka.kill()
    await write(20)
    assert await world.count(world.publisher.log) > 0
    await asyncio.to_thread(restartable_kafka.restart)
    await write(20)
    await tools.eventually(complete, 60)
    seen = await world.seen()
    assert len(seen) == 3 * versions
    assert tools.in_order_per_key(seen)
    await world.stop()
