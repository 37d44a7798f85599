import csv
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry_data import DATA

from registry.domain.school_calendar import SchoolCalendar, Term, check, half_term_of, half_terms
from registry.domain.years import SchoolYear


def published(name: str, authority: str) -> SchoolCalendar:
    """A calendar from the shipped term dates."""
    with (DATA / name).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["la_code"] == authority]
    days = {row["period"]: (date.fromisoformat(row["start"]), date.fromisoformat(row["end"])) for row in rows}
    terms = tuple(
        Term(term, *days[f"{term}_term"], *days[f"{term}_half_term_holiday"])
        for term in ("autumn", "spring", "summer")
    )
    return SchoolCalendar(SchoolYear.parse(rows[0]["school_year"]), terms)


@st.composite
def calendars(draw: st.DrawFn) -> SchoolCalendar:
    year = SchoolYear(draw(st.integers(2010, 2040)))
    starts = [date(year.start_year, 9, 1), date(year.start_year + 1, 1, 2), date(year.start_year + 1, 4, 12)]
    terms = []
    for name, start in zip(("autumn", "spring", "summer"), starts, strict=True):
        first = start + timedelta(days=draw(st.integers(0, 9)))
        holiday = first + timedelta(days=draw(st.integers(10, 40)))
        over = holiday + timedelta(days=draw(st.integers(0, 11)))
        last = over + timedelta(days=draw(st.integers(4, 25)))
        terms.append(Term(name, first, last, holiday, over))
    return SchoolCalendar(year, tuple(terms))


@given(calendars())
def test_every_day_of_a_year_belongs_to_exactly_one_of_six_periods(calendar: SchoolCalendar) -> None:
    """Flows §3: from its first teaching day to the day before the next period begins, holidays included."""
    periods = half_terms(calendar)
    assert [p.code for p in periods] == [
        "autumn_1", "autumn_2", "spring_1", "spring_2", "summer_1", "summer_2"
    ]  # fmt: skip
    day = calendar.terms[0].first_day
    while day <= calendar.school_year.last_day:
        begun = [p for p in periods if p.first_day <= day]  # the reference: the latest period that has begun
        assert half_term_of(day, periods) == begun[-1]
        day += timedelta(days=1)
    assert half_term_of(calendar.terms[0].first_day - timedelta(days=1), periods) is None


@given(calendars())
def test_no_period_begins_or_stops_teaching_in_a_holiday(calendar: SchoolCalendar) -> None:
    for period, term in zip(half_terms(calendar), [t for t in calendar.terms for _ in range(2)], strict=True):
        for day in (period.first_day, period.last_teaching_day):
            assert not term.holiday_first_day <= day <= term.holiday_last_day
            assert term.first_day <= day <= term.last_day


def test_half_terms_of_bridgend_2025_26() -> None:
    """Domain §3.9: Aut1 1 Sep-24 Oct; Aut2 3 Nov-19 Dec; Spr1 5 Jan-13 Feb; Spr2 23 Feb-27 Mar; Sum1; Sum2."""
    periods = half_terms(published("school-term-dates-2025-26.csv", "672"))
    assert [(p.first_day, p.last_teaching_day) for p in periods] == [
        (date(2025, 9, 1), date(2025, 10, 24)),
        (date(2025, 11, 3), date(2025, 12, 19)),
        (date(2026, 1, 5), date(2026, 2, 13)),
        (date(2026, 2, 23), date(2026, 3, 27)),
        (date(2026, 4, 13), date(2026, 5, 22)),
        (date(2026, 6, 1), date(2026, 7, 20)),
    ]
    assert periods[-1].last_day == date(2026, 8, 31)
    assert periods[-1].provisional


def test_the_last_period_reaches_to_the_next_published_year() -> None:
    calendar = published("school-term-dates-2019-20.csv", "673")
    periods = half_terms(calendar, next_first_day=date(2020, 9, 3))
    assert periods[-1].last_day == date(2020, 9, 2)
    assert not any(period.provisional for period in periods)
    assert half_term_of(date(2020, 2, 19), periods) == periods[2]  # the holiday belongs to spring 1
    assert periods[2].last_day == date(2020, 2, 23)
    for before, after in pairwise(periods):
        assert before.last_day + timedelta(days=1) == after.first_day


def test_every_shipped_calendar_can_be_divided() -> None:
    for name in ("school-term-dates-2019-20.csv", "school-term-dates-2025-26.csv"):
        for authority in ("672", "673", "674", "675", "681"):
            assert len(half_terms(published(name, authority))) == 6


def test_every_fault_is_found_at_once() -> None:
    good = published("school-term-dates-2019-20.csv", "673")
    autumn, spring, summer = good.terms
    bad = SchoolCalendar(
        good.school_year,
        (
            replace(autumn, first_day=date(2019, 8, 30)),
            replace(spring, first_day=date(2019, 12, 20), holiday_last_day=date(2020, 2, 1)),
            replace(summer, holiday_first_day=date(2020, 4, 20)),
        ),
    )
    assert [(f.code, f.term) for f in check(bad)] == [
        ("calendar_outside_school_year", 0),
        ("calendar_holiday_ends_before_it_begins", 1),
        ("calendar_holiday_outside_term", 2),
        ("calendar_terms_overlap", 1),
    ]
    with pytest.raises(ValueError, match="faults"):
        half_terms(bad)
    assert [f.code for f in check(replace(good, terms=(spring, autumn, summer)))] == ["calendar_terms_wrong"]
    with pytest.raises(ValueError, match="before this one has ended"):
        half_terms(good, next_first_day=date(2020, 7, 1))
