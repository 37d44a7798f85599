"""Documents in time (convention of domain 4.3)."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from contracts.working_days import WORKING_DAYS
from visits.domain.visits import Timeliness, documents_due, lapses

DAYS = st.dates(date(2018, 1, 1), date(2027, 11, 30))


@given(DAYS, st.integers(1, 10), st.integers(0, 10))
def test_the_final_is_due_no_earlier_than_the_draft(day: date, draft: int, more: int) -> None:
    """D-07: both are counted from the visit."""
    first, last = documents_due(day, Timeliness(draft, 5, draft + more), WORKING_DAYS)
    assert day < first <= last


@given(DAYS, DAYS)
def test_a_reply_lapses_after_its_last_day_and_from_shared_alone(due: date, today: date) -> None:
    """Flows 2: silence lapses."""
    assert lapses("shared", due, today) == (today > due)
    assert not lapses("replied", due, today)
    assert not lapses("shared", None, today)
