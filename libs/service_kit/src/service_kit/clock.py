"""The only place that reads the wall clock, so that a test, the sandbox and the demonstration can set it.

Two times are told apart. `now` and `today` are what the field's rules turn on: deadlines, dated rights, known time; the
sandbox may set them. `system_now` is the machine's and nobody sets it: tokens, leases and how long an answer to a
command is kept must not lapse, or begin to hold again, because somebody tries another day.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

WALES = ZoneInfo("Europe/London")
LOOK_NANOSECONDS: Final = 5_000_000
"""How often the sandbox's clock looks whether it was set: every 5 ms at most, however often it is asked."""


class Clock(Protocol):
    """What tells the time. `now` is aware and in UTC; `today` is the date in Wales."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        ...

    def today(self) -> date:
        """The date in Wales (Europe/London), on which rights, roles and deadlines turn."""
        ...

    def system_now(self) -> datetime:
        """The machine's moment in UTC, also where `now` was set: for tokens, leases and stored answers."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The date in Wales."""
        return self.now().astimezone(WALES).date()

    def system_now(self) -> datetime:
        """The same moment."""
        return self.now()


@dataclass
class FixedClock:
    """A clock that stands still until it is moved: for tests."""

    moment: datetime

    def now(self) -> datetime:
        """The moment to which the clock is set."""
        return self.moment

    def today(self) -> date:
        """The date in Wales of that moment."""
        return self.moment.astimezone(WALES).date()

    def system_now(self) -> datetime:
        """The same moment: a test moves the machine's time as well."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward."""
        self.moment += by


class SandboxClock:
    """The machine's clock shifted by the offset in a file, which every process of a sandbox reads.

    The file is replaced by `set_offset`; without it the offset is zero. Time runs on from where it was set and never
    goes backwards in a process: records are known in the order in which they were written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._looked = -LOOK_NANOSECONDS
        self._offset = timedelta()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._look(time.monotonic_ns())

    def now(self) -> datetime:
        """The moment that the sandbox shows, in UTC."""
        asked = time.monotonic_ns()
        if asked - self._looked >= LOOK_NANOSECONDS:
            self._look(asked)
        self._last = max(self._last, datetime.now(UTC) + self._offset)
        return self._last

    def today(self) -> date:
        """The date in Wales of that moment."""
        return self.now().astimezone(WALES).date()

    def system_now(self) -> datetime:
        """The machine's moment, which nobody sets."""
        return datetime.now(UTC)

    def _look(self, asked: int) -> None:
        self._looked = asked
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._offset = read_offset(self._path)
            self._seen = seen


def read_offset(path: Path) -> timedelta:
    """The offset that a sandbox's clock file holds. Raises ValueError for any other content, OSError without it."""
    held = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(held, dict) or not isinstance(held.get("offset_seconds"), (int, float)):
        raise ValueError(f"{path} holds no offset_seconds")
    return timedelta(seconds=held["offset_seconds"])


def set_offset(path: Path, moment: datetime) -> None:
    """Sets the clocks of all processes that read this file to a moment (aware), from which they run on."""
    offset = (moment - datetime.now(UTC)).total_seconds()
    half = path.with_name(f".{path.name}.new")
    half.write_text(json.dumps({"offset_seconds": offset}), encoding="utf-8")
    half.replace(path)
