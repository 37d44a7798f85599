"""Working days: Monday to Friday without bank holidays. School holidays count, because officers work (convention)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta


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
