"""The clock of a data folder: a file that every process of its suite reads; it is set forward, never back."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

from gwella.exits import CommandError, Exit
from service_kit.clock import WALES, SandboxClock, set_offset

DAY_BEGINS = time(8)
"""When a day is given without a time, the clock is set to eight in the morning in Wales."""


def clock_file(folder: Path) -> Path:
    """Where the suite on a data folder keeps how far its clock is shifted."""
    return folder / "clock.json"


def moment_of(given: str) -> datetime:
    """A day (`2020-01-20`: eight in the morning) or a moment (`2020-01-20T14:30`), in Wales where no offset is named.

    Raises CommandError for anything else.
    """
    try:
        moment = (
            datetime.combine(date.fromisoformat(given), DAY_BEGINS)
            if len(given) == len("2020-01-20")
            else datetime.fromisoformat(given)
        )
    except ValueError as problem:
        raise CommandError(
            Exit.USAGE,
            f"{given!r} is neither a day nor a moment",
            hint="for example 2020-01-20 or 2020-01-20T14:30",
        ) from problem
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=WALES)


def shown(folder: Path) -> datetime:
    """What the clock of a data folder shows, in Welsh time."""
    return SandboxClock(clock_file(folder)).now().astimezone(WALES)


def move_forward(folder: Path, moment: datetime) -> bool:
    """Sets the clock of a data folder forward to a moment; False, and nothing done, where it shows that or later.

    A folder whose clock was never set may be set to any moment: that is how a story in the past begins.
    """
    path = clock_file(folder)
    if path.exists() and SandboxClock(path).now() >= moment:
        return False
    set_offset(path, moment)
    return True
