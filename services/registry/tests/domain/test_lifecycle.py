"""A school's life and line against a reference that keeps one status per school and day, and tries every path."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from registry.domain.lifecycle import (
    CLOSED,
    OPEN,
    PROPOSED,
    REFUSALS,
    Amalgamation,
    Refused,
    Register,
    Standing,
    amalgamated,
    amalgamation_refused,
    closing_refused,
    direct_lineage,
    opening_refused,
    reached,
    survivors,
)
from registry.service import service
from registry.usecases.school_states import SCHOOL
from service_kit.app import catalogue_of

FIRST, DAYS = date(2018, 4, 10), 8
NUMBERS = [f"673{n}" for n in range(2000, 2005)]
ORDER = [None, PROPOSED, OPEN, CLOSED]


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


numbers = st.sampled_from(NUMBERS)
days = st.integers(0, DAYS - 1)


class Lives(RuleBasedStateMachine):
    """The rules beside a calendar: for every school its status on each day, and the days on which something begins."""

    @initialize(known=st.dictionaries(numbers, st.sampled_from([PROPOSED, OPEN]), min_size=2))
    def begin(self, known: dict[str, str]) -> None:
        self.register = Register(
            {number: Standing(number, ((FIRST, status),)) for number, status in known.items()}, frozenset()
        )
        self.days: dict[str, list[str]] = {number: [status] * DAYS for number, status in known.items()}
        self.begins: dict[str, set[int]] = {number: {0} for number in known}

    def _set(self, number: str, n: int, status: str) -> None:
        until = min((b for b in self.begins.get(number, ()) if b > n), default=DAYS)
        held = self.days.setdefault(number, [""] * DAYS)
        held[n:until] = [status] * (until - n)
        self.begins.setdefault(number, set()).add(n)

    def _may_close(self, number: str, n: int) -> bool:
        held = self.days[number]
        return CLOSED not in held and n > 0 and held[n - 1] == OPEN and max(self.begins[number]) <= n

    def _path(self, start: str, end: str) -> bool:
        """Whether a line leads from one school to another: relations composed until none is added."""
        line = set(self.register.edges)
        while more := {(a, d) for (a, b), (c, d) in product(line, line) if b == c} - line:
            line |= more
        return (start, end) in line

    @rule(number=numbers, n=days)
    def open(self, number: str, n: int) -> None:
        if number not in self.days:
            return
        allowed = self.days[number][n] == PROPOSED and max(self.begins[number]) <= n
        assert (opening_refused(self.register.schools[number], day(n)) is None) == allowed
        if allowed:
            self._become(number, n, OPEN)

    @rule(number=numbers, n=days)
    def close(self, number: str, n: int) -> None:
        if number not in self.days:
            return
        allowed = self._may_close(number, n)
        assert (closing_refused(self.register.schools[number], day(n)) is None) == allowed
        if allowed:
            self._become(number, n, CLOSED)

    def _become(self, number: str, n: int, status: str) -> None:
        held = self.register.schools[number].becoming(day(n), status)
        self.register = Register({**self.register.schools, number: held}, self.register.edges)
        self._set(number, n, status)

    @rule(before=st.lists(numbers, min_size=1, max_size=3), after=numbers, n=days, new=st.booleans())
    def amalgamate(self, before: list[str], after: str, n: int, new: bool) -> None:
        wanted = Amalgamation(day(n), tuple(before), after, new)
        allowed = len(set(before)) == len(before) and (after in self.days) != new
        for number in before:
            allowed = (
                allowed
                and number in self.days
                and number != after
                and not self._path(after, number)
                and (number, after) not in self.register.edges
                and (self._first_closed(number) == n or self._may_close(number, n))
            )
        if after in self.days:
            status = self.days[after][n]
            later = max(self.begins[after]) > n
            allowed = allowed and (status == OPEN or (status == PROPOSED and not later))
        refused = amalgamation_refused(self.register, wanted)
        assert (refused == []) == allowed, refused
        assert {reason.code for reason in refused} <= REFUSALS.keys()
        if allowed:
            self.register = amalgamated(self.register, wanted)
            for number in before:
                self._set(number, n, CLOSED)
            self._set(after, n, OPEN)

    def _first_closed(self, number: str) -> int | None:
        return self.days[number].index(CLOSED) if CLOSED in self.days[number] else None

    @invariant()
    def every_day_agrees(self) -> None:
        for number, held in self.days.items():
            school = self.register.schools[number]
            assert [school.on(day(n)) or "" for n in range(DAYS)] == held

    @invariant()
    def no_school_goes_back(self) -> None:
        """Flows §2: proposed, open, closed, in this order; never open again."""
        for school in self.register.schools.values():
            statuses = [ORDER.index(school.on(day(n))) for n in range(DAYS)]
            assert statuses == sorted(statuses)

    @invariant()
    def lines_end(self) -> None:
        """No school follows itself; each school that has a successor has closed, and its line ends somewhere."""
        for before, _ in self.register.edges:
            assert self.register.schools[before].closed_from is not None
            assert before not in reached(self.register.edges, before)
            ends = survivors(self.register.edges, before)
            assert ends
            assert not any(direct_lineage(self.register.edges, end)["successors"] for end in ends)


Lives.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLives = Lives.TestCase

edges = st.frozensets(st.tuples(numbers, numbers).filter(lambda edge: edge[0] < edge[1]))


@given(edges, numbers)
def test_a_line_is_followed_to_its_ends(known: frozenset[tuple[str, str]], number: str) -> None:
    """D-02: the survivors are the ends of all paths, as a plain recursion finds them."""

    def ends(at: str) -> set[str]:
        following = [after for before, after in known if before == at]
        return set().union(*map(ends, following)) if following else {at}

    expected = ends(number) - {number}
    assert survivors(known, number) == expected
    assert reached(known, number) >= expected
    direct = direct_lineage(known, number)
    assert set(direct["successors"]) == {after for before, after in known if before == number}
    assert set(direct["predecessors"]) == {before for before, after in known if after == number}


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (Amalgamation(day(3), ("6732002",), "6732002"), [Refused("lineage_cycle", 0)]),
        (Amalgamation(day(5), ("6732001",), "6732000"), [Refused("lineage_cycle", 0), Refused("successor_not_open")]),
        (Amalgamation(day(3), ("6732000",), "6732001"), [Refused("succession_recorded", 0)]),
        (Amalgamation(day(3), ("6732000",), "6732002"), []),
        (Amalgamation(day(4), ("6732000",), "6732002"), [Refused("school_already_closed", 0)]),
        (Amalgamation(day(2), ("6732002",), "6732001", new=True), [Refused("school_is_registered")]),
        (Amalgamation(day(2), ("6732001",), "6732002"), [Refused("school_changes_later", 0)]),
    ],
)  # fmt: skip
def test_each_refusal_is_named(wanted: Amalgamation, codes: list[Refused]) -> None:
    """6732000 closed on the fourth day for 6732001; closed that very day it may have another successor."""
    schools = {number: Standing(number, ((FIRST, OPEN),)) for number in NUMBERS[:3]}
    register = amalgamated(Register(schools, frozenset()), Amalgamation(day(3), ("6732000",), "6732001"))
    assert amalgamation_refused(register, wanted) == codes


def test_every_refusal_is_in_the_catalogue_with_the_words_of_its_rule() -> None:
    faults = catalogue_of(service).faults
    for code, text in REFUSALS.items():
        assert (faults[code].detail.en, faults[code].detail.cy) == (text.en, text.cy)
    assert set(SCHOOL.steps) == {PROPOSED, OPEN, CLOSED}
