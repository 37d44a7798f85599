"""Services as processes on a real PostgreSQL and a real Kafka; each fault is repeated until it would have shown.

The long mode, with hundreds of kills and a million events waiting, is `gwella bench faults`.
"""

from collections.abc import Iterator

import pytest
import structlog

from gwella.bench.faults_flood import flood
from gwella.bench.faults_killing import Outcome, kills, rebalances, servers_away
from gwella.bench.faults_place import Place, place
from gwella.bench.faults_writer import Written

_log = structlog.get_logger(__name__)
pytestmark = pytest.mark.real_kafka


@pytest.fixture(scope="module")
def running() -> Iterator[Place]:
    """One place for all tests: each adds to what is there, and checks all of it."""
    with place() as here:
        yield here


@pytest.fixture(scope="module")
def written() -> Written:
    return Written()


def _flawless(outcome: Outcome) -> None:
    _log.warning(outcome.line())
    assert outcome.findings.none, (outcome.line(), outcome.findings)
    assert outcome.findings.events >= outcome.written.acknowledged > 0


def test_twenty_kills_lose_double_and_reorder_nothing(running: Place, written: Written) -> None:
    """E-01..E-05: sequencer, shipper, consumers and writer killed at random points of a seed."""
    outcome = kills(running, written, number=20, seed=20, tell=_log.warning)
    _flawless(outcome)
    assert sum(outcome.faults.values()) == 20
    assert set(outcome.faults) == set(running.members), "everybody was killed at least once"


def test_broker_and_database_away_while_somebody_writes(running: Place, written: Written) -> None:
    """Stopped and killed, restarted on their data: the services find back by themselves."""
    _flawless(servers_away(running, written, seconds=2, tell=_log.warning))


def test_a_full_outbox_costs_the_relay_no_memory(running: Place, written: Written) -> None:
    """20,000 events wait for the broker: the relay holds a batch or two, drops nothing, and ships all of it later."""
    done = flood(running, written, events=20_000, seconds=3, tell=_log.warning, patience=400)
    assert done.findings.none, done.findings
    assert done.growth < 24, f"{done.before:.0f} -> {done.most:.0f} MiB"


@pytest.mark.parametrize("static", [True, False], ids=["static", "dynamic"])
def test_a_group_rebalances_under_load(running: Place, written: Written, static: bool) -> None:
    """Joins, clean leaves, crashes, and a member that sleeps past its session and wakes: effects exactly once."""
    _flawless(rebalances(running, written, static=static, rounds=1, tell=_log.warning, asleep=not static))
