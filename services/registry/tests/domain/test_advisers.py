from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.advisers import (
    Allocation,
    AuthorityRegime,
    SchoolFact,
    gaps,
    on_closed_schools,
    overlapping,
)
from registry.domain.day_range import DayRange

FIRST, DAYS = date(2019, 9, 1), 25
SCHOOLS = {"6732118": "673", "6742387": "674"}


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


@st.composite
def ranges(draw: st.DrawFn) -> DayRange:
    start = draw(st.integers(0, DAYS - 1))
    end = draw(st.none() | st.integers(start + 1, DAYS))
    return DayRange(day(start), None if end is None else day(end))


NUMBERS = st.sampled_from(sorted(SCHOOLS))
FACTS = st.builds(
    lambda number, sector, status, days: SchoolFact(number, SCHOOLS[number], sector, status, days),
    NUMBERS, st.sampled_from(["primary", "pru", "independent"]), st.sampled_from(["open", "closed", "proposed"]),
    ranges(),
)  # fmt: skip
REGIMES = st.builds(
    AuthorityRegime, st.sampled_from(["673", "674"]), st.just("national_model_2014"), ranges()
)
ALLOCATIONS = st.builds(Allocation, st.uuids().map(str), NUMBERS, st.just("p"), ranges())


@given(
    st.lists(FACTS, max_size=3, unique_by=lambda f: f.school_number),
    st.lists(REGIMES, max_size=2, unique_by=lambda r: r.authority),
    st.lists(ALLOCATIONS, max_size=4),
    ranges(),
)
def test_a_gap_is_a_day_in_scope_without_a_lead_adviser(
    facts: list[SchoolFact], regimes: list[AuthorityRegime], allocations: list[Allocation], asked: DayRange
) -> None:
    """Flows §2: open maintained schools and PRUs under a live regime, never independent schools."""
    found = gaps(facts, regimes, allocations, asked)
    for n in range(DAYS + 1):
        at = day(n)
        expected = {
            fact.school_number
            for fact in facts
            if at in asked
            and at in fact.days
            and fact.status == "open"
            and fact.sector != "independent"
            and any(r.authority == fact.authority and at in r.days for r in regimes)
            and not any(a.school_number == fact.school_number and at in a.days for a in allocations)
        }
        assert {gap.school_number for gap in found if at in gap.days} == expected


@given(ALLOCATIONS, st.lists(ALLOCATIONS, max_size=4))
def test_an_overlap_is_one_shared_day_of_one_school(wanted: Allocation, existing: list[Allocation]) -> None:
    expected = [
        other
        for other in existing
        if other.school_number == wanted.school_number
        and any(day(n) in other.days and day(n) in wanted.days for n in range(DAYS + 1))
    ]
    assert overlapping(wanted, existing) == expected


def test_an_allocation_does_not_overlap_itself() -> None:
    held = Allocation("a", "6732118", "p", DayRange(FIRST))
    assert overlapping(held, [held]) == []
    assert overlapping(Allocation("b", "6732118", "q", DayRange(FIRST)), [held]) == [held]


@given(
    st.lists(FACTS, max_size=3, unique_by=lambda f: f.school_number),
    st.lists(ALLOCATIONS, max_size=4),
    ranges(),
)
def test_an_allocation_on_a_closed_school_is_told_for_its_days(
    facts: list[SchoolFact], allocations: list[Allocation], asked: DayRange
) -> None:
    found = on_closed_schools(facts, allocations, asked)
    for n in range(DAYS + 1):
        at = day(n)
        expected = sorted(
            a.id
            for a in allocations
            for f in facts
            if f.school_number == a.school_number
            and f.status == "closed"
            and all(at in days for days in (f.days, a.days, asked))
        )
        assert sorted(held.id for held in found if at in held.days) == expected
