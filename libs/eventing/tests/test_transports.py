"""One suite for every transport: what the port promises holds on the local bus and on Kafka alike."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from eventing.envelope import from_headers, packed_headers
from eventing.transports.kafka.partitioning import partition_of
from eventing.transports.local import LocalTransport
from eventing.transports.port import HistoryLostError, Record, SubscriptionClosedError
from testkit.kafka import PARTITIONS

pytestmark = pytest.mark.kafka


@pytest.fixture(params=["local", "kafka"])
async def transport(
    request: pytest.FixtureRequest, local: LocalTransport, kafka_transport: Callable[[], Any]
) -> Any:
    return local if request.param == "local" else await kafka_transport()


def _records(world: Any, *places: tuple[str, int], start: int = 1) -> list[Record]:
    envelopes = [world.envelope(key, version) for key, version in places]
    return [Record(n, e.key, packed_headers(e), e.data) for n, e in enumerate(envelopes, start)]


async def _drain(subscription: Any, number: int, *, commit: bool = True) -> list[tuple[str, int]]:
    """Receives until `number` records have come, committing each batch."""
    got: list[tuple[str, int]] = []
    async with asyncio.timeout(30):
        while len(got) < number:
            batch = await subscription.receive(100, 0.2)
            if batch is None:
                continue
            async with subscription.handling(batch) as ours:
                assert ours
                for record in batch.records:
                    envelope = from_headers(record.headers, record.data)
                    assert record.key == envelope.key
                    got.append((envelope.key, envelope.version))
                if commit:
                    await subscription.commit(batch)
    return got


async def test_what_is_published_arrives_whole_and_in_order_per_key(
    world: Any, transport: Any, tools: Any
) -> None:
    subscription = await transport.subscribe("one", [world.topic])
    places = [(f"k{n % 7}", n // 7 + 1) for n in range(700)]
    records = _records(world, *places)
    receiving = asyncio.create_task(_drain(subscription, 700))
    for start in range(0, 700, 100):
        await transport.publish(world.topic, records[start : start + 100])
    got = await receiving
    assert sorted(got) == sorted(places)
    assert tools.in_order_per_key(got)
    await subscription.close()


async def test_the_envelope_arrives_as_it_was_written(world: Any, transport: Any) -> None:
    subscription = await transport.subscribe("one", [world.topic])
    envelope = world.envelope("k", 3, 9)
    record = Record(41, "k", packed_headers(envelope), envelope.data)
    publishing = asyncio.create_task(transport.publish(world.topic, [record]))
    async with asyncio.timeout(30):
        while (batch := await subscription.receive(10, 0.2)) is None:
            pass
        (received,) = batch.records
        await subscription.commit(batch)
        await publishing
    assert from_headers(received.headers, received.data) == envelope.at(41)
    assert received.topic == world.topic
    await subscription.close()


async def test_consumers_of_different_names_each_get_everything(world: Any, transport: Any) -> None:
    subscriptions = [await transport.subscribe(name, [world.topic]) for name in ("one", "two")]
    receiving = [asyncio.create_task(_drain(subscription, 3)) for subscription in subscriptions]
    await transport.publish(world.topic, _records(world, ("a", 1), ("b", 1), ("a", 2)))
    first, second = await asyncio.gather(*receiving)
    assert sorted(first) == sorted(second) == [("a", 1), ("a", 2), ("b", 1)]
    for subscription in subscriptions:
        await subscription.close()


async def test_what_was_not_committed_comes_again(world: Any, transport: Any) -> None:
    """On the bus the publisher repeats it, on Kafka the broker does: either way it is not lost."""
    records = _records(world, ("a", 1), ("a", 2))
    subscription = await transport.subscribe("one", [world.topic])
    publishing = asyncio.create_task(transport.publish(world.topic, records))
    assert await _drain(subscription, 2, commit=False) == [("a", 1), ("a", 2)]
    await subscription.close()
    outcome = (await asyncio.gather(publishing, return_exceptions=True))[0]
    again = await transport.subscribe("one", [world.topic])
    if outcome is not None:
        publishing = asyncio.create_task(transport.publish(world.topic, records))
    assert await _drain(again, 2) == [("a", 1), ("a", 2)]
    await publishing if outcome is not None else None
    await again.close()


async def test_what_was_committed_does_not_come_again(world: Any, transport: Any) -> None:
    subscription = await transport.subscribe("one", [world.topic])
    receiving = asyncio.create_task(_drain(subscription, 2))
    await transport.publish(world.topic, _records(world, ("a", 1), ("a", 2)))
    await receiving
    await subscription.close()
    again = await transport.subscribe("one", [world.topic])
    receiving = asyncio.create_task(_drain(again, 1))
    await transport.publish(world.topic, _records(world, ("a", 3), start=3))
    assert await receiving == [("a", 3)]
    await again.close()


async def test_an_idle_wait_ends_with_nothing_and_a_closed_one_says_so(world: Any, transport: Any) -> None:
    subscription = await transport.subscribe("one", [world.topic])
    assert await subscription.receive(10, 0.05) is None
    await subscription.close()
    await subscription.close()
    with pytest.raises(SubscriptionClosedError):
        await subscription.receive(10, 0.05)


async def _to_end(history: Any, limit: int = 7) -> list[tuple[str, int]]:
    got = []
    async with asyncio.timeout(60):
        async for records in history.to_end(limit):
            assert 0 < len(records) <= limit
            got += [from_headers(record.headers, record.data) for record in records]
    return [(envelope.key, envelope.version) for envelope in got]


async def test_a_topic_is_read_from_its_beginning_to_its_end_and_on(
    world: Any, transport: Any, local: LocalTransport, tools: Any
) -> None:
    """By whom nobody knows: no consumer is moved; the end is that of the call, and the next call goes on there."""
    local.keep(world.topic, world.engine, world.publisher.log)
    subscription = await transport.subscribe("one", [world.topic])
    world.start(world.sequencer(), world.shipper(transport))
    receiving = asyncio.create_task(_drain(subscription, 60))
    for _ in range(20):
        await world.publish("a", "b", "c")
    heard = await receiving
    history = await transport.history([world.topic])
    assert await history.ahead() == 60
    told = await _to_end(history)
    assert sorted(told) == sorted(heard)
    assert tools.in_order_per_key(told)
    assert (await history.ahead(), await _to_end(history)) == (0, [])
    receiving = asyncio.create_task(_drain(subscription, 2))
    await world.publish("a", "d")
    # Two keys lie in two partitions, which arrive in either order.
    assert sorted(await receiving) == [("a", 21), ("d", 1)]
    assert sorted(await _to_end(history)) == [("a", 21), ("d", 1)]
    again = await transport.history([world.topic])
    assert len(await _to_end(again, 1000)) == 62
    await again.close()
    await history.close()
    await subscription.close()


async def test_a_topic_without_its_beginning_is_refused(
    world: Any, local: LocalTransport, real_kafka: Any, kafka_transport: Callable[[], Any]
) -> None:
    """What would be rebuilt from the rest would look whole and be wrong."""
    with pytest.raises(HistoryLostError):
        await local.history([world.topic])
    transport = await kafka_transport()
    await transport.publish(world.topic, _records(world, ("a", 1), ("a", 2)))
    admin = AIOKafkaAdminClient(bootstrap_servers=real_kafka.bootstrap_servers)
    await admin.start()
    try:
        partition = partition_of("a", PARTITIONS)
        await admin.delete_records({TopicPartition(world.topic, partition): RecordsToDelete(1)})
    finally:
        await admin.close()
    with pytest.raises(HistoryLostError, match="begins at 1"):
        await transport.history([world.topic])


async def test_topics_are_made_once(world: Any, real_kafka: Any, kafka_transport: Callable[[], Any]) -> None:
    """By two processes at once and again later: each topic is there once, with its partitions and what lies in it."""
    names = [f"made-{world.topic}", f"other-{world.topic}"]
    one, other = await kafka_transport(), await kafka_transport()
    admin = AIOKafkaAdminClient(bootstrap_servers=real_kafka.bootstrap_servers)
    await admin.start()
    try:
        before = set(await admin.list_topics())
        assert not before & set(names)
        await asyncio.gather(one.ensure_topics(names), other.ensure_topics(names))
        async with asyncio.timeout(10):  # a broker learns of its controller's topics a moment later
            while not set(names) <= set(await admin.list_topics()):  # noqa: ASYNC110 - the broker wakes nobody
                await asyncio.sleep(0.05)
        assert set(await admin.list_topics()) - before == set(names)
        made = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(names)}
        assert made == dict.fromkeys(names, one.settings.partitions)
        await one.publish(names[0], _records(world, ("a", 1), ("b", 1)))
        await other.ensure_topics([*names, world.topic])
        assert set(await admin.list_topics()) - before == set(names)
    finally:
        await admin.close()
    subscription = await other.subscribe("late", [names[0]])
    assert sorted(await _drain(subscription, 2)) == [("a", 1), ("b", 1)]
    await subscription.close()


async def test_what_arrives_behind_a_rebalance_is_kept(
    world: Any, real_kafka: Any, kafka_transport: Callable[[], Any]
) -> None:
    """A member that waits for records while another joins: what it then receives is its own, and not to be dropped."""
    one = await kafka_transport()
    first = await one.subscribe("group", [world.topic])
    assert await first.receive(100, 0.2) is None
    waiting = asyncio.create_task(first.receive(100, 20))
    second = await (await kafka_transport()).subscribe("group", [world.topic])
    assert await second.receive(100, 0.5) is None  # both have their share now
    got: list[str] = []

    async def collect(subscription: Any, batch: Any) -> None:
        while len(got) < 60:
            if batch is not None:
                async with subscription.handling(batch) as ours:
                    assert ours
                    got.extend(record.key for record in batch.records)
                    await subscription.commit(batch)
            batch = await subscription.receive(100, 0.1)

    await one.publish(world.topic, _records(world, *[(f"k{n}", 1) for n in range(60)]))
    async with asyncio.timeout(30):
        await asyncio.gather(collect(first, await waiting), collect(second, None))
    assert sorted(got) == sorted(f"k{n}" for n in range(60))
    await first.close()
    await second.close()


async def test_a_batch_lost_in_a_rebalance_is_dropped(
    world: Any, real_kafka: Any, kafka_transport: Callable[[], Any]
) -> None:
    """A second member takes partitions over: what the first still held is void, and nothing is lost."""
    one = await kafka_transport()
    first = await one.subscribe("group", [world.topic])
    await one.publish(world.topic, _records(world, *[(f"k{n}", 1) for n in range(60)]))
    batch = None
    async with asyncio.timeout(30):
        while batch is None:
            batch = await first.receive(100, 0.2)
    joining = asyncio.create_task((await kafka_transport()).subscribe("group", [world.topic]))
    async with asyncio.timeout(30):
        ours = True
        while ours:
            async with first.handling(batch) as ours:
                pass
            await asyncio.sleep(0.05)
    second = await joining
    got: list[str] = []

    async def collect(subscription: Any) -> None:
        while len(got) < 60:
            if (more := await subscription.receive(100, 0.1)) is not None:
                async with subscription.handling(more) as still_ours:
                    if still_ours:
                        got.extend(record.key for record in more.records)
                        await subscription.commit(more)

    async with asyncio.timeout(30):
        await asyncio.gather(collect(first), collect(second))
    assert sorted(got) == sorted(f"k{n}" for n in range(60))
    await first.close()
    await second.close()
