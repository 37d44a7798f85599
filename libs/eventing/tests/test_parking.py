"""Poison and patience: parking by key, limits, repair; pending events and their release [E-08]."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from eventing import parked
from eventing.envelope import Envelope
from eventing.parking_limit import ConsumerStoppedError, ParkingLimit, ParkingRecord
from eventing.reactions import Dispatch, WaitFor, reactions_of, reacts_to

GENEROUS = ParkingLimit(ratio=1.0, consecutive=1000)


class Behaviour:
    """A reaction whose temper a test decides: which keys fail, which wait for which."""

    def __init__(self, world: Any, event: Any) -> None:
        self.failing: set[str] = set()
        self.waiting: dict[str, str] = {}
        self.known: set[str] = set()

        @reacts_to(event)
        async def behave(event: Any, envelope: Envelope, unit: Any) -> WaitFor | None:
            if envelope.key in self.waiting and self.waiting[envelope.key] not in self.known:
                return WaitFor(self.waiting[envelope.key])
            await world.effect(unit.connection, envelope)
            if envelope.key in self.failing:
                raise RuntimeError("cannot digest this\nDETAIL: nor show this")
            self.known.add(envelope.key)
            return None

        self.reactions = reactions_of(behave)


@pytest.fixture
def behaviour(world: Any, tools: Any) -> Behaviour:
    return Behaviour(world, tools.Event)


@pytest.fixture
async def consumer(world: Any, local: Any, tools: Any, behaviour: Behaviour) -> Any:
    consumer = world.consumer_of(local, reactions=behaviour.reactions, parking=GENEROUS)
    await world.join(consumer)
    return consumer


async def _parked(world: Any) -> list[tuple[str, int, str, str | None]]:
    table = world.consumer.parked
    async with world.engine.connect() as connection:
        rows = await connection.execute(select(table).order_by(table.c.number))
        return [(row.key, row.version, row.reason, row.resolution) for row in rows]


async def _redrive(world: Any, consumer: Any, key: str) -> parked.Redriven:
    return await parked.redrive(world.unit, consumer.store, consumer.dispatch, key=key, by="operator-1")


async def test_a_failing_event_parks_its_key_and_only_its_key(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.failing = {"bad"}
    await world.ship(local, *[world.envelope(k, v) for v in (1, 2) for k in ("good", "bad", "fine")])
    await world.ship(local, world.envelope("bad", 3), world.envelope("good", 3))
    assert await world.seen() == [("good", 1), ("fine", 1), ("good", 2), ("fine", 2), ("good", 3)]
    assert await _parked(world) == [
        ("bad", 1, "failed", None),
        ("bad", 2, "behind", None),
        ("bad", 3, "behind", None),
    ]
    async with world.engine.connect() as connection:
        (key,) = await parked.parked_keys(connection, world.consumer.parked)
        event = await parked.parked_event(connection, world.consumer.parked, key.first_number)
    assert (key.key, key.events, key.reason) == ("bad", 3, "failed")
    assert event.error == "RuntimeError: cannot digest this"
    assert event.headers["ce_partitionkey"] == "bad"
    assert event.attempts == 2


async def test_redrive_repairs_a_key_in_order(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.failing = {"bad"}
    await world.ship(local, *[world.envelope("bad", v) for v in (1, 2, 3)])
    assert await _redrive(world, consumer, "bad") == parked.Redriven(0, 3, "RuntimeError: cannot digest this")
    behaviour.failing = set()
    assert await _redrive(world, consumer, "bad") == parked.Redriven(3, 0)
    assert await world.seen() == [("bad", 1), ("bad", 2), ("bad", 3)]
    await world.ship(local, world.envelope("bad", 4))
    assert (await world.seen())[-1] == ("bad", 4)
    assert {resolution for *_, resolution in await _parked(world)} == {"redriven"}
    with pytest.raises(parked.NotParkedError):
        await _redrive(world, consumer, "bad")


async def test_discard_gives_up_one_event_for_a_reason(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.failing = {"bad"}
    await world.ship(local, world.envelope("bad", 1), world.envelope("bad", 2))
    behaviour.failing = set()
    table = world.consumer.parked
    async with world.engine.begin() as connection:
        (key,) = await parked.parked_keys(connection, table, consumer="c")
        with pytest.raises(ValueError, match="reason"):
            await parked.discard(connection, table, key.first_number, reason=" ", by="operator-1")
        await parked.discard(connection, table, key.first_number, reason="sent in error", by="operator-1")
        with pytest.raises(parked.NotParkedError):
            await parked.discard(connection, table, key.first_number, reason="again", by="operator-1")
        event = await parked.parked_event(connection, table, key.first_number)
    assert (event.resolution, event.resolved_by, event.resolved_because) == (
        "discarded",
        "operator-1",
        "sent in error",
    )
    assert await _redrive(world, consumer, "bad") == parked.Redriven(1, 0)
    assert await world.seen() == [("bad", 2)]


@pytest.mark.parametrize("kind", ["data", "envelope"])
async def test_what_cannot_be_read_parks_at_once(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour, kind: str
) -> None:
    good = world.envelope("k", 1)
    bad = replace(good, data=b'{"value": "no number"}') if kind == "data" else replace(good, id="x\ud7ff")
    opened = world.opened
    if kind == "envelope":
        from eventing.envelope import packed_headers
        from eventing.transports.port import Record

        headers = packed_headers(bad).replace(b"ce_specversion\x1f1.0", b"ce_specversion\x1f9.9")
        await local.publish(world.topic, [Record(1, "k", headers, b"{}")])
    else:
        await world.ship(local, bad)
    assert world.opened == opened + 1, "it was tried more than once"
    assert [(key, reason) for key, _, reason, _ in await _parked(world)] == [("k", "undecodable")]
    await world.ship(local, world.envelope("k", 2), world.envelope("other", 1))
    assert await world.seen() == [("other", 1)]
    outcome = await _redrive(world, consumer, "k")
    assert outcome.done == 0
    assert outcome.error is not None


async def test_a_consumer_that_parks_too_much_stops(
    world: Any, local: Any, tools: Any, behaviour: Behaviour
) -> None:
    stopping = world.consumer_of(
        local, reactions=behaviour.reactions, parking=ParkingLimit(ratio=1.0, consecutive=3)
    )
    await world.join(stopping)
    behaviour.failing = {"a", "b", "c", "d"}
    from eventing.transports.port import PublishError

    with pytest.raises(PublishError):
        await world.ship(local, *[world.envelope(key, 1) for key in "abcd"])
    ((_, task),) = world.running
    world.running.clear()
    with pytest.raises(ConsumerStoppedError, match="in a row"):
        await task
    assert stopping.health.stopped is not None
    assert not stopping.health.ok
    assert await world.seen() == []


def test_the_ratio_is_judged_over_a_window() -> None:
    record = ParkingRecord(ParkingLimit(ratio=0.05, consecutive=20, window=1000, least=200))
    for _ in range(9):
        record.note([True] * 96 + [False] * 4)
    record.note([True] * 80 + [False] * 12)  # 48 of 992
    with pytest.raises(ConsumerStoppedError, match="of the last"):
        record.note([True] * 80 + [False] * 12)
    calm = ParkingRecord(ParkingLimit(ratio=0.05, consecutive=20, window=1000, least=200))
    calm.note([False] * 19 + [True])
    calm.note([False] * 19)
    with pytest.raises(ConsumerStoppedError, match="20 events in a row"):
        calm.note([False])


async def test_an_event_waits_for_another_key(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    """It is released, with everything that queued behind it, in the transaction that handles the awaited key."""
    behaviour.waiting = {"visit": "school"}
    await world.ship(local, world.envelope("visit", 1), world.envelope("other", 1))
    await world.ship(local, world.envelope("visit", 2))
    assert await world.seen() == [("other", 1)]
    assert await world.count(world.consumer.pending) == 2
    opened = world.opened
    await world.ship(local, world.envelope("school", 1))
    assert world.opened == opened + 1, "release must share the transaction"
    assert await world.seen() == [("other", 1), ("school", 1), ("visit", 1), ("visit", 2)]
    assert await world.count(world.consumer.pending) == 0
    assert await world.count(world.consumer.parked) == 0


async def test_waiting_chains_are_released_to_the_end(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.waiting = {"c": "b", "b": "a"}
    await world.ship(local, world.envelope("c", 1), world.envelope("b", 1), world.envelope("c", 2))
    assert await world.seen() == []
    await world.ship(local, world.envelope("a", 1))
    assert await world.seen() == [("a", 1), ("b", 1), ("c", 1), ("c", 2)]


async def test_an_event_and_what_it_awaits_in_one_batch(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.waiting = {"visit": "school"}
    await world.ship(
        local, world.envelope("visit", 1), world.envelope("school", 1), world.envelope("visit", 2)
    )
    assert await world.seen() == [("school", 1), ("visit", 1), ("visit", 2)]


async def test_a_released_event_that_fails_is_parked_alone(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.waiting, behaviour.failing = {"visit": "school"}, {"visit"}
    await world.ship(local, world.envelope("visit", 1), world.envelope("visit", 2))
    await world.ship(local, world.envelope("school", 1))
    assert await world.seen() == [("school", 1)]
    assert [(k, v, r) for k, v, r, _ in await _parked(world)] == [
        ("visit", 1, "failed"),
        ("visit", 2, "behind"),
    ]


async def test_pending_events_never_count_to_the_limit(
    world: Any, local: Any, tools: Any, behaviour: Behaviour
) -> None:
    strict = world.consumer_of(local, reactions=behaviour.reactions, parking=ParkingLimit(0.0, 1))
    await world.join(strict)
    behaviour.waiting = {f"v{n}": "school" for n in range(30)}
    await world.ship(local, *[world.envelope(f"v{n}", 1) for n in range(30)])
    await world.ship(local, world.envelope("school", 1))
    assert len(await world.seen()) == 31
    await world.stop()


async def test_a_redriven_event_that_must_wait_takes_its_followers_along(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    behaviour.failing = {"visit"}
    await world.ship(local, world.envelope("visit", 1), world.envelope("visit", 2))
    behaviour.failing, behaviour.waiting = set(), {"visit": "school"}
    assert await _redrive(world, consumer, "visit") == parked.Redriven(1, 0, waits_for="school")
    await world.ship(local, world.envelope("visit", 3))
    assert await world.count(world.consumer.pending) == 3
    await world.ship(local, world.envelope("school", 1))
    assert await world.seen() == [("school", 1), ("visit", 1), ("visit", 2), ("visit", 3)]


async def test_waiting_after_another_reaction_ran_undoes_its_effect(
    world: Any, local: Any, tools: Any, behaviour: Behaviour
) -> None:
    both = (*world.keeping("early"), *behaviour.reactions)
    consumer = world.consumer_of(local, name="both", reactions=both)
    await world.join(consumer)
    behaviour.waiting = {"visit": "school"}
    await world.ship(local, world.envelope("visit", 1))
    assert await world.seen("early") == []
    await world.ship(local, world.envelope("school", 1))
    assert await world.seen("early") == await world.seen("c") == [("school", 1), ("visit", 1)]
    await world.stop()


async def test_two_members_cannot_miss_each_other(world: Any, behaviour: Behaviour) -> None:
    """One member keeps an event pending while another handles the awaited key: it is released all the same."""
    from eventing.consumer_store import ConsumerStore
    from eventing.delivery import delivered
    from eventing.handling import Work
    from eventing.transports.port import Received

    behaviour.waiting = {"visit": "school"}
    store, dispatch = ConsumerStore(world.consumer, "c"), Dispatch.of(behaviour.reactions)

    def delivery(envelope: Envelope) -> Any:
        from eventing.envelope import header_list, packed_headers

        headers = header_list(packed_headers(envelope), 1)
        return delivered(Received(world.topic, "0/1", envelope.key, headers, envelope.data), dispatch)

    async with world.unit() as one, world.unit() as other:
        waiting = Work(store, dispatch, one, alone=False)
        await waiting.take([delivery(world.envelope("visit", 1))])
        bringing = Work(store, dispatch, other, alone=False)
        await bringing.take([delivery(world.envelope("school", 1))])  # cannot see the other's pending row
    assert await world.seen() == [("school", 1)]
    assert waiting.awaited == {"school"}
    async with world.unit() as unit:
        await Work(store, dispatch, unit, alone=True).release(sorted(waiting.awaited))
    assert await world.seen() == [("school", 1), ("visit", 1)]
    assert WaitFor("k").key == "k"
    with pytest.raises(ValueError, match="which key"):
        WaitFor("")


async def test_purging_the_inbox_spares_what_is_parked_or_pending(
    world: Any, local: Any, consumer: Any, behaviour: Behaviour
) -> None:
    from datetime import timedelta

    behaviour.failing, behaviour.waiting = {"bad"}, {"visit": "school"}
    envelopes = [world.envelope(key, 1) for key in ("bad", "visit", "good")]
    await world.ship(local, *envelopes)
    async with world.engine.begin() as connection:
        now = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        assert await consumer.store.purge(connection, now - timedelta(days=30)) == 0
        assert await consumer.store.purge(connection, now + timedelta(days=1)) == 1
    await world.ship(local, *envelopes)
    assert await world.seen() == [("good", 1)]
    assert await world.count(world.consumer.parked) == 1
    assert await world.count(world.consumer.pending) == 1
