"""The state machines [flows 2] under any order of steps: nothing skipped, nothing final moved, nobody unauthorised."""

from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.steps import Steps
from contracts.working_days import WORKING_DAYS
from governance.domain import decisions, meetings, references, resolutions
from governance.domain.caller import Caller
from governance.domain.meetings import MEETING_STEPS, MeetingNow, agreeing_seat, outstanding_agreements
from governance.domain.references import OUTCOMES
from governance.domain.resolutions import ResolutionNow
from governance.storage.conventions import constitutions

JOINT = constitutions()["national_model_joint_committee_2014"]
CLERK = Caller(
    may=frozenset({"meetings.write", "meetings.agree", "minutes.write"}), seats=frozenset({"clerk"})
)
SEATED = frozenset({"meetings.agree", "meetings.chair"})
PEOPLE = {
    "clerk": CLERK,
    "chair": Caller(SEATED, frozenset({"leader"}), frozenset({"chair"})),
    "director": Caller(SEATED, frozenset({"managing_director"})),
    "chief": Caller(SEATED, frozenset({"lead_chief_executive"})),
    "public": Caller(),
}
STEPS = sorted({step.name for steps in MEETING_STEPS.values() for step in steps})


class Meetings(RuleBasedStateMachine):
    """One meeting; the model is the order of states and who moves each, as flows 2 has them."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.agreed, self.today = "scheduled", [], date(2020, 2, 3)
        self.items, self.untranslated, self.undecided = 0, 0, 0
        self.visited = ["scheduled"]

    @property
    def now(self) -> MeetingNow:
        return MeetingNow(
            JOINT, date(2020, 2, 13), self.today, self.agreed, self.items, self.untranslated, self.undecided
        )

    @rule(items=st.integers(0, 2), untranslated=st.integers(0, 1))
    @precondition(lambda self: self.state == "scheduled")
    def edits(self, items: int, untranslated: int) -> None:
        self.items, self.untranslated = items, min(items, untranslated)

    @rule(days=st.integers(1, 4))
    def waits(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule(count=st.integers(0, 1))
    @precondition(lambda self: self.state == "opened")
    def decides(self, count: int) -> None:
        self.undecided = count

    @rule(name=st.sampled_from(STEPS), who=st.sampled_from(sorted(PEOPLE)))
    def asks(self, name: str, who: str) -> None:
        step = next((s for s in MEETING_STEPS[self.state] if s.name == name), None)
        if step is None:
            return
        caller = PEOPLE[who]
        if meetings.why_not(step, self.now, caller, WORKING_DAYS) is not None:
            return
        assert step.operation in caller.may
        if name in ("open", "adjourn", "resume", "close"):
            assert who == "chair"
        if name == "give_notice":
            assert self.items
            assert not self.untranslated
            assert WORKING_DAYS.clear_days(self.today, date(2020, 2, 13)) >= 3
        if name == "close":
            assert not self.undecided
        if name == "agree_agenda":
            seat = agreeing_seat(self.now, caller)
            assert seat is not None
            self.agreed = [*self.agreed, seat]
            if outstanding_agreements(self.now):
                return
        if name == "revise_agenda":
            self.agreed = []
        self.state = step.to
        self.visited.append(step.to)

    @invariant()
    def nothing_is_skipped(self) -> None:
        """S1-26: no notice without both agreements; no minutes of a meeting that was not opened."""
        if "notice_given" in self.visited:
            assert set(self.agreed) == {"managing_director", "lead_chief_executive"}
        if "minutes_drafted" in self.visited:
            assert self.visited.index("opened") < self.visited.index("closed")


TestMeetings = Meetings.TestCase
TestMeetings.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

_ALL = frozenset({"resolutions.write", "decisions.write", "decisions.call_in", "references.write"})


def _reachable(steps: Steps, start: str, more: dict[str, tuple[str, ...]]) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += [step.to for step in steps[state]] + list(more.get(state, ()))
    return seen


def test_every_state_is_reached_and_final_ones_are_final() -> None:
    """flows 2: every aggregate refuses any edit of a final record."""
    machines = (
        (MEETING_STEPS, "scheduled", {}, {"published", "cancelled"}),
        (resolutions.RESOLUTION_STEPS, "moved", {"put": ("lost",)}, {"carried", "lost", "deferred", "withdrawn"}),
        (decisions.DECISION_STEPS, "published", {"published": ("callable", "effective")},
         {"implemented", "referred_back", "to_council"}),
        (references.REFERENCE_STEPS, "made", {"considered": OUTCOMES}, {"closed"}),
    )  # fmt: skip
    for steps, start, more, final in machines:
        assert _reachable(steps, start, more) == set(steps)
        assert {state for state, out in steps.items() if not out} == final


def test_an_inquorate_meeting_may_only_note() -> None:
    """flows 2: inquorate: note or adjourn only."""
    caller = Caller(_ALL)
    for state, steps in resolutions.RESOLUTION_STEPS.items():
        for step in steps:
            decided = resolutions.why_not(step, ResolutionNow("resolved", True, False), caller)
            noted = resolutions.why_not(step, ResolutionNow("noted", True, False), caller)
            assert noted is None, state
            assert decided is None if step.name == "withdraw" else decided == resolutions.INQUORATE
            closed = resolutions.why_not(step, ResolutionNow("noted", False, True), caller)
            assert closed == resolutions.MEETING_NOT_OPEN


def test_nothing_is_implemented_while_it_may_be_called_in() -> None:
    """flows 2, decision, refused: implementing during call-in."""
    caller = Caller(_ALL, other_side=_ALL)
    barred = {
        state: decisions.why_not(step, state, caller)
        for state, steps in decisions.DECISION_STEPS.items()
        for step in steps
        if step.name == "implement"
    }
    assert {state for state, reason in barred.items() if reason == decisions.CALL_IN_RUNNING} == {
        "published", "callable", "called_in",
    }  # fmt: skip
    assert {state for state, reason in barred.items() if reason is None} == {"effective", "upheld"}


def test_the_clock_follows_five_clear_days() -> None:
    """domain 6.1.9: published 25 February 2022, a Friday; five working days; in effect on the day after them."""
    ends = decisions.call_in_ends(date(2022, 2, 25), 5, WORKING_DAYS)
    assert ends == date(2022, 3, 4)
    moves = [
        decisions.moved_by_clock("published", date(2022, 2, 25), ends, date(2022, 2, d)) for d in (25, 26)
    ]
    assert moves == [None, "callable"]
    assert decisions.moved_by_clock("callable", date(2022, 2, 25), ends, ends) is None
    assert (
        decisions.moved_by_clock("callable", date(2022, 2, 25), ends, ends + timedelta(days=1)) == "effective"
    )
    assert decisions.moved_by_clock("published", date(2022, 2, 25), None, date(2022, 2, 25)) == "effective"


def test_a_reference_is_closed_by_its_maker_once_its_outcome_is_reported() -> None:
    """flows 2, reference, refused: closing without an outcome."""
    maker, taker = Caller(_ALL), Caller(other_side=_ALL)
    for state, steps in references.REFERENCE_STEPS.items():
        for step in steps:
            own, other = (references.why_not(step, state, who) for who in (maker, taker))
            if step.name == "close":
                assert own == (None if state == "outcome_reported" else references.NO_OUTCOME)
                assert other == references.NOT_PERMITTED
            else:
                assert (own, other) == (references.NOT_PERMITTED, None)
