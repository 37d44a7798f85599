"""School years: 1 September to 31 August, written like `2019/20`."""

import re
from datetime import date

_NAME = re.compile(r"([0-9]{4})/([0-9]{2})")


def school_year_of(day: date) -> str:
    """The school year in which a day lies."""
    start = day.year if day.month >= 9 else day.year - 1
    return f"{start:04d}/{(start + 1) % 100:02d}"


def days_of(school_year: str) -> tuple[date, date]:
    """First and last day. Raises ValueError where the name is not that of a school year."""
    match = _NAME.fullmatch(school_year)
    if not match or int(match[2]) != (int(match[1]) + 1) % 100:
        raise ValueError(f"not the name of a school year: {school_year!r}")
    start = int(match[1])
    return date(start, 9, 1), date(start + 1, 8, 31)


def day_in(school_year: str, month_and_day: str) -> date:
    """The day `MM-DD` of a school year."""
    first, last = days_of(school_year)
    month, day = (int(part) for part in month_and_day.split("-"))
    return date(first.year if month >= 9 else last.year, month, day)
