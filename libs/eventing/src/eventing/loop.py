"""A loop of rounds: paced when idle, backing off when failing, stopped between rounds, and able to say how it is."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import structlog

from eventing import metrics

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an idle loop sleeps between looks, in seconds. No NOTIFY: it costs every writer a global lock.

    `hot` for `hot_for` seconds after work was found: what comes now is likely followed by more. Looking more often
    finds less each time: at 5 ms the feed's 99th percentile was 33 ms, at 12 ms it is 24. Then `busy`, and
    `quiet` after `quiet_after` seconds without any.
    """

    hot: float = 0.012
    hot_for: float = 1.0
    busy: float = 0.02
    quiet: float = 0.25
    quiet_after: float = 60.0

    def pause(self, since_work: float | None, since_start: float) -> float:
        """Seconds until the next look; `since_work` is None where no work was found yet."""
        if since_work is not None and since_work < self.hot_for:
            return min(self.hot, self.busy)
        return (
            self.quiet
            if (since_start if since_work is None else since_work) > self.quiet_after
            else self.busy
        )


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off with jitter: attempt n (from 1) waits between half and all of first * factor^(n-1)."""

    first: float = 0.1
    factor: float = 2.0
    most: float = 30.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the given failed attempt."""
        full = min(self.most, self.first * self.factor ** min(attempt - 1, 32))
        return full * (0.5 + random.random() / 2)  # noqa: S311 - jitter is no secret


@dataclass(slots=True)
class Health:
    """What a loop says of itself. `failing_since` is on the monotonic clock, None while all is well."""

    name: str
    running: bool = False
    failing_since: float | None = None
    error: str | None = None
    stopped: str | None = None
    """Why it stopped by itself and will not go on before somebody has looked; None otherwise."""

    @property
    def ok(self) -> bool:
        """Whether it runs and its last round succeeded."""
        return self.running and self.failing_since is None and self.stopped is None

    def failed(self, error: BaseException) -> None:
        """Notes a failed round."""
        if self.failing_since is None:
            self.failing_since = monotonic()
        self.error = describe(error)

    def succeeded(self) -> None:
        """Notes a good round."""
        self.failing_since = self.error = None


def describe(error: BaseException) -> str:
    """The kind of an error and the first line of its message, without what a driver quotes from the data."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}"


def heed_cancellation() -> None:
    """Raises CancelledError when the running task was asked to end.

    A library may lose the request: a driver that cleans up after it can raise an error of its own in its place.
    Whoever catches errors in order to go on asks here first.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


Found = bool | Literal["all"]
"""What a round says: False, nothing was there; True, look again at once; "all", there was, and now nothing is left."""


class Loop:
    """Calls `round` until stopped. `round` returns whether it found something to do (`Found`).

    A round that raises is repeated after a back-off, for ever: what it works on is in the database and loses nothing
    by waiting. `wake` ends an idle sleep at once. `fatal` errors end the loop.
    """

    def __init__(
        self,
        name: str,
        round: Callable[[], Awaitable[Found]],  # noqa: A002 - it is one
        *,
        wake: asyncio.Event | None = None,
        pace: Pace | None = None,
        backoff: Backoff | None = None,
        fatal: tuple[type[Exception], ...] = (),
    ) -> None:
        self.health = Health(name)
        self._fatal = fatal
        self.wake = wake or asyncio.Event()
        self._round = round
        self._pace = pace or Pace()
        self._backoff = backoff or Backoff()
        self._stopping = False

    def stop(self) -> None:
        """Ends the loop after the round under way, for good."""
        self._stopping = True
        self.wake.set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping

    async def run(self) -> None:
        """Runs until `stop`, at once when that came first; ends at once when cancelled."""
        self.health.running, self.health.stopped = True, None
        failures, began = 0, monotonic()
        worked_at: float | None = None
        try:
            while not self._stopping:
                heed_cancellation()
                self.wake.clear()
                try:
                    worked = await self._round()
                except self._fatal as error:
                    self.health.stopped = describe(error)
                    raise
                except Exception as error:  # noqa: BLE001 - whatever it was: noted, logged, repeated
                    heed_cancellation()
                    failures += 1
                    self._note(error, failures)
                    await self.rest(self._backoff.delay(failures))
                    continue
                failures = 0
                self.health.succeeded()
                if worked:
                    worked_at = monotonic()
                if worked is True:
                    # A round that never waits must not keep everything else from running.
                    await asyncio.sleep(0)
                else:
                    now = monotonic()
                    since_work = None if worked_at is None else now - worked_at
                    await self._idle(self._pace.pause(since_work, now - began))
        finally:
            self.health.running = False

    def _note(self, error: Exception, failures: int) -> None:
        self.health.failed(error)
        metrics.count(metrics.ROUND_FAILED, 1, {"loop": self.health.name})
        if failures == 1:
            _log.error("a round failed", loop=self.health.name, error=type(error).__name__, exc_info=error)
        else:
            _log.warning(
                "a round failed again", loop=self.health.name, times=failures, error=type(error).__name__
            )

    async def rest(self, seconds: float) -> None:
        """Sleeps, woken by `stop` alone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._stopping:
                    self.wake.clear()
                    await self.wake.wait()

    async def _idle(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wake.wait()
