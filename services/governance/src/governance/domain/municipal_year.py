"""The municipal year: in which offices are held and minutes are numbered [domain 1.2.4-5]."""

from datetime import date


def municipal_year_of(day: date, begins: str) -> str:
    """Like `2019/20`. `begins`: the first day of the year as `MM-DD`, from the body's constitution."""
    first = day.year if day >= date.fromisoformat(f"{day.year}-{begins}") else day.year - 1
    return f"{first}/{(first + 1) % 100:02}"
