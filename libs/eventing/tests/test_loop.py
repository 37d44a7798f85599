"""The loop under sequencer, shipper and consumer: paced, backing off, stoppable, and honest about itself."""

import asyncio
from itertools import pairwise
from time import monotonic

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from eventing.bell import Bell
from eventing.failures import is_transient
from eventing.loop import Backoff, Loop, Pace, describe


async def _run_for(loop: Loop, seconds: float) -> None:
    task = asyncio.create_task(loop.run())
    await asyncio.sleep(seconds)
    loop.stop()
    await task


async def test_an_idle_loop_looks_again_and_slows_down_after_a_quiet_while() -> None:
    looks: list[float] = []

    async def look() -> bool:
        looks.append(monotonic())
        return False

    await _run_for(Loop("idle", look, pace=Pace(busy=0.005, quiet=0.1, quiet_after=0.1)), 0.6)
    pauses = [after - before for before, after in pairwise(looks)]
    assert min(pauses[:3]) < 0.05
    assert min(pauses[-2:]) > 0.05


def test_the_pace_is_hot_after_work_then_busy_then_quiet() -> None:
    pace = Pace(hot=1, hot_for=10, busy=2, quiet=3, quiet_after=60)
    assert [pace.pause(since, 100) for since in (0, 9.9, 10, 60, 61)] == [1, 1, 2, 2, 3]
    assert [pace.pause(None, since) for since in (0, 60, 61)] == [2, 2, 3]


async def test_a_wake_ends_an_idle_sleep_at_once() -> None:
    wake, rounds = asyncio.Event(), asyncio.Queue[None]()

    async def look() -> bool:
        rounds.put_nowait(None)
        return False

    loop = Loop("asleep", look, wake=wake, pace=Pace(busy=60, quiet=60))
    task = asyncio.create_task(loop.run())
    async with asyncio.timeout(5):
        await rounds.get()
        wake.set()
        await rounds.get()
    loop.stop()
    async with asyncio.timeout(5):
        await task


async def test_a_failing_round_is_repeated_and_told() -> None:
    attempts = 0

    async def flaky() -> bool:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise ConnectionRefusedError("away")
        return False

    loop = Loop("flaky", flaky, backoff=Backoff(0.005), pace=Pace(busy=0.005))
    task = asyncio.create_task(loop.run())
    async with asyncio.timeout(5):
        while not loop.health.failing_since:  # noqa: ASYNC110 - each turn of the loop is looked at
            await asyncio.sleep(0)
        assert loop.health.error == "ConnectionRefusedError: away"
        while not loop.health.ok:  # noqa: ASYNC110 - each turn of the loop is looked at
            await asyncio.sleep(0)
    loop.stop()
    await task
    assert attempts >= 3
    assert not loop.health.ok


async def test_a_back_off_is_not_cut_short_by_a_wake_but_by_a_stop() -> None:
    async def failing() -> bool:
        raise ConnectionRefusedError("away")

    loop = Loop("failing", failing, backoff=Backoff(60, most=60))
    task = asyncio.create_task(loop.run())
    await asyncio.sleep(0.05)
    loop.wake.set()
    await asyncio.sleep(0.05)
    assert not task.done()
    loop.stop()
    async with asyncio.timeout(1):
        await task


async def test_a_stop_before_the_start_is_not_forgotten() -> None:
    async def never() -> bool:
        raise AssertionError("a round of a stopped loop")

    loop = Loop("stopped", never)
    loop.stop()
    async with asyncio.timeout(1):
        await loop.run()


async def test_a_fatal_error_ends_the_loop_and_says_why() -> None:
    async def fatal() -> bool:
        raise LookupError("enough")

    loop = Loop("fatal", fatal, fatal=(LookupError,))
    with pytest.raises(LookupError):
        await loop.run()
    assert loop.health.stopped == "LookupError: enough"
    assert not loop.health.running


async def test_a_cancelled_loop_ends_even_where_a_library_loses_the_request() -> None:
    """A driver that cleans up may raise an error of its own in place of the cancellation."""
    entered = asyncio.Event()

    async def losing() -> bool:
        entered.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionResetError("while cleaning up") from None
        return False

    task = asyncio.create_task(Loop("losing", losing).run())
    await entered.wait()
    task.cancel()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await task


def test_back_off_grows_with_jitter_and_is_bounded() -> None:
    backoff = Backoff(first=0.1, factor=2, most=1.0)
    for attempt, full in ((1, 0.1), (2, 0.2), (3, 0.4), (4, 0.8), (5, 1.0), (500, 1.0)):
        delays = {backoff.delay(attempt) for _ in range(50)}
        assert full / 2 <= min(delays) <= max(delays) <= full
        assert len(delays) > 1


def test_an_error_is_described_without_the_data_it_quotes() -> None:
    database = IntegrityError(
        "insert ...", {"name": "secret"}, Exception("duplicate key\nDETAIL: Key (name)=(secret)")
    )
    assert describe(database) == "IntegrityError: duplicate key"


class _Refusal(Exception):
    sqlstate = "23505"


class _Deadlock(Exception):
    sqlstate = "40P01"


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (DBAPIError("q", {}, _Deadlock()), True),
        (DBAPIError("q", {}, Exception(), connection_invalidated=True), True),
        (DBAPIError("q", {}, _Refusal()), False),
        (FileNotFoundError(), False),
        (ValueError(), False),
    ],
)
def test_only_what_may_pass_by_itself_is_transient(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient


async def test_a_bell_wakes_all_who_listen_and_misses_nobody() -> None:
    bell = Bell()
    with bell.listening() as one, bell.listening() as other:
        bell.set()
        assert one.is_set()
        assert other.is_set()
    with bell.listening() as late:
        assert not late.is_set()
    bell.set()
    assert not late.is_set()
