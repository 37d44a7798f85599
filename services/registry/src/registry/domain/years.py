"""The three years of this field and how each is written: school year, financial year, municipal year.

They begin on different days, so a name never says merely "year". Convention of the field: `2019/20` for the school and
the municipal year, `2019-20` for the financial year.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_SCHOOL_YEAR = re.compile(r"([0-9]{4})/([0-9]{2})")

MUNICIPAL_YEAR_STARTS = (5, 1)
"""Month and day used where no annual meeting of the council is known (convention)."""


def _named(start: int, mark: str) -> str:
    return f"{start:04d}{mark}{(start + 1) % 100:02d}"


@dataclass(frozen=True, slots=True, order=True)
class SchoolYear:
    """1 September to 31 August."""

    start_year: int

    @classmethod
    def parse(cls, name: str) -> "SchoolYear":
        """The school year of a name like `2019/20`; ValueError where the second part does not follow the first."""
        match = _SCHOOL_YEAR.fullmatch(name)
        if not match or int(match[2]) != (int(match[1]) + 1) % 100:
            raise ValueError(f"not the name of a school year: {name!r}")
        return cls(int(match[1]))

    @classmethod
    def of(cls, day: date) -> "SchoolYear":
        """The school year in which a day lies."""
        return cls(day.year if day.month >= 9 else day.year - 1)

    @property
    def name(self) -> str:
        """Like `2019/20`."""
        return _named(self.start_year, "/")

    @property
    def first_day(self) -> date:
        """1 September."""
        return date(self.start_year, 9, 1)

    @property
    def last_day(self) -> date:
        """31 August."""
        return date(self.start_year + 1, 8, 31)

    def next(self) -> "SchoolYear":
        """The school year after this one."""
        return SchoolYear(self.start_year + 1)


def financial_year(day: date) -> str:
    """The financial year of a day, 1 April to 31 March, like `2019-20`."""
    return _named(day.year if (day.month, day.day) >= (4, 1) else day.year - 1, "-")


def municipal_year(day: date, annual_meetings: Iterable[date] = ()) -> str:
    """The municipal year of a day, like `2022/23`: from the annual meeting of the council to the day before the next.

    `annual_meetings` are the known meetings, at most one per calendar year; for a year without one,
    MUNICIPAL_YEAR_STARTS counts.
    """
    known = {meeting.year: meeting for meeting in annual_meetings}
    begins = known.get(day.year, date(day.year, *MUNICIPAL_YEAR_STARTS))
    return _named(day.year if day >= begins else day.year - 1, "/")


def next_weekday(day: date) -> date:
    """The first day after `day` that is not a Saturday or Sunday."""
    following = day + timedelta(days=1)
    while following.weekday() >= 5:
        following += timedelta(days=1)
    return following


def previous_weekday(day: date) -> date:
    """The last day before `day` that is not a Saturday or Sunday."""
    earlier = day - timedelta(days=1)
    while earlier.weekday() >= 5:
        earlier -= timedelta(days=1)
    return earlier
