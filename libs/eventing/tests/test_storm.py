"""Random writers against the whole backbone on a real broker: nothing lost, invented, doubled, reordered, left out.

Writers change several aggregates a transaction, draw transaction ids and numbers early and commit late, roll back
whole transactions and savepoints, and are killed. Transactions stay open all the while, in this database and in
another one of the cluster. Rival sequencers, rival shippers, of which one is slow, and members of one consumer group,
some of them slow, work at the same time; all are killed or stopped and started again, consumers also right before and
right behind a commit. What must then be found is in `storm/findings.py`; each finding is shown to bite in
`test_storm_mutants.py` [E-01, E-02, E-03].

Three seeds choose the weather here. `GWELLA_STORMS=50` rages fifty, from `GWELLA_STORMS_FROM` (1) on:

    GWELLA_STORMS=50 pytest libs/eventing/tests/test_storm.py -k weather
"""

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from storm.weather import Weather

pytestmark = [
    pytest.mark.real_kafka,
    # What is killed while it connects leaves its socket to the garbage collector, as a killed process to its system.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FIRST = int(os.environ.get("GWELLA_STORMS_FROM", "1"))
STORMS = int(os.environ.get("GWELLA_STORMS", "3"))


@pytest.fixture(autouse=True)
def left_sockets() -> Iterator[None]:
    """Collects what the killed left behind before another test is blamed for it."""
    yield
    gc.collect()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STORMS))
async def test_nothing_is_wrong_after_any_weather(raging: Callable[..., Any], seed: int) -> None:
    storm = await raging(Weather.of(seed))
    assert storm.wrong == {}, storm.broken
    assert len(storm.observed.ledger) > 100
    assert storm.writers.rolled_back + storm.writers.undone > 10
    assert storm.restarts >= 4, "nothing was ever killed"
    assert storm.place.deaths >= 1
    assert storm.passed > 50, "events pass while transactions are open, here and in another database"
    assert storm.place.lagged.is_set()


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
