"""O-18, X-19: the arithmetic of service levels against a plain reference, and its edges."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.measurements import BOUNDS
from contracts.text import Text
from exchange.domain.service_levels import Counted, Objective, Standing, judged, windows
from exchange.storage.service_levels import objectives

NAME = Text("A", "B")
FROM = datetime(2019, 1, 1)  # noqa: DTZ001  hypothesis adds the zone
TO = datetime(2030, 1, 1)  # noqa: DTZ001
TARGETS = st.decimals(Decimal(50), Decimal(100), places=3)
MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=FROM, max_value=TO)


def objective(target: Decimal) -> Objective:
    return Objective("a", "a.available", "requests", target, NAME, NAME)


@given(
    target=TARGETS,
    # By minute: None where nobody measured, else how many of its events were good and bad.
    minutes=st.lists(st.none() | st.tuples(st.integers(0, 40), st.integers(0, 3)), min_size=1, max_size=60),
)
def test_a_window_says_what_a_plain_count_of_its_minutes_says(
    target: Decimal, minutes: list[tuple[int, int] | None]
) -> None:
    """Counted minute by minute in fractions: the same verdict; an unmeasured minute never counts as kept."""
    measured = [one for one in minutes if one is not None]
    good, bad = sum(one[0] for one in measured), sum(one[1] for one in measured)
    level = judged(objective(target), len(minutes), Counted(len(measured), good, good + bad))
    allowed = Fraction(good + bad) * (1 - Fraction(target) / 100)
    if not measured:
        expected = Standing.not_measured
    elif good + bad == 0:
        expected = Standing.nothing_happened
    elif bad > allowed:
        expected = Standing.missed
    else:
        expected = Standing.met if all(one is not None for one in minutes) else Standing.met_where_measured
    assert level.standing is expected
    if good + bad == 0:
        assert level.percent is level.budget_left is None
        return
    assert level.percent is not None
    assert level.budget_left is not None
    share = Fraction(100 * good, good + bad)
    assert 0 <= share - Fraction(level.percent) < Fraction(1, 1000)
    assert (level.percent == 100) is (bad == 0)
    if allowed:
        assert 0 <= 100 * (1 - Fraction(bad) / allowed) - Fraction(level.budget_left) < Fraction(1, 1000)
        assert (level.budget_left < 0) is (bad > allowed)


@given(MOMENTS)
def test_every_window_is_whole_minutes_that_are_over(now: datetime) -> None:
    """None reaches into the minute under way; the month is that of the last minute, in Wales."""
    hour, day, thirty, month = windows(now)
    for one in (hour, day, thirty, month):
        assert one.until <= now < one.until + timedelta(minutes=1)
        assert one.first.second == one.until.second == one.until.microsecond == 0
        assert one.minutes > 0
    assert (hour.minutes, day.minutes, thirty.minutes) == (60, 1440, 43_200)
    wales = ZoneInfo("Europe/London")
    first, before = month.first.astimezone(wales), (month.first - timedelta(minutes=1)).astimezone(wales)
    last = (month.until - timedelta(minutes=1)).astimezone(wales)
    assert (first.day, first.hour, first.minute) == (1, 0, 0)
    assert (first.year, first.month) == (last.year, last.month) != (before.year, before.month)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (
            "2020-04-01T00:30:00+00:00",
            "2020-03-31T23:00:00+00:00",
        ),  # summer time: the month began at 23:00 UTC
        ("2020-03-31T23:00:30+00:00", "2020-03-01T00:00:00+00:00"),  # its last minute is still of March
    ],
)
def test_the_month_is_that_of_wales(now: str, first: str) -> None:
    """A calendar month begins at midnight in Wales, in summer an hour before UTC's."""
    assert windows(datetime.fromisoformat(now))[3].first == datetime.fromisoformat(first)


def test_what_is_promised_can_be_measured() -> None:
    """Every objective names a measure that something counts, and speaks both languages."""
    classes = ("read", "write", "long", "composed")
    known = {f"{name}.available": "requests" for name in classes} | {"gateway.reachable": "probe"}
    known |= {f"{name}.within_{bound}": "requests" for name in classes for bound in BOUNDS}
    assert len({one.code for one in objectives()}) == len(objectives()) > 5
    for one in objectives():
        measured = "feed" if one.measure.startswith("feed.within_") else known[one.measure]
        assert one.observed == measured, one.code
        assert 50 < one.target < 100
        assert all((one.title.en, one.title.cy, one.meaning.en, one.meaning.cy))
