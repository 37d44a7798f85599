"""The state machines against simple references, walked at random (flows §2; D-06, D-07, D-09)."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.steps import Steps
from visits.domain import actions, categories, visits
from visits.domain.actions import ACTION_STEPS, ActionNow
from visits.domain.caller import Caller
from visits.domain.categories import CATEGORY_STEPS
from visits.domain.visits import EDITABLE, FINAL, SEEN_BY_SCHOOL, VISIT_STEPS, VisitNow
from visits.storage.conventions import schemes

EVERY = frozenset(
    {
        step.operation
        for steps in (VISIT_STEPS, ACTION_STEPS, CATEGORY_STEPS)
        for out in steps.values()
        for step in out
    }
)
PEOPLE = ("adviser-1", "senior-1", "head-1")
ORDER = ("planned", "held", "drafted", "quality_assured", "shared", "replied", "final", "amended")


class VisitWalk(RuleBasedStateMachine):
    """Anybody asks for any step at any time; the clock lapses; the visit's history must stay lawful."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.author, self.assurer, self.unanswered = "planned", None, None, 0
        self.path = ["planned"]

    @rule(
        name=st.sampled_from(sorted({step.name for out in VISIT_STEPS.values() for step in out})),
        who=st.sampled_from(PEOPLE), corrections=st.integers(0, 2), closed=st.booleans(),
    )  # fmt: skip
    def ask(self, name: str, who: str, corrections: int, closed: bool) -> None:
        step = next((s for s in VISIT_STEPS[self.state] if s.name == name), None)
        now = VisitNow(self.author, closed, self.unanswered)
        if step is None or visits.why_not(step, now, Caller(who, may=EVERY)) is not None:
            return
        if name == "hold":
            assert not closed
        if name == "draft":
            self.author = who
        if name == "assure":
            self.assurer = who
        if name == "reply":
            self.unanswered = corrections
        if name == "answer":
            assert self.unanswered > 0
            self.unanswered -= 1
        self.state = step.to
        self.path.append(step.to)

    @precondition(lambda self: self.state == "shared")
    @rule()
    def lapse(self) -> None:
        self.state = "lapsed"
        self.path.append("lapsed")

    @invariant()
    def nothing_unlawful_was_reached(self) -> None:
        if self.state in SEEN_BY_SCHOOL:
            assert self.assurer is not None
            assert self.assurer != self.author
        if self.state in FINAL:
            assert self.unanswered == 0
            assert self.state not in EDITABLE
        line = [
            ORDER.index("replied" if state == "lapsed" else state)
            for state in self.path
            if state != "cancelled"
        ]
        assert all(0 <= after - before <= 1 for before, after in itertools.pairwise(line)), self.path


TestVisitWalk = VisitWalk.TestCase
TestVisitWalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


class ActionWalk(RuleBasedStateMachine):
    """Nobody verifies what they own or claimed, whatever is asked in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.claimed_by, self.verified_by = "proposed", None, None

    @rule(
        name=st.sampled_from(sorted({step.name for out in ACTION_STEPS.values() for step in out})),
        who=st.sampled_from(PEOPLE), role=st.sampled_from(["head", "adviser", "lead_officer"]),
    )  # fmt: skip
    def ask(self, name: str, who: str, role: str) -> None:
        step = next((s for s in ACTION_STEPS[self.state] if s.name == name), None)
        now = ActionNow("school", None, self.claimed_by)
        if step is None or actions.why_not(step, now, Caller(who, frozenset({role}), EVERY)) is not None:
            return
        if step.operation == "actions.own":
            assert role == "head"
        if name == "claim":
            self.claimed_by = who
        if name == "verify":
            assert who != self.claimed_by
        if name == "reopen":
            self.claimed_by = None
        self.state = step.to

    @invariant()
    def claimed_is_known(self) -> None:
        if self.state in ("claimed_complete", "verified"):
            assert self.claimed_by is not None


TestActionWalk = ActionWalk.TestCase
TestActionWalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def reachable(steps: Steps, start: str) -> set[str]:
    """The states to which steps lead from one."""
    found, to_see = {start}, [start]
    while to_see:
        for step in steps[to_see.pop()]:
            if step.to not in found:
                found.add(step.to)
                to_see.append(step.to)
    return found


def test_no_state_is_forgotten() -> None:
    """Every declared state is reached: the clock reaches `lapsed`, a later category `superseded`."""
    assert reachable(VISIT_STEPS, "planned") == set(VISIT_STEPS) - {"lapsed"}
    assert reachable(ACTION_STEPS, "proposed") == set(ACTION_STEPS)
    assert reachable(CATEGORY_STEPS, "self_evaluated") == set(CATEGORY_STEPS) - {"superseded"}


@given(
    st.sampled_from(sorted(CATEGORY_STEPS)),
    st.sampled_from(sorted(schemes())),
    st.frozensets(st.sampled_from(sorted(EVERY))),
)
def test_a_category_takes_no_step_without_the_right(state: str, scheme: str, may: frozenset[str]) -> None:
    """Flows 1: every step needs its operation; a national scheme is verified before it is published."""
    for step in CATEGORY_STEPS[state]:
        barred = categories.why_not(step, state, schemes()[scheme], Caller("x", may=may))
        if step.operation not in may:
            assert barred is not None
            assert barred.code == "operation_not_permitted"
        elif (step.name, state, scheme) == ("publish", "regionally_moderated", "national_2014"):
            assert barred is not None
            assert barred.code == "verification_missing"
