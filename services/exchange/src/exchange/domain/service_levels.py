"""Service levels: over which windows, and what was counted there says.

A minute that nobody measured is shown as such: it is neither met nor missed, and a window with such minutes is never
called met without saying so.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final, Literal
from zoneinfo import ZoneInfo

from contracts.measurements import minute_of
from contracts.text import Text

WindowCode = Literal["hour", "day", "thirty_days", "calendar_month"]
_WALES: Final = ZoneInfo("Europe/London")
_SHOWN: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised of one measure: `target` percent of its events are good."""

    code: str
    measure: str
    observed: str
    target: Decimal
    title: Text
    meaning: Text


@dataclass(frozen=True, slots=True)
class Window:
    """Whole minutes from `first` until before `until`, both in UTC."""

    code: WindowCode
    first: datetime
    until: datetime

    @property
    def minutes(self) -> int:
        """How many minutes it has."""
        return int((self.until - self.first).total_seconds()) // 60


class Standing(StrEnum):
    """How a window stands. `met_where_measured`: kept in the minutes that were measured, and not all were."""

    met = "met"
    met_where_measured = "met_where_measured"
    missed = "missed"
    nothing_happened = "nothing_happened"
    not_measured = "not_measured"


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of a measure in a window: minutes measured, good events, all events."""

    minutes: int = 0
    good: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """What was counted, judged. Both shares are percents, rounded down; None where nothing happened.

    `budget_left`: share of the failures that the target allows which is still left; negative once it is overspent.
    """

    standing: Standing
    percent: Decimal | None
    budget_left: Decimal | None


def windows(now: datetime) -> tuple[Window, ...]:
    """The windows that end with the last whole minute before `now` (aware); the month is Wales's calendar month."""
    until = minute_of(now.astimezone(UTC))
    # The month of the last minute counted: on the first of a month, at midnight, that is still the month before.
    last = (until - timedelta(minutes=1)).astimezone(_WALES)
    month = last.replace(day=1, hour=0, minute=0, fold=0).astimezone(UTC)
    return (
        Window("hour", until - timedelta(hours=1), until),
        Window("day", until - timedelta(days=1), until),
        Window("thirty_days", until - timedelta(days=30), until),
        Window("calendar_month", month, until),
    )


def judged(objective: Objective, minutes: int, counted: Counted) -> Level:
    """What a window of so many minutes says about an objective."""
    measured = min(counted.minutes, minutes)
    if counted.total == 0:
        return Level(Standing.nothing_happened if measured else Standing.not_measured, None, None)
    bad = counted.total - counted.good
    allowed = counted.total * (100 - objective.target) / 100
    percent = _rounded(Decimal(100 * counted.good) / counted.total)
    left = _rounded(100 * (allowed - bad) / allowed) if allowed else Decimal(100 if bad == 0 else -100)
    if bad > allowed:
        standing = Standing.missed
    elif measured < minutes:
        standing = Standing.met_where_measured
    else:
        standing = Standing.met
    return Level(standing, percent, left)


def _rounded(percent: Decimal) -> Decimal:
    # Down: 99.9996 % is never shown as a hundred.
    return percent.quantize(_SHOWN, ROUND_FLOOR)
