"""Bitemporal slices: the arithmetic against a simple reference that works on sets of days (O-09, X-12)."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import Range

from service_kit.slices import leftovers

FIRST = date(2020, 1, 1)
HORIZON = 40


@st.composite
def ranges(draw: st.DrawFn) -> Range[date]:
    """A range of days in a window of 40, open at either end now and then."""
    start = draw(st.integers(0, HORIZON - 1))
    end = draw(st.integers(start + 1, HORIZON))
    lower = None if draw(st.booleans()) and start == 0 else FIRST + timedelta(days=start)
    upper = None if draw(st.booleans()) and end == HORIZON else FIRST + timedelta(days=end)
    return Range(lower, upper)


def days(period: Range[date]) -> set[int]:
    """The reference: every day of the window, and one on each side for the open ends, that the range holds."""
    return {n for n in range(-1, HORIZON + 1) if (FIRST + timedelta(days=n)) in period}


@given(ranges(), ranges())
def test_leftovers_are_exactly_the_days_not_covered(old: Range[date], new: Range[date]) -> None:
    """X-12: what a new slice does not cover stays known, nothing else does, and nothing twice."""
    if not (days(old) & days(new)):
        return
    rest = leftovers(old, new)
    covered = [days(part) for part in rest]
    assert all(covered)
    assert sum(len(part) for part in covered) == len(set().union(*covered))
    assert set().union(*covered) == days(old) - days(new)
