"""Killed between any two statements: whoever comes next goes on, and nothing is lost or doubled in effect."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select

from eventing.consumer_store import ConsumerStore
from eventing.delivery import delivered
from eventing.envelope import header_list, packed_headers
from eventing.handling import Work
from eventing.reactions import Dispatch
from eventing.sequencer import sequence
from eventing.shipping import Shipper
from eventing.transports.port import Received, Record, Sending

# Every way a statement goes over the wire: plain, prepared by the driver, prepared by SQLAlchemy.
WAYS = (
    (asyncpg.Connection, "execute"),
    (asyncpg.Connection, "_do_execute"),
    (asyncpg.prepared_stmt.PreparedStatement, "_PreparedStatement__do_execute"),
)


class Killer:
    """Ends its victim before or after the n-th statement that it sends; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.sent = 0

    async def run(self, victim: Any, at: int, *, after: bool) -> bool:
        """Whether the victim was killed; False when it ended first."""
        self.sent = 0

        def lethal(send: Any) -> Any:
            async def sending(connection: Any, *arguments: Any, **named: Any) -> Any:
                self.sent += 1
                mine = self.sent == at
                if mine and not after:
                    raise asyncio.CancelledError
                answer = await send(connection, *arguments, **named)
                if mine:
                    raise asyncio.CancelledError
                return answer

            return sending

        with self._patch.context() as patch:
            for owner, name in WAYS:
                patch.setattr(owner, name, lethal(getattr(owner, name)))
            outcome = (await asyncio.gather(asyncio.ensure_future(victim), return_exceptions=True))[0]
        if not isinstance(outcome, BaseException):
            return False
        assert isinstance(outcome, asyncio.CancelledError), outcome
        return True


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    return Killer(monkeypatch)


async def _positions(world: Any) -> list[int]:
    table = world.publisher.log
    async with world.engine.connect() as connection:
        return list((await connection.execute(select(table.c.position).order_by(table.c.position))).scalars())


@pytest.mark.parametrize("after", [False, True])
async def test_a_sequencer_killed_anywhere(world: Any, killer: Killer, after: bool) -> None:
    async def victim() -> int:
        async with world.engine.begin() as connection:
            return await sequence(connection, world.log)

    written, at, kills = 0, 0, 0
    while True:
        at += 1
        await world.publish("a", "b", "a")
        written += 3
        if not await killer.run(victim(), at, after=after):
            break
        kills += 1
        assert await victim() in (0, 3), "all of it or, killed behind the commit, nothing"
    assert kills >= 2
    assert await _positions(world) == list(range(1, written + 1))


async def test_mutant_a_sequencer_that_moves_by_halves_loses(world: Any, killer: Killer) -> None:
    """Taken out in one transaction and put in in another: killed between them, the events are nowhere."""
    outbox, log = world.publisher.outbox, world.publisher.log
    names = ("event_id", "type", "key", "subject", "version", "headers", "data")

    async def victim() -> None:
        async with world.engine.begin() as connection:
            taken = (await connection.execute(outbox.delete().returning(*(outbox.c[n] for n in names)))).all()
        async with world.engine.begin() as connection:
            last = (await connection.execute(select(func.coalesce(func.max(log.c.position), 0)))).scalar_one()
            rows = [dict(zip(names, row, strict=True), position=last + n) for n, row in enumerate(taken, 1)]
            if rows:
                await connection.execute(log.insert(), rows)

    written, at = 0, 0
    while True:
        at += 1
        await world.publish("a", "b", "a")
        written += 3
        killed = await killer.run(victim(), at, after=True)
        if not killed:
            break
        await victim()
    assert at > 2
    assert await world.count(outbox) == 0
    assert 0 < len(await _positions(world)) < written


class Wire:
    """Notes what was sent."""

    name = "wire"

    def __init__(self) -> None:
        self.positions: list[int] = []

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        return partial(self.publish, topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        self.positions += [record.position for record in records]


@pytest.mark.parametrize("after", [False, True])
async def test_a_shipper_killed_anywhere(world: Any, killer: Killer, after: bool) -> None:
    """What was sent and not noted is sent again; nothing is passed over, and firsts come in order."""
    wire, at, kills = Wire(), 0, 0
    while True:
        at += 1
        await world.publish(*[f"k{n}" for n in range(25)])
        async with world.engine.begin() as connection:
            await sequence(connection, world.log)
        if not await killer.run(world.shipper(wire, limit=10)._round(), at, after=after):
            break
        kills += 1
    assert kills >= 6
    await world.shipper(wire)._round()
    assert list(dict.fromkeys(wire.positions)) == list(range(1, 25 * at + 1))
    # Between sending and noting there is one place: before the statement that notes.
    assert after or len(wire.positions) > 25 * at, "nothing was ever repeated: the kills missed"


async def test_mutant_a_shipper_that_moves_its_cursor_first_passes_over(world: Any, killer: Killer) -> None:
    """Killed between its cursor and its sending: nobody ever sends that batch."""

    class Hasty(Shipper):
        async def _round(self) -> bool:
            cursor, rows = await self._begin()
            if rows and await self._move(cursor, rows[-1].position):
                await self._transport.publish(self._topic, rows)
            return False

    wire, at = Wire(), 0
    options = {"log": world.publisher.log, "cursors": world.publisher.cursors, "topic": world.topic}
    while True:
        at += 1
        await world.publish(*[f"k{n}" for n in range(25)])
        async with world.engine.begin() as connection:
            await sequence(connection, world.log)
        if not await killer.run(Hasty(world.engine, transport=wire, **options)._round(), at, after=True):
            break
    await Hasty(world.engine, transport=wire, **options)._round()
    assert at > 3
    passed_over = set(range(1, 25 * at + 1)) - set(wire.positions)
    assert passed_over
    assert len(passed_over) % 25 == 0, "whole batches"


@pytest.mark.parametrize("after", [False, True])
async def test_a_consumer_killed_anywhere(world: Any, killer: Killer, tools: Any, after: bool) -> None:
    dispatch, store = Dispatch.of(world.keeping()), ConsumerStore(world.consumer, "c")
    version, at, kills = 0, 0, 0

    async def victim(deliveries: list[Any]) -> None:
        async with world.unit() as unit:
            await Work(store, dispatch, unit, alone=False).take(deliveries)

    while True:
        at += 1
        version += 1
        envelopes = [world.envelope(key, version) for key in ("a", "b")]
        deliveries = [
            delivered(
                Received(world.topic, "0/0", e.key, header_list(packed_headers(e), 1), e.data), dispatch
            )
            for e in envelopes
        ]
        killed = await killer.run(victim(deliveries), at, after=after)
        await victim(deliveries)  # the transport gives it again, killed or not
        if not killed:
            break
        kills += 1
    assert kills >= 7
    seen = await world.seen()
    assert len(seen) == 2 * version
    assert tools.in_order_per_key(seen)


async def test_mutant_inbox_outside_the_transaction_loses(world: Any, killer: Killer) -> None:
    """The same kill with the inbox committed by itself: the effect is lost. So the assertion above bites."""

    class Outside(ConsumerStore):
        async def take(self, connection: Any, event_ids: Any) -> set[str]:
            async with world.engine.begin() as own:
                return await super().take(own, event_ids)

    dispatch, store = Dispatch.of(world.keeping()), Outside(world.consumer, "c")
    envelope = world.envelope("a", 1)
    headers = header_list(packed_headers(envelope), 1)
    deliveries = [delivered(Received(world.topic, "0/0", "a", headers, envelope.data), dispatch)]

    async def victim() -> None:
        async with world.unit() as unit:
            await Work(store, dispatch, unit, alone=False).take(deliveries)

    lost = False
    for at in range(1, 12):
        async with world.engine.begin() as connection:
            await connection.execute(world.consumer.inbox.delete())
            await connection.execute(world.effects.delete())
        killed = await killer.run(victim(), at, after=True)
        await victim()
        lost = lost or (killed and await world.seen() == [])
    assert lost
