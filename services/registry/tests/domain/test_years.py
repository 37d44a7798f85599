from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.years import SchoolYear, financial_year, municipal_year, next_weekday, previous_weekday

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@given(DAYS)
def test_a_day_lies_in_its_school_year_and_no_other(day: date) -> None:
    year = SchoolYear.of(day)
    assert year.first_day <= day <= year.last_day
    assert SchoolYear.parse(year.name) == year
    assert year.next().first_day == year.last_day + timedelta(days=1)


@pytest.mark.parametrize("name", ["2019/21", "2019-20", "19/20", "2019/20\n", "2019/2020"])
def test_a_wrong_name_of_a_school_year_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        SchoolYear.parse(name)


def test_the_century_turns_in_a_name() -> None:
    assert SchoolYear.parse("1999/00").next().name == "2000/01"


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2019, 3, 31), "2018-19"), (date(2019, 4, 1), "2019-20"), (date(2020, 1, 1), "2019-20")],
)
def test_the_financial_year_begins_on_1_april(day: date, name: str) -> None:
    assert financial_year(day) == name


def test_the_municipal_year_begins_with_the_annual_meeting() -> None:
    meetings = [date(2022, 5, 25)]
    assert municipal_year(date(2022, 5, 24), meetings) == "2021/22"
    assert municipal_year(date(2022, 5, 25), meetings) == "2022/23"
    assert municipal_year(date(2023, 5, 1), meetings) == "2023/24"


@given(DAYS)
def test_weekdays_around_a_day(day: date) -> None:
    after, before = next_weekday(day), previous_weekday(day)
    assert before < day < after
    assert after.weekday() < 5
    assert before.weekday() < 5
    assert (after - day).days <= 3
    assert (day - before).days <= 3
