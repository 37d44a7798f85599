"""The same storm over backbones that lack one protection each must find the fault that it prevents, and only that.

Each mutant is a small replacement in `storm/mutants.py`. What decides is scripted and not left to chance: in every
storm a lower number commits behind a higher one, a lower transaction id writes last, something is done again after a
rollback, transactions are held open here and in another database, a shipper is passed by its rival in the middle of a
batch, and a consumer dies right before and another right behind the commit of a batch [E-01, E-02, E-03].
"""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from storm import mutants
from storm.weather import Weather

pytestmark = [
    pytest.mark.real_kafka,
    # What is killed while it connects leaves its socket to the garbage collector, as a killed process to its system.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
RELAYED = Weather(seed=1)
DIRECT = Weather(seed=1, sequencers=0, shippers=0)


@pytest.fixture(autouse=True)
def left_sockets() -> Iterator[None]:
    """Collects what the killed left behind before another test is blamed for it."""
    yield
    gc.collect()


async def test_the_backbone_in_the_weather_of_the_mutants(raging: Callable[..., Any]) -> None:
    """The control: with every protection in its place this weather does nothing."""
    storm = await raging(RELAYED)
    assert storm.wrong == {}
    assert storm.place.deaths == 2
    assert storm.passed >= len(storm.observed.ledger) / 2, "events pass while transactions are open"
    assert storm.place.lagged.is_set()


async def test_mutant_naive_cursor(raging: Callable[..., Any]) -> None:
    """Tailing by number passes over what commits later, and numbers of what was rolled back leave gaps."""
    storm = await raging(RELAYED, mutants.NaiveCursor)
    assert storm.wrong.keys() == {"lost", "not logged", "gaps", "wrong state"}


async def test_mutant_xmin_gate(raging: Callable[..., Any]) -> None:
    """It loses nothing on the way, but stands still behind any open transaction and turns an aggregate's events
    round; then the consumers' last versions refuse what comes late."""
    storm = await raging(RELAYED, mutants.XminGate)
    assert storm.wrong.keys() == {"inverted in the log", "stalled", "lost", "wrong state"}
    assert storm.passed == 0, "nothing at all passes"


async def test_mutant_xmin_gate_without_last_versions(raging: Callable[..., Any]) -> None:
    """Where nothing refuses what comes late, the older state overwrites the newer. One open transaction in another
    database is enough for the gate to stand still."""
    weather = Weather(seed=1, consumed=1, held_here=False)
    storm = await raging(weather, mutants.XminGateUnguarded)
    assert storm.wrong.keys() == {"inverted in the log", "inverted in effect", "stalled", "wrong state"}
    assert storm.passed == 0


async def test_mutant_published_behind_the_commit(raging: Callable[..., Any]) -> None:
    """A writer that dies between its commit and its sending has told nobody."""
    storm = await raging(DIRECT, mutants.PublishedBehindCommit)
    assert storm.wrong.keys() == {"lost", "not logged", "wrong state"}
    missing = {fact.event_id for fact in storm.observed.ledger} - {seen[0] for seen in storm.observed.effects}
    assert storm.writers.unsent
    assert storm.writers.unsent <= missing


async def test_mutant_published_within_the_transaction(raging: Callable[..., Any]) -> None:
    """What is sent and then rolled back never happened; and it stands in the way of what did, which is lost."""
    storm = await raging(DIRECT, mutants.PublishedWithinTransaction)
    assert storm.wrong.keys() == {"invented", "lost", "not logged", "wrong state"}


async def test_mutant_offsets_before_effects(raging: Callable[..., Any]) -> None:
    """The broker believes the batch done, the consumer died in the midst of it: nobody gives it again."""
    storm = await raging(RELAYED, mutants.OffsetsFirst)
    assert storm.wrong.keys() == {"lost", "wrong state"}


async def test_mutant_inbox_before_the_effect(raging: Callable[..., Any]) -> None:
    """The batch comes again and is taken for a repeat."""
    storm = await raging(RELAYED, mutants.InboxBefore)
    assert storm.wrong.keys() == {"lost", "wrong state"}


async def test_mutant_inbox_behind_the_effect(raging: Callable[..., Any]) -> None:
    """The batch comes again and nobody remembers it."""
    storm = await raging(RELAYED, mutants.MemoryAfterwards)
    assert storm.wrong.keys() == {"doubled", "wrong state"}


async def test_mutant_cursor_set_without_a_fence(raging: Callable[..., Any]) -> None:
    """A slow shipper takes the cursor back behind what its rival has sent: all of that is sent again."""
    storm = await raging(RELAYED, mutants.CursorSet)
    assert storm.wrong.keys() == {"cursor back"}


async def test_mutant_cursor_raised_without_a_fence(raging: Callable[..., Any]) -> None:
    """Both count the same batch: the cursor runs ahead of what was sent, and what it runs over is never sent."""
    storm = await raging(Weather(seed=1, shipped=10), mutants.CursorRaised)
    assert storm.wrong.keys() == {"lost", "wrong state"}
