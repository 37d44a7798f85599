"""Gates on the number of statements: what a batch costs does not grow with the events in it [X-01]."""

from typing import Any

import pytest

from eventing.consumer_store import ConsumerStore
from eventing.delivery import delivered
from eventing.envelope import header_list, packed_headers
from eventing.handling import Work
from eventing.reactions import Dispatch, hears_all, reactions_of
from eventing.sequencer import Sequencer, sequence
from eventing.transports.port import Received, Sending
from testkit.statements import statements_of


@pytest.mark.parametrize("number", [1, 200])
async def test_a_transaction_appends_its_events_in_one_statement(world: Any, number: int) -> None:
    from eventing.outbox import OutboxRow, append

    rows = [OutboxRow.of(world.envelope(f"k{n}", 1)) for n in range(number)]
    async with world.engine.connect() as connection:
        await append(connection, world.publisher.outbox, rows)
        with statements_of(world.engine, transactions=True) as statements:
            await append(connection, world.publisher.outbox, rows)
        await connection.commit()
    assert len(statements) == 1, statements


@pytest.mark.parametrize("number", [1, 400])
async def test_the_sequencer_needs_two_statements_a_batch(world: Any, number: int) -> None:
    sequencer = Sequencer(world.engine, world.log)
    await world.publish("warm")
    assert await sequencer._round()  # the first round also measures
    await world.publish(*[f"k{n}" for n in range(number)])
    with statements_of(world.engine, transactions=True) as statements:
        assert await sequencer._round()
    assert len(statements) == 1 + 2 + 2, statements  # the look; BEGIN and COMMIT


@pytest.mark.parametrize("batches", [1, 4])
async def test_the_shipper_needs_two_statements_a_batch(world: Any, batches: int) -> None:
    await world.publish(*[f"k{n}" for n in range(100 * batches)])
    async with world.engine.begin() as connection:
        await sequence(connection, world.log)

    class Sink:
        name = "sink"

        async def prepare(self, topic: str, records: Any) -> Sending:
            return self.send

        async def send(self) -> None: ...

    shipper = world.shipper(Sink(), limit=100)
    await shipper._begin()
    with statements_of(world.engine, transactions=True) as statements:
        assert await shipper._round()
    # One read and one compare-and-set a batch; the cursor once; one read that finds the end.
    assert len(statements) == 2 * batches + 2, statements


@pytest.mark.parametrize("number", [1, 500])
async def test_a_consumed_batch_needs_five_statements_and_its_effects(world: Any, number: int) -> None:
    handled: list[int] = []

    @hears_all
    async def hear(envelopes: Any, unit: Any) -> None:
        handled.append(len(envelopes))

    dispatch, store = Dispatch.of(reactions_of(hear)), ConsumerStore(world.consumer, "c")
    for warm in (True, False):
        envelopes = [world.envelope(f"k{n % 50}", n // 50 + 1 + (0 if warm else 100)) for n in range(number)]
        deliveries = [
            delivered(
                Received(world.topic, "0/0", e.key, header_list(packed_headers(e), 1), e.data), dispatch
            )
            for e in envelopes
        ]
        async with world.engine.connect() as connection:
            from types import SimpleNamespace

            work = Work(store, dispatch, SimpleNamespace(connection=connection), alone=False)
            with statements_of(world.engine, transactions=True) as statements:
                await work.take(deliveries)
                await connection.commit()
    assert handled == [number, number]
    # share, inbox, parked, known, remember; BEGIN and COMMIT.
    assert len(statements) == 5 + 2, statements
