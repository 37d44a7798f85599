"""Clear days of notice [domain 6.1.3]: neither the day of notice nor of the meeting, no weekend, no bank holiday."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.domain.municipal_year import municipal_year_of
from governance.domain.working_days import YearNotListedError
from governance.storage.conventions import working_calendar

CALENDAR = working_calendar()
DAYS = st.dates(date(2012, 2, 1), date(2027, 11, 1))


@given(DAYS, st.integers(-3, 40))
def test_clear_days_are_counted_as_a_clerk_counts_them(notice: date, ahead: int) -> None:
    """D-20: the reference walks the diary day by day."""
    meeting = notice + timedelta(days=ahead)
    counted, day = 0, notice
    while (day := day + timedelta(days=1)) < meeting:
        listed = day in CALENDAR.holidays[day.year]
        counted += day.strftime("%a") not in ("Sat", "Sun") and not listed
    assert CALENDAR.clear_days(notice, meeting) == counted


@given(DAYS, st.integers(1, 10))
def test_the_last_day_of_notice_is_the_last(meeting: date, clear: int) -> None:
    """Notice given that day is in time, and on no working day after it."""
    last = CALENDAR.last_day_of_notice(meeting, clear)
    assert CALENDAR.works(last)
    assert CALENDAR.clear_days(last, meeting) >= clear
    assert CALENDAR.clear_days(CALENDAR.after(last, 1), meeting) < clear


def test_three_clear_days_around_easter_and_new_year() -> None:
    """Good Friday and Easter Monday 2020 do not count; nor does 1 January."""
    assert CALENDAR.clear_days(date(2020, 4, 8), date(2020, 4, 15)) == 2
    assert CALENDAR.clear_days(date(2020, 4, 7), date(2020, 4, 15)) == 3
    assert CALENDAR.last_day_of_notice(date(2020, 1, 6), 3) == date(2019, 12, 30)
    assert CALENDAR.clear_days(date(2020, 2, 7), date(2020, 2, 13)) == 3


def test_a_year_that_is_not_listed_is_refused_never_guessed() -> None:
    with pytest.raises(YearNotListedError):
        CALENDAR.clear_days(date(2031, 1, 1), date(2031, 1, 20))


@pytest.mark.parametrize(
    ("day", "begins", "year"),
    [
        (date(2019, 12, 19), "05-01", "2019/20"),
        (date(2020, 4, 30), "05-01", "2019/20"),
        (date(2020, 5, 1), "05-01", "2020/21"),
        (date(1999, 9, 1), "09-01", "1999/00"),
    ],
)
def test_the_municipal_year_turns_on_its_day(day: date, begins: str, year: str) -> None:
    """domain 1.2.5: numbers begin anew with the municipal year."""
    assert municipal_year_of(day, begins) == year
