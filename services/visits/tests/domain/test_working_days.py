"""Working days and documents in time, against a plain reference (convention of domain 4.3)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visits.domain.school_year import day_in, days_of, school_year_of
from visits.domain.visits import Timeliness, documents_due, lapses
from visits.domain.working_days import YearNotListedError
from visits.storage.conventions import working_calendar

CALENDAR = working_calendar()
DAYS = st.dates(date(2018, 1, 1), date(2027, 11, 30))


@given(DAYS, st.integers(0, 15))
def test_working_days_are_counted_one_by_one(day: date, count: int) -> None:
    """The n-th working day: exactly n working days lie after the day, up to and including it."""
    end = CALENDAR.after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(1 for d in between if CALENDAR.works(d)) == count
    assert count == 0 or CALENDAR.works(end)


@pytest.mark.parametrize(
    ("day", "count", "end"),
    [
        (date(2020, 1, 20), 5, date(2020, 1, 27)),
        (date(2020, 4, 8), 2, date(2020, 4, 14)),  # Good Friday and Easter Monday lie between
        (date(2020, 5, 7), 1, date(2020, 5, 11)),  # the early May holiday was moved to Friday 8 May in 2020
        (date(2019, 12, 24), 5, date(2020, 1, 3)),
    ],
)
def test_known_cases(day: date, count: int, end: date) -> None:
    """Days on which one can count with a calendar in hand."""
    assert CALENDAR.after(day, count) == end


def test_a_year_that_is_not_listed_is_refused() -> None:
    """Never guessed: a bank holiday that is not known would make a report late or in time by accident."""
    with pytest.raises(YearNotListedError):
        CALENDAR.after(date(2027, 12, 30), 5)


@given(DAYS, st.integers(1, 10), st.integers(0, 10))
def test_the_final_is_due_no_earlier_than_the_draft(day: date, draft: int, more: int) -> None:
    """D-07: both are counted from the visit."""
    first, last = documents_due(day, Timeliness(draft, 5, draft + more), CALENDAR)
    assert day < first <= last


@given(DAYS, DAYS)
def test_a_reply_lapses_after_its_last_day_and_from_shared_alone(due: date, today: date) -> None:
    """Flows 2: silence lapses."""
    assert lapses("shared", due, today) == (today > due)
    assert not lapses("replied", due, today)
    assert not lapses("shared", None, today)


@given(st.dates(date(2012, 9, 1), date(2040, 1, 1)))
def test_every_day_lies_in_its_school_year(day: date) -> None:
    """1 September to 31 August."""
    first, last = days_of(school_year_of(day))
    assert first <= day <= last
    assert day_in(school_year_of(day), day.strftime("%m-%d")) == day


@pytest.mark.parametrize("name", ["2019/21", "2019-20", "19/20", "2019/2020"])
def test_what_is_no_school_year(name: str) -> None:
    """Written as the field writes it, or refused."""
    with pytest.raises(ValueError, match="school year"):
        days_of(name)
