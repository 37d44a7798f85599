from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.day_range import DayRange, subtract

FIRST, DAYS = date(2020, 1, 1), 40
AXIS = [FIRST + timedelta(days=n) for n in range(-2, DAYS + 3)]


@st.composite
def ranges(draw: st.DrawFn) -> DayRange:
    start = draw(st.none() | st.integers(0, DAYS - 1))
    end = draw(st.none() | st.integers(0 if start is None else start + 1, DAYS))
    return DayRange(
        None if start is None else FIRST + timedelta(days=start),
        None if end is None else FIRST + timedelta(days=end),
    )


def days(*parts: DayRange) -> set[date]:
    return {day for day in AXIS if any(day in part for part in parts)}


@given(ranges(), ranges())
def test_intersection_holds_the_common_days(one: DayRange, other: DayRange) -> None:
    common = one.intersection(other)
    assert (days(common) if common else set()) == days(one) & days(other)
    assert one.overlaps(other) == bool(days(one) & days(other))


@given(ranges(), st.lists(ranges(), max_size=5))
def test_subtract_leaves_the_days_that_nobody_took(whole: DayRange, taken: list[DayRange]) -> None:
    left = subtract(whole, taken)
    assert days(*left) == days(whole) - days(*taken)
    assert all(not one.overlaps(other) for i, one in enumerate(left) for other in left[i + 1 :])
    assert left == sorted(left, key=lambda part: part.start or date.min)


def test_a_range_without_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        DayRange(FIRST, FIRST)
