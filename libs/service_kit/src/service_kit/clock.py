"""The only place that reads the wall clock, so that a test, the sandbox and the demonstration can set it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

WALES = ZoneInfo("Europe/London")


class Clock(Protocol):
    """What tells the time. `now` is aware and in UTC; `today` is the date in Wales."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        ...

    def today(self) -> date:
        """The date in Wales (Europe/London), on which rights, roles and deadlines turn."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The date in Wales."""
        return self.now().astimezone(WALES).date()


@dataclass
class FixedClock:
    """A clock that stands still until it is moved: for tests and for the sandbox."""

    moment: datetime

    def now(self) -> datetime:
        """The moment to which the clock is set."""
        return self.moment

    def today(self) -> date:
        """The date in Wales of that moment."""
        return self.moment.astimezone(WALES).date()

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward."""
        self.moment += by
