"""Working days and clear days: Monday to Friday without bank holidays [domain 6.1.3]."""

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
