"""How far behind a consumer is now: told while nothing moves, by place, and with what is put aside [E-18]."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from eventing import metrics, parked
from eventing.envelope import Envelope
from eventing.parking_limit import ParkingLimit
from eventing.reactions import reactions_of, reacts_to

LATER = timedelta(seconds=90)


def told(consumer: Any) -> dict[str, float]:
    """What a collector reads now, by metric; places are added up."""
    found: dict[str, float] = {}
    for reading in consumer._live():
        assert set(reading.attributes) == set(reading.metric.attributes)
        found[reading.metric.name] = found.get(reading.metric.name, 0.0) + reading.value
    return found


async def test_a_batch_that_hangs_is_seen_while_it_hangs(world: Any, local: Any, tools: Any) -> None:
    """A histogram of what was handled says nothing of what is not: this gauge grows as long as nothing moves."""
    hangs, goes_on = asyncio.Event(), asyncio.Event()

    @reacts_to(tools.Event)
    async def slow(event: Any, envelope: Envelope, unit: Any) -> None:
        hangs.set()
        await goes_on.wait()

    first = world.envelope("k", 1)
    now = [first.recorded_time + LATER]
    consumer = world.consumer_of(local, reactions=reactions_of(slow), now=lambda: now[0])
    await world.join(consumer)
    assert told(consumer)[metrics.CONSUMER_BEHIND.name] == 0
    shipping = asyncio.create_task(world.ship(local, first, world.envelope("l", 1)))
    async with asyncio.timeout(30):
        await hangs.wait()
    assert told(consumer)[metrics.CONSUMER_BEHIND.name] == LATER.total_seconds()
    now[0] += LATER
    assert told(consumer)[metrics.CONSUMER_BEHIND.name] == 2 * LATER.total_seconds()
    assert told(consumer)[metrics.STALENESS.name] == 2 * LATER.total_seconds()
    goes_on.set()
    async with asyncio.timeout(30):
        await shipping
    await world.stop()
    assert told(consumer)[metrics.CONSUMER_BEHIND.name] == 0


async def test_what_is_parked_makes_a_projection_stale_and_nothing_late(
    world: Any, local: Any, tools: Any
) -> None:
    """Parked keys and events are counted apart; a repair ends the staleness."""
    failing = {"bad"}

    @reacts_to(tools.Event)
    async def react(event: Any, envelope: Envelope, unit: Any) -> None:
        if envelope.key in failing:
            raise RuntimeError("cannot digest this")

    generous = ParkingLimit(ratio=1.0, consecutive=1000)
    start = world.envelope("good", 1)
    consumer = world.consumer_of(
        local, reactions=reactions_of(react), parking=generous, now=lambda: start.recorded_time
    )
    await world.join(consumer)
    await world.ship(local, start, *[world.envelope("bad", version) for version in (1, 2)])
    async with world.unit() as unit:
        backlog = await consumer.store.backlog(unit.connection)
    assert (backlog.parked, backlog.parked_keys, backlog.pending) == (2, 1, 0)
    await consumer._look()
    assert told(consumer)[metrics.CONSUMER_BEHIND.name] == 0
    assert told(consumer)[metrics.STALENESS.name] > 0
    failing.clear()
    await parked.redrive(world.unit, consumer.store, consumer.dispatch, key="bad", by="operator-1")
    await consumer._look()
    assert told(consumer)[metrics.STALENESS.name] == 0
    await world.stop()


@pytest.mark.parametrize("kind", ["local", "kafka"])
async def test_each_place_says_how_much_of_it_is_not_handled(
    world: Any, local: Any, kafka_transport: Any, kind: str
) -> None:
    """Received is not handled: only a commit lowers it. On Kafka by partition, from the broker's own ends."""
    transport = local if kind == "local" else await kafka_transport()
    subscription = await transport.subscribe("c", [world.topic])
    keys = [f"k{n}" for n in range(20)]
    publishing = asyncio.create_task(world.ship(transport, *[world.envelope(key, 1) for key in keys]))
    batches: list[Any] = []
    async with asyncio.timeout(60):
        while sum(len(batch.records) for batch in batches) < len(keys):
            batch = await subscription.receive(7, 1.0)
            if batch is not None:
                batches.append(batch)
    before = await subscription.behind()
    assert sum(before.values()) == len(keys)
    async with subscription.handling(batches[0]) as ours:
        assert ours
        await subscription.commit(batches[0])
    for batch in batches[1:]:
        await subscription.commit(batch)
    after = await subscription.behind()
    assert set(after.values()) == {0}
    assert {place.topic for place in after} == {world.topic}
    assert len({place.partition for place in after}) > (1 if kind == "kafka" else 0)
    await publishing
    await subscription.close()
