"""The checks of the kill tests bite: on offsets committed before effects, and on damaged logs."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gwella.bench.faults_check import Findings, Logged, ask, check, compared, drained
from gwella.bench.faults_killing import until_recovered
from gwella.bench.faults_place import Member, Place, place
from gwella.bench.faults_writer import Written, writing

# Slow between receiving and handling, so that a kill there is no matter of luck; `EARLY` removes the protection.
SLOW_CONSUMER = """
import asyncio, os
from eventing.consuming import Consumer
from eventing.transports.kafka.subscribing import KafkaSubscription
from exchange.service import service
from service_kit.process import run

receive, handle = KafkaSubscription.receive, Consumer._handle

async def receiving(self, limit, wait):
    batch = await receive(self, limit, wait)
    if batch is not None:
        await self._client.commit(batch.token.offsets)
    return batch

async def handling(self, batch):
    await asyncio.sleep(0.5)
    return await handle(self, batch)

Consumer._handle = handling
if os.environ.get("EARLY"):
    KafkaSubscription.receive = receiving
run(service)
"""
LOG = [Logged(n, f"e{n}", "school", key, version) for n, (key, version) in enumerate(
    [("a", 1), ("b", 1), ("a", 2), ("a", 3)], 1
)]  # fmt: skip


def _found(changes: list[Logged]) -> tuple[bool, bool, bool]:
    found = compared(Findings(), LOG, changes)
    return bool(found.lost), bool(found.doubled), bool(found.reordered)


def test_the_check_finds_each_fault_and_only_it() -> None:
    assert _found(LOG) == (False, False, False)
    assert _found(LOG[:1] + LOG[2:]) == (True, False, False)
    assert _found(LOG[:3]) == (True, False, False), "the end is missing"
    assert _found([*LOG, replace(LOG[1], position=5)]) == (False, True, False)
    assert _found([LOG[0], LOG[1], LOG[3], LOG[2]]) == (False, False, True)


@pytest.fixture
def running() -> Iterator[Place]:
    with place() as here:
        (here.instance.folder / "slow_exchange.py").write_text(SLOW_CONSUMER)
        yield here


def _killed_while_handling(here: Place, consumer: Member, written: Written) -> None:
    """Three kills of a consumer that has always just received something."""
    with writing(here.api, here.token, written):
        for _ in range(3):
            until_recovered(here)
            time.sleep(0.3)
            here.kill(consumer)
        until_recovered(here)


def _exchange(here: Place, consumer: Member, **environment: str) -> None:
    here.leave(consumer)
    consumer.service = "slow_exchange" if environment else "exchange"
    consumer.environment |= environment
    here.start(consumer)


def _until_still(here: Place) -> None:
    """Until the change log has not grown for many times as long as a batch takes."""
    seen: list[int] = []

    def still() -> bool:
        time.sleep(0.5)
        seen.append(ask(here, "exchange", "select count(*) from changes")[0][0][0])
        return len(seen) > 12 and len(set(seen[-12:])) == 1

    here.until(still, "the change log stands still")


@pytest.mark.real_kafka
def test_mutant_offsets_before_effects_loses(running: Place) -> None:
    """The same kills of the same slow consumer: as it is nothing is lost; with offsets committed first, events are."""
    consumer, written = running.members["exchange-consumer"], Written()
    folder = str(running.instance.folder)
    _exchange(running, consumer, PYTHONPATH=folder)
    _killed_while_handling(running, consumer, written)
    drained(running, written)
    found = check(running, written)
    assert found.none, found
    _exchange(running, consumer, PYTHONPATH=folder, EARLY="1")
    _killed_while_handling(running, consumer, written)
    # The faultless one again, and more written: what it passes over does not come any more.
    _exchange(running, consumer)
    with writing(running.api, running.token, written):
        until_recovered(running)
    _until_still(running)
    found = check(running, written)
    assert found.lost
    assert not found.doubled
    assert not found.reordered
