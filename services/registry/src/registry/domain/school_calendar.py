"""Term dates of one authority for one school year, and the six half-term periods that follow from them.

A period runs from its first teaching day to the day before the next period begins, so that what happens in a holiday
belongs somewhere. The last period of a year ends on the day before the next year's first teaching day; while the next
calendar is not published it ends on 31 August, provisionally.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from registry.domain.years import SchoolYear, next_weekday, previous_weekday

TERMS = ("autumn", "spring", "summer")


@dataclass(frozen=True, slots=True)
class Term:
    """One term; all days inclusive. The half-term holiday lies inside it."""

    name: str
    first_day: date
    last_day: date
    holiday_first_day: date
    holiday_last_day: date


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """The three terms of a school year. `assumed`: at least one date was not read at its source."""

    school_year: SchoolYear
    terms: tuple[Term, ...]
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class HalfTerm:
    """One half-term period; all days inclusive. `code` is one of `contracts.codes.HALF_TERMS`.

    `last_teaching_day` is the last weekday before the holiday; `last_day` the day before the next period begins.
    """

    code: str
    first_day: date
    last_teaching_day: date
    last_day: date
    provisional: bool = False

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class CalendarFault:
    """What is wrong with a calendar: which term (None: the whole), which field, and a code with a bilingual text."""

    code: str
    term: int | None
    field: str


def check(calendar: SchoolCalendar) -> list[CalendarFault]:
    """Every fault of a calendar; empty when half-term periods can be derived from it."""
    if tuple(term.name for term in calendar.terms) != TERMS:
        return [CalendarFault("calendar_terms_wrong", None, "terms")]
    faults: list[CalendarFault] = []
    for index, term in enumerate(calendar.terms):
        if term.last_day <= term.first_day:
            faults.append(CalendarFault("calendar_term_ends_before_it_begins", index, "last_day"))
        if term.first_day < calendar.school_year.first_day:
            faults.append(CalendarFault("calendar_outside_school_year", index, "first_day"))
        if term.last_day > calendar.school_year.last_day:
            faults.append(CalendarFault("calendar_outside_school_year", index, "last_day"))
        if term.holiday_last_day < term.holiday_first_day:
            faults.append(CalendarFault("calendar_holiday_ends_before_it_begins", index, "holiday_last_day"))
        elif not _splits(term):
            faults.append(CalendarFault("calendar_holiday_outside_term", index, "holiday_first_day"))
    for index, (before, after) in enumerate(pairwise(calendar.terms), start=1):
        if after.first_day <= before.last_day:
            faults.append(CalendarFault("calendar_terms_overlap", index, "first_day"))
    return faults


def _splits(term: Term) -> bool:
    """Whether teaching days stand on both sides of the holiday."""
    return (
        term.first_day <= previous_weekday(term.holiday_first_day)
        and next_weekday(term.holiday_last_day) <= term.last_day
    )


def half_terms(calendar: SchoolCalendar, next_first_day: date | None = None) -> tuple[HalfTerm, ...]:
    """The six half-term periods in order.

    `next_first_day`: the first teaching day of the next school year, None while it is not published. Raises ValueError
    for a calendar that `check` faults.
    """
    faults = check(calendar)
    if faults:
        raise ValueError(f"calendar has faults: {[fault.code for fault in faults]}")
    parts: list[tuple[str, date, date]] = []
    for term in calendar.terms:
        parts.append((f"{term.name}_1", term.first_day, previous_weekday(term.holiday_first_day)))
        parts.append((f"{term.name}_2", next_weekday(term.holiday_last_day), term.last_day))
    begins = [first for _, first, _ in parts]
    after = next_first_day or calendar.school_year.last_day + timedelta(days=1)
    if after <= parts[-1][2]:
        raise ValueError(f"the next school year begins on {after}, before this one has ended")
    ends = [following - timedelta(days=1) for following in (*begins[1:], after)]
    return tuple(
        HalfTerm(code, first, teaching, last, provisional=next_first_day is None and index == len(parts) - 1)
        for index, ((code, first, teaching), last) in enumerate(zip(parts, ends, strict=True))
    )


def half_term_of(day: date, periods: Sequence[HalfTerm]) -> HalfTerm | None:
    """The period to which a day belongs; None where no published calendar covers it."""
    return next((period for period in periods if day in period), None)
