"""Working days in Wales: Monday to Friday without bank holidays. School holidays count, because officers work.

Deadlines of visits, offers, decisions and notices of meetings [domain 6.1.3] are all counted in these days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final


class YearNotListedError(LookupError):
    """The bank holidays of a year are not known, so its working days cannot be counted."""

    def __init__(self, year: int) -> None:
        super().__init__(f"bank holidays of {year} are not listed")
        self.year = year


@dataclass(frozen=True)
class WorkingCalendar:
    """Bank holidays by year. A year without any is not known, and refused."""

    holidays: Mapping[int, frozenset[date]]

    @classmethod
    def of(cls, listed: Mapping[str, list[str]]) -> "WorkingCalendar":
        """From a year's days as `MM-DD`."""
        return cls(
            {
                int(year): frozenset(date.fromisoformat(f"{year}-{day}") for day in days)
                for year, days in listed.items()
            }
        )

    def works(self, day: date) -> bool:
        """Whether a day is a working day. Raises YearNotListedError."""
        if day.year not in self.holidays:
            raise YearNotListedError(day.year)
        return day.weekday() < 5 and day not in self.holidays[day.year]

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after a day; the day itself is not counted. Raises YearNotListedError."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.works(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and with `end`; 0 where `end` is not later. Raises YearNotListedError."""
        days = (end - start).days
        return sum(self.works(start + timedelta(days=ahead)) for ahead in range(1, days + 1))

    def clear_days(self, notice: date, meeting: date) -> int:
        """The clear days of a notice: working days between, neither that of the notice nor that of the meeting.

        0 where the meeting is not after the notice. Raises YearNotListedError.
        """
        between = (notice + timedelta(days=n) for n in range(1, max(0, (meeting - notice).days)))
        return sum(1 for day in between if self.works(day))

    def last_day_of_notice(self, meeting: date, clear: int) -> date:
        """The last working day on which notice gives so many clear days. Raises YearNotListedError."""
        day = meeting
        while clear > 0:
            day -= timedelta(days=1)
            clear -= self.works(day)
        day -= timedelta(days=1)
        while not self.works(day):
            day -= timedelta(days=1)
        return day


BANK_HOLIDAYS: Final[Mapping[str, list[str]]] = {
    "2012": ["01-02", "04-06", "04-09", "05-07", "06-04", "06-05", "08-27", "12-25", "12-26"],
    "2013": ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
    "2014": ["01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"],
    "2015": ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"],
    "2016": ["01-01", "03-25", "03-28", "05-02", "05-30", "08-29", "12-26", "12-27"],
    "2017": ["01-02", "04-14", "04-17", "05-01", "05-29", "08-28", "12-25", "12-26"],
    "2018": ["01-01", "03-30", "04-02", "05-07", "05-28", "08-27", "12-25", "12-26"],
    "2019": ["01-01", "04-19", "04-22", "05-06", "05-27", "08-26", "12-25", "12-26"],
    "2020": ["01-01", "04-10", "04-13", "05-08", "05-25", "08-31", "12-25", "12-28"],
    "2021": ["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"],
    "2022": ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"],
    "2023": ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"],
    "2024": ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
    "2025": ["01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"],
    "2026": ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"],
    "2027": ["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"],
}  # fmt: skip
"""Bank holidays in Wales as `MM-DD`. In a year that is not listed nothing is counted: refused, never guessed."""

WORKING_DAYS: Final = WorkingCalendar.of(BANK_HOLIDAYS)
"""The working days of Wales."""
