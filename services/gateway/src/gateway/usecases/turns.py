"""Whose turn it is at a service: while several clients ask it, each has one request there at once.

A service answers what has come first. Were sixty requests of one client handed on at once, the one of another would
wait for all of them, however small the rate of either. So what one client asks beyond its share waits here for that
client's own turn, and others go past it. Alone, a client may have enough there to keep a service busy.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

ALONE: Final = 16
"""Requests of one client at one service at once, while nobody else asks it."""
SHARED: Final = 1
"""The same while others ask it too."""
LATELY: Final = 2.0
"""Seconds for which a service counts as shared after two clients have asked it in turn."""
HOLD: Final = 0.5
"""Seconds after which a request that still runs is no longer counted against its client, so that a slow one does not
keep everything else of that client waiting. Not so short that a busy service's ordinary answers take longer: then all
that waits would be let in, and keep it busy."""


class Turn:
    """One request's leave to ask the service; given back when it was answered."""

    __slots__ = ("_line", "_turns", "began")

    def __init__(self, turns: "Turns", line: "_Line", began: float) -> None:
        self._turns = turns
        self._line = line
        self.began = began

    def give_back(self) -> None:
        """The request has ended; a second call does nothing."""
        self._turns.given_back(self._line, self)


class _Line:
    """One client's requests at one service: those that are there, and those that wait."""

    __slots__ = ("client", "there", "timer", "waiting")

    def __init__(self, client: str) -> None:
        self.client = client
        self.there: list[Turn] = []
        self.waiting: deque[asyncio.Future[Turn]] = deque()
        self.timer: asyncio.TimerHandle | None = None


class Turns:
    """One service's turns, in this copy of the gateway. Times are a monotonic clock's seconds."""

    def __init__(self, hold: float = HOLD, now: Callable[[], float] = monotonic) -> None:
        self._hold = hold
        self._now = now
        self._lines: dict[str, _Line] = {}
        self._last: str | None = None
        self._shared_until = 0.0

    def at_once(self, client: str) -> Turn | None:
        """A turn, where it is the client's already; None: it has to wait (`later`)."""
        now = self._now()
        if client != self._last:
            if self._last is not None:
                self._shared_until = now + LATELY
            self._last = client
        line = self._lines.get(client)
        if line is None:
            line = self._lines[client] = _Line(client)
        if line.waiting or len(line.there) >= self._most(now):
            return None
        return self._taken(line, now)

    async def later(self, client: str) -> Turn:
        """Waits for the turn of a request that had none at once; in the order in which they came."""
        line = self._lines.get(client)
        if line is None:
            line = self._lines[client] = _Line(client)
        turn: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        self._watch(line)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                turn.result().give_back()
            else:
                with suppress(ValueError):
                    line.waiting.remove(turn)
            raise

    def given_back(self, line: _Line, turn: Turn) -> None:
        """`Turn.give_back`."""
        if turn not in line.there:
            return
        line.there.remove(turn)
        if line.waiting:
            self._pass_on(line)
        elif not line.there:
            self._forget(line)

    def _most(self, now: float) -> int:
        return SHARED if now < self._shared_until else ALONE

    def _taken(self, line: _Line, now: float) -> Turn:
        turn = Turn(self, line, now)
        line.there.append(turn)
        return turn

    def _pass_on(self, line: _Line) -> None:
        now = self._now()
        most = self._most(now)
        while line.waiting and len(line.there) < most:
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(self._taken(line, now))

    def _watch(self, line: _Line) -> None:
        """Looks at a line in which somebody waits, until nobody does."""
        if line.timer is None:
            line.timer = asyncio.get_running_loop().call_later(self._hold, self._look, line)

    def _look(self, line: _Line) -> None:
        line.timer = None
        before = self._now() - self._hold
        line.there = [turn for turn in line.there if turn.began > before]
        self._pass_on(line)
        if line.waiting:
            self._watch(line)
        elif not line.there:
            self._forget(line)

    def _forget(self, line: _Line) -> None:
        if self._lines.get(line.client) is line:
            del self._lines[line.client]
