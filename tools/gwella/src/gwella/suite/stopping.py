"""Being told to stop: at once while starting, in order while running, and never twice."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """One per event loop; SIGINT, SIGTERM and SIGHUP mean the same.

    While the suite starts, the first signal cancels the task that starts it; once `ready`, it sets `told`. Further
    signals change nothing: every step of stopping is bounded in time, and one interrupted in the middle would leave
    a server behind.
    """

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.interrupted = False
        self._ready = False
        loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        for one in SIGNALS:
            loop.add_signal_handler(one, self._on_signal)

    def ready(self) -> None:
        """From now on a signal asks for an orderly end instead of cancelling."""
        self._ready = True

    def _on_signal(self) -> None:
        if self._ready:
            self.told.set()
        elif not self.interrupted and self._task is not None:
            self.interrupted = True
            self._task.cancel()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Outside an event loop: SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does."""
    before = {one: signal.getsignal(one) for one in SIGNALS}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for one in SIGNALS:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
