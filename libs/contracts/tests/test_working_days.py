"""Working days, clear days and school years, against plain references [conventions of domain 4.3 and 6.1.3]."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.school_year import day_in, days_of, school_year_of
from contracts.working_days import WORKING_DAYS, YearNotListedError

DAYS = st.dates(date(2012, 2, 1), date(2027, 11, 1))


@given(DAYS, st.integers(0, 15))
def test_working_days_are_counted_one_by_one(day: date, count: int) -> None:
    """The n-th working day: exactly n working days lie after the day, up to and including it."""
    end = WORKING_DAYS.after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(1 for d in between if WORKING_DAYS.works(d)) == count
    assert count == 0 or WORKING_DAYS.works(end)


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
    assert WORKING_DAYS.after(day, count) == end


def test_a_year_that_is_not_listed_is_refused() -> None:
    """Never guessed: a bank holiday that is not known would make a report late or in time by accident."""
    with pytest.raises(YearNotListedError):
        WORKING_DAYS.after(date(2027, 12, 30), 5)


@given(DAYS, st.integers(-3, 40))
def test_clear_days_are_counted_as_a_clerk_counts_them(notice: date, ahead: int) -> None:
    """D-20: the reference walks the diary day by day."""
    meeting = notice + timedelta(days=ahead)
    counted, day = 0, notice
    while (day := day + timedelta(days=1)) < meeting:
        listed = day in WORKING_DAYS.holidays[day.year]
        counted += day.strftime("%a") not in ("Sat", "Sun") and not listed
    assert WORKING_DAYS.clear_days(notice, meeting) == counted


@given(DAYS, st.integers(1, 10))
def test_the_last_day_of_notice_is_the_last(meeting: date, clear: int) -> None:
    """Notice given that day is in time, and on no working day after it."""
    last = WORKING_DAYS.last_day_of_notice(meeting, clear)
    assert WORKING_DAYS.works(last)
    assert WORKING_DAYS.clear_days(last, meeting) >= clear
    assert WORKING_DAYS.clear_days(WORKING_DAYS.after(last, 1), meeting) < clear


def test_three_clear_days_around_easter_and_new_year() -> None:
    """Good Friday and Easter Monday 2020 do not count; nor does 1 January."""
    assert WORKING_DAYS.clear_days(date(2020, 4, 8), date(2020, 4, 15)) == 2
    assert WORKING_DAYS.clear_days(date(2020, 4, 7), date(2020, 4, 15)) == 3
    assert WORKING_DAYS.last_day_of_notice(date(2020, 1, 6), 3) == date(2019, 12, 30)
    assert WORKING_DAYS.clear_days(date(2020, 2, 7), date(2020, 2, 13)) == 3


@given(DAYS, st.integers(-3, 40))
def test_working_days_between_are_those_of_the_diary(start: date, ahead: int) -> None:
    """S2-55: from the day after the start up to and with the end."""
    days = [start + timedelta(days=n) for n in range(1, ahead + 1)]
    assert WORKING_DAYS.between(start, start + timedelta(days=ahead)) == sum(map(WORKING_DAYS.works, days))


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
