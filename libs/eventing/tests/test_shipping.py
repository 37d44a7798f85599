"""The shipper: nothing passes unsent, the cursor is fenced, failures keep it, memory stays flat."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from eventing.sequencer import sequence
from eventing.shipping import BATCH_BYTES, _cut
from eventing.transports.port import PublishError, Record, Sending


class Wire:
    """A transport's publishing half that notes what it carries, and fails or pauses when told."""

    name = "wire"

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.failures = 0
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        return partial(self.publish, topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise PublishError("refused")
        self.sent.append([record.position for record in records])

    @property
    def positions(self) -> list[int]:
        return [position for batch in self.sent for position in batch]


async def _cursor(world: Any, name: str = "wire") -> int | None:
    cursors = world.publisher.cursors
    async with world.engine.connect() as connection:
        return (
            await connection.execute(select(cursors.c.position).where(cursors.c.name == name))
        ).scalar_one_or_none()


async def _fill(world: Any, number: int) -> None:
    await world.publish(*[f"k{n % 10}" for n in range(number)])
    async with world.engine.begin() as connection:
        while await sequence(connection, world.log):
            pass


async def _reach(world: Any, tools: Any, position: int, name: str = "wire") -> None:
    async def there() -> bool:
        return await _cursor(world, name) == position

    await tools.eventually(there)


async def test_ships_the_log_in_batches_and_moves_the_cursor(world: Any, tools: Any) -> None:
    await _fill(world, 25)
    wire = Wire()
    world.start(world.shipper(wire, limit=10))
    await _reach(world, tools, 25)
    assert wire.sent == [list(range(1, 11)), list(range(11, 21)), list(range(21, 26))]
    await world.stop()


async def test_a_failed_batch_keeps_the_cursor_and_comes_again(world: Any, tools: Any) -> None:
    await _fill(world, 15)
    wire = Wire()
    wire.failures = 2
    shipper = world.shipper(wire, limit=10)
    world.start(shipper)

    async def failed() -> bool:
        return shipper.health.failing_since is not None

    await tools.eventually(failed)
    assert await _cursor(world) == 0
    await _reach(world, tools, 15)
    assert wire.positions == list(range(1, 16))
    assert shipper.health.ok
    await world.stop()


class Refusing(Wire):
    """Refuses the first batch once the next one is prepared."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead, self.refused = asyncio.Event(), False

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        if records[0].position > 1:
            self.ahead.set()
        return await super().prepare(topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        if records[0].position == 1 and not self.refused:
            self.refused = True
            await self.ahead.wait()
            await asyncio.sleep(0.02)
            raise PublishError("refused")
        await super().publish(topic, records)


class Hasty(Refusing):
    """Sends a batch as soon as it is encoded, instead of when the one before it has arrived."""

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        sending = asyncio.create_task((await super().prepare(topic, records))())
        return lambda: sending


@pytest.mark.parametrize(("wire_of", "in_order"), [(Refusing, True), (Hasty, False)], ids=["ours", "mutant"])
async def test_a_batch_encoded_ahead_waits_until_the_one_before_it_has_arrived(
    world: Any, wire_of: type[Refusing], in_order: bool
) -> None:
    """E-09: else the events of a batch that is refused would first be sent behind those of the next."""
    await _fill(world, 20)
    wire = wire_of()
    shipper = world.shipper(wire, limit=10)
    with pytest.raises(PublishError):
        await shipper._round()
    await shipper._round()
    firsts = list(dict.fromkeys(wire.positions))
    assert (firsts == list(range(1, 21))) is in_order, firsts


async def test_a_shipper_that_lost_its_cursor_stops_the_round_and_reads_it_anew(
    world: Any, tools: Any
) -> None:
    await _fill(world, 30)
    wire = Wire()
    wire.gate = asyncio.Event()
    world.start(world.shipper(wire, limit=10))
    await wire.entered.wait()
    async with world.engine.begin() as connection:  # a rival is done with the first twenty meanwhile
        await connection.execute(update(world.publisher.cursors).values(position=20))
    wire.gate.set()
    await _reach(world, tools, 30)
    assert wire.sent == [list(range(1, 11)), list(range(21, 31))]
    await world.stop()


async def test_mutant_without_fencing_takes_the_cursor_back(world: Any, tools: Any) -> None:
    """The same rival, and a shipper that moves the cursor whatever it holds: it sends the rival's events again."""
    await _fill(world, 30)
    wire = Wire()
    wire.gate = asyncio.Event()
    shipper = world.shipper(wire, limit=10)

    async def move(held: int, to: int) -> bool:
        async with world.engine.begin() as connection:
            await connection.execute(update(world.publisher.cursors).values(position=to))
        return True

    shipper._move = move
    world.start(shipper)
    await wire.entered.wait()
    async with world.engine.begin() as connection:
        await connection.execute(update(world.publisher.cursors).values(position=20))
    wire.gate.set()
    await _reach(world, tools, 30)
    assert wire.sent[1] == list(range(11, 21)), "the fence was not needed: the test above shows nothing"
    await world.stop()


async def test_no_transaction_is_open_while_the_transport_answers(world: Any) -> None:
    await _fill(world, 5)
    wire = Wire()
    wire.gate = asyncio.Event()
    world.start(world.shipper(wire, limit=10))
    await wire.entered.wait()
    await asyncio.sleep(0.05)
    from sqlalchemy import func, literal_column, table

    activity = table("pg_stat_activity")
    async with world.engine.connect() as connection:
        others = await connection.execute(
            select(func.count())
            .select_from(activity)
            .where(
                literal_column("datname") == func.current_database(),
                literal_column("pid") != func.pg_backend_pid(),
                literal_column("xact_start").is_not(None),
            )
        )
        assert others.scalar_one() == 0
    wire.gate.set()
    await world.stop()


async def test_stopping_finishes_the_batch_under_way(world: Any) -> None:
    await _fill(world, 25)
    wire = Wire()
    wire.gate = asyncio.Event()
    shipper = world.shipper(wire, limit=10)
    world.start(shipper)
    await wire.entered.wait()
    shipper.stop()
    wire.gate.set()
    await world.stop()
    assert await _cursor(world) == 10
    assert wire.positions == list(range(1, 11))


async def test_waiting_events_are_not_held_in_memory(world: Any, tools: Any) -> None:
    """Back-pressure: with the broker away a shipper holds at most the batch under way and the next."""
    await _fill(world, 300)
    wire = Wire()
    wire.gate = asyncio.Event()
    shipper = world.shipper(wire, limit=10)
    reads: list[int] = []
    read = shipper._read

    async def counted(connection: Any, after: int) -> Any:
        rows = await read(connection, after)
        reads.append(len(rows))
        return rows

    shipper._read = counted
    world.start(shipper)
    await wire.entered.wait()
    await asyncio.sleep(0.1)
    assert sum(reads) <= 20
    wire.gate.set()
    await _reach(world, tools, 300)
    await world.stop()


def test_batches_are_cut_by_bytes() -> None:
    big = Record(1, "k", b"h" * 100, b"d" * (BATCH_BYTES // 2))
    assert _cut([big, big, big]) == ([big], [big, big])
    small = Record(1, "k", b"h", b"d")
    assert _cut([small] * 500) == ([small] * 500, [])
    huge = Record(1, "k", b"h", b"d" * BATCH_BYTES)
    assert _cut([huge, small]) == ([huge], [small])


@pytest.mark.kafka
async def test_rivals_on_kafka_pass_nothing_over(world: Any, kafka_transport: Any, tools: Any) -> None:
    await _fill(world, 400)
    shippers = [world.shipper(await kafka_transport(), limit=20) for _ in range(2)]
    world.start(*shippers)
    world.start(world.consumer_of(await kafka_transport()))
    await _reach(world, tools, 400, "kafka")

    async def complete() -> bool:
        return len(await world.seen()) >= 400

    await tools.eventually(complete, 30)
    assert tools.in_order_per_key(await world.seen())
    await world.stop()
