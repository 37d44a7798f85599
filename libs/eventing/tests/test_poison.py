"""A bad event parks its key and only its key; repair is in order; too many stop every member [E-08, E-11].

Each promise is held by a checker that names what it finds, and each checker is shown to bite: the same scenario with
one protection taken out must be found at fault in just that way.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import pytest
from sqlalchemy import select

from eventing import consuming, parked, stopping
from eventing.consumer_store import ConsumerStore
from eventing.envelope import Envelope
from eventing.handling import Work
from eventing.parking_limit import ConsumerStoppedError, ParkingLimit, ParkingRecord
from eventing.reactions import reactions_of, reacts_to
from eventing.transports.local import LocalTransport
from eventing.transports.port import PublishError

GENEROUS = ParkingLimit(ratio=1.0, consecutive=1000)
Seen = Sequence[tuple[str, int]]


def faults(published: Seen, seen: Seen, given_up: Seen = ()) -> set[str]:
    """What is wrong with the effects of some events, key by key: lost, doubled, reordered, done although given up."""
    wanted: dict[str, list[int]] = defaultdict(list)
    had: dict[str, list[int]] = defaultdict(list)
    for key, version in published:
        if (key, version) not in given_up:
            wanted[key].append(version)
    for key, version in seen:
        had[key].append(version)
    found = set()
    for key in wanted.keys() | had.keys():
        found |= {f"{key} {version} lost" for version in set(wanted[key]) - set(had[key])}
        found |= {f"{key} {version} done though given up" for version in set(had[key]) - set(wanted[key])}
        if len(had[key]) > len(set(had[key])):
            found.add(f"{key} doubled")
        if had[key] != sorted(had[key]):
            found.add(f"{key} reordered")
    return found


class Forgetful(Work):
    """Parks an event and lets the later ones of its key pass."""

    async def _look_up(self, keys: list[str]) -> None:
        self._learn(await self._store.known(self._connection, keys))


async def whole_partition(self: ConsumerStore, connection: Any, keys: Sequence[str]) -> set[str]:
    """As if everything that came together were parked with the bad event."""
    statement = select(self.tables.parked.c.number).where(self.tables.parked.c.resolution.is_(None)).limit(1)
    return set(keys) if await connection.scalar(statement) is not None else set()


def newest_first(table: Any, consumer: str, key: str) -> Any:
    """As if a redrive took what was parked last."""
    statement = select(*parked._next_columns(table)).where(*parked._open(table, consumer, key))
    return statement.order_by(table.c.number.desc()).limit(1).with_for_update()


async def discard_key(connection: Any, table: Any, number: int, *, reason: str, by: str) -> None:
    """As if who gives up one event gave up its key."""
    key = select(table.c.key).where(table.c.number == number).scalar_subquery()
    numbers = (await connection.execute(select(table.c.number).where(table.c.key == key))).scalars().all()
    await parked._resolve(connection, table, list(numbers), "discarded", by, reason)


Patch = Callable[[pytest.MonkeyPatch], None]
OTHERS = {"fine 1 lost", "good 2 lost", "fine 2 lost", "good 3 lost", "fine 3 lost"}
MUTANTS: dict[str, tuple[Patch, set[str], set[str]]] = {
    "as it is": (lambda patch: None, set(), set()),
    "nothing queues behind": (
        # The parked version is refused as stale when it comes at last: the key has gone on without it.
        lambda patch: patch.setattr(consuming, "Work", Forgetful), set(), {"bad 2 lost"},
    ),
    "the whole partition is parked": (
        lambda patch: patch.setattr(ConsumerStore, "parked_keys", whole_partition), OTHERS, {*OTHERS, "bad 4 lost"},
    ),
    "redriven from the wrong end": (
        lambda patch: patch.setattr(parked, "_next", newest_first), set(), {"bad 2 lost"},
    ),
    "a discard takes the key along": (
        lambda patch: patch.setattr(parked, "discard", discard_key), set(), {"bad 2 lost", "bad 3 lost"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_key_stands_still_alone_and_is_repaired_in_order(
    world: Any, local: Any, tools: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """E-08: later events of a parked key queue behind it, others flow; given up and redriven, the rest is in order."""
    mutate, stood_still, after_all = MUTANTS[name]
    mutate(monkeypatch)
    failing = {("bad", 1), ("bad", 2)}

    @reacts_to(tools.Event)
    async def react(event: Any, envelope: Envelope, unit: Any) -> None:
        if (envelope.key, envelope.version) in failing:
            raise RuntimeError("cannot digest this")
        await world.effect(unit.connection, envelope)

    consumer = world.consumer_of(local, reactions=reactions_of(react), parking=GENEROUS)
    await world.join(consumer)
    for version in (1, 2, 3):
        await world.ship(local, *[world.envelope(key, version) for key in ("good", "bad", "fine")])
    flowing = [(key, version) for key in ("good", "fine") for version in (1, 2, 3)]
    others = [(key, version) for key, version in await world.seen() if key != "bad"]
    assert faults(flowing, others) == stood_still
    failing.clear()
    table = world.consumer.parked
    async with world.engine.begin() as connection:
        (key, *_) = await parked.parked_keys(connection, table)
        await parked.discard(connection, table, key.first_number, reason="sent in error", by="operator-1")
    try:
        await parked.redrive(world.unit, consumer.store, consumer.dispatch, key="bad", by="operator-1")
    except parked.NotParkedError:
        assert name != "as it is"
    await world.ship(local, world.envelope("bad", 4))
    found = faults([*flowing, *(("bad", v) for v in (1, 2, 3, 4))], await world.seen(), [("bad", 1)])
    assert found == after_all


class Unlimited(ParkingRecord):
    """Counts and lets everything pass."""

    def note(self, verdicts: Sequence[bool]) -> None:
        """Never stops anything."""


async def untold(connection: Any, table: Any, consumer: str, because: str) -> None:
    """As if a consumer that stops told nobody."""


LIMITS: dict[str, tuple[Patch, list[int]]] = {
    "as it is": (lambda patch: None, [5, 5]),
    "no limit": (lambda patch: patch.setattr(consuming, "ParkingRecord", Unlimited), [12, 24]),
    "a stop that nobody else knows": (lambda patch: patch.setattr(stopping, "note_stop", untold), [5, 10]),
}


async def flooded(world: Any, local: Any, consumer: Any, prefix: str) -> int:
    """Sends a member of a consumer twelve events that nobody can read, one by one; how many keys are parked then."""
    world.start(consumer)
    (_, task) = world.running.pop()
    for n in range(12):
        bad = replace(world.envelope(f"{prefix}-{n}", 1), data=b"{}")
        for pause in repeat(0.01):
            if consumer._intake is not None or task.done():
                break
            await asyncio.sleep(pause)
        try:
            await world.ship(local, bad)
        except PublishError:
            break
    consumer.stop()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert ended is None or isinstance(ended, ConsumerStoppedError), ended
    return int(await world.count(world.consumer.parked))


@pytest.mark.parametrize("name", LIMITS)
async def test_too_many_parked_keys_stop_every_member(
    world: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """E-08: the fifth in a row is the last, also for a member started after the stop; else a release parks it all."""
    mutate, expected = LIMITS[name]
    mutate(monkeypatch)
    counts = []
    for prefix in ("first", "second"):
        # Nothing is published where the consumer is not there: it would count as heard by nobody.
        local = LocalTransport({world.topic: frozenset({"c"})})
        limit = ParkingLimit(ratio=1.0, consecutive=5)
        counts.append(await flooded(world, local, world.consumer_of(local, parking=limit), prefix))
        await local.close()
    assert counts == expected


async def test_a_stopped_consumer_goes_on_when_somebody_says_why(world: Any, tools: Any) -> None:
    """E-11: it stands by, hears nothing, and goes on from where it stopped; a second resumption finds nothing."""
    local = LocalTransport({world.topic: frozenset({"c"})})
    consumer = world.consumer_of(local, parking=ParkingLimit(ratio=1.0, consecutive=5))
    await flooded(world, local, consumer, "bad")
    assert consumer.health.stopped == "ConsumerStoppedError: 5 events in a row were parked"
    member = world.consumer_of(local)
    with pytest.raises(ConsumerStoppedError, match="5 events in a row were parked"):
        await member.run()
    standing = asyncio.create_task(member.stand_by())
    with pytest.raises(PublishError):
        await world.ship(local, world.envelope("good", 1))
    stops = world.consumer.stops
    async with world.engine.begin() as connection:
        with pytest.raises(ValueError, match="reason"):
            await stopping.resume(connection, stops, "c", reason=" ", by="operator-1")
        stop = await stopping.resume(connection, stops, "c", reason="mended", by="operator-1")
        with pytest.raises(stopping.NotStoppedError):
            await stopping.resume(connection, stops, "c", reason="again", by="operator-1")
    assert (stop.resumed_by, stop.resumed_because) == ("operator-1", "mended")
    async with asyncio.timeout(30):
        assert await standing is True
    await world.join(member)
    await world.ship(local, world.envelope("good", 1))
    assert await world.seen() == [("good", 1)]
    await world.stop()
    assert await member.stand_by() is False, "who is to end waits for nobody"
