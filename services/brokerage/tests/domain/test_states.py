"""States of requests, offers and commissions, walked at random against plain references (flows 2; D-14, D-18)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from brokerage.domain.caller import Caller
from brokerage.domain.commissions import COMMISSION_STEPS, PROVIDER_CANNOT_JUDGE, CommissionNow, Days
from brokerage.domain.commissions import why_not as why_not_commission
from brokerage.domain.offers import SIDES, Parties, answers_for, first_answers, state_after
from brokerage.domain.requests import FOLLOWS_FROM_OFFER, REQUEST_STEPS, SCHOOL_CLOSED, RequestNow, why_not
from contracts.brokerage_codes import COMMISSION_STATES, OFFER_STATES, PAYERS, SUPPORT_REQUEST_STATES
from contracts.operations import OPERATIONS
from contracts.steps import NOT_PERMITTED

EVERYTHING = frozenset(
    step.operation for out in (*REQUEST_STEPS.values(), *COMMISSION_STEPS.values()) for step in out
)
AFTER = {
    "requested": {"triaged", "declined", "withdrawn"},
    "triaged": {"matched", "declined", "withdrawn"},
    "matched": {"matched", "offered", "declined", "withdrawn"},
    "offered": {"agreed", "triaged", "expired", "withdrawn"},
    "agreed": {"commissioned", "withdrawn"},
    "commissioned": set(), "declined": set(), "withdrawn": set(), "expired": set(),
}  # fmt: skip
"""Flows 2, written down a second time."""


class Request(RuleBasedStateMachine):
    """A request with its offer."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.closed, self.trail = "requested", False, ["requested"]
        self.answers: dict[str, str] | None = None

    def _to(self, state: str) -> None:
        assert state in AFTER[self.state], (self.state, state)
        self.state = state
        self.trail.append(state)

    @rule(data=st.data(), may=st.frozensets(st.sampled_from(sorted(EVERYTHING))))
    def ask(self, data: st.DataObject, may: frozenset[str]) -> None:
        if not REQUEST_STEPS[self.state]:
            return
        step = data.draw(st.sampled_from(REQUEST_STEPS[self.state]))
        barred = why_not(step, RequestNow(self.closed), Caller("somebody", may))
        if step.operation not in may:
            assert barred == NOT_PERMITTED
        elif self.closed and step.name in ("match", "offer", "commission"):
            assert barred == SCHOOL_CLOSED
        else:
            assert barred is None
            self._to(step.to)
            if step.to == "offered":
                self.answers = first_answers("authority")

    @precondition(lambda self: self.state == "offered")
    @rule(side=st.sampled_from(SIDES), answer=st.sampled_from(["accepted", "declined"]))
    def answer(self, side: str, answer: str) -> None:
        assert self.answers is not None
        if self.answers[side] == "awaited":
            self.answers[side] = answer
            state = state_after(self.answers)
            if state in FOLLOWS_FROM_OFFER:
                self._to(FOLLOWS_FROM_OFFER[state])

    @precondition(lambda self: self.state == "offered")
    @rule()
    def nobody_answers(self) -> None:
        self._to(FOLLOWS_FROM_OFFER["expired"])

    @rule()
    def school_closes(self) -> None:
        self.closed = True

    @invariant()
    def nothing_is_skipped(self) -> None:
        for state, before in (("commissioned", "agreed"), ("agreed", "offered"), ("offered", "matched")):
            assert all(self.trail[at - 1] == before for at, here in enumerate(self.trail) if here == state)
        assert set(self.trail) <= {entry.code for entry in SUPPORT_REQUEST_STATES}


class Commission(RuleBasedStateMachine):
    """A commission with its days."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.judged = "commissioned", set()
        self.days, self.bought, self.worked = Days(6), 6, 0

    @rule(data=st.data(), amount=st.integers(1, 4), side=st.sampled_from(["supported", "supporting"]))
    def ask(self, data: st.DataObject, amount: int, side: str) -> None:
        steps = COMMISSION_STEPS[self.state]
        if not steps:
            return
        step = data.draw(st.sampled_from(steps))
        caller = Caller("officer", EVERYTHING)
        assert why_not_commission(step, CommissionNow(), caller) is None
        provider = why_not_commission(step, CommissionNow("officer"), caller)
        assert provider == (PROVIDER_CANNOT_JUDGE if step.name == "judge" else None)
        if step.name == "log":
            if self.worked + amount > self.days.committed:
                with pytest.raises(ValueError, match="cannot be"):
                    self.days.after_delivery(amount)
                return
            self.days, self.worked = self.days.after_delivery(amount), self.worked + amount
        elif step.name == "extend":
            self.days, self.bought = self.days.extended(amount), self.bought + amount
        elif step.name in ("deliver", "stop"):
            self.days = self.days.without_unused()
        elif step.name == "judge":
            self.judged.add(side)
            self.state = "evaluated" if len(self.judged) == 2 else self.state
            return
        self.state = step.to

    @invariant()
    def days_add_up(self) -> None:
        assert self.days.used == self.worked <= self.days.committed
        assert self.days.committed + self.days.released == self.bought
        if self.state in ("delivered", "evaluated", "closed", "stopped"):
            assert self.days.unused == 0
        assert self.state in COMMISSION_STATES
        if self.state in ("evaluated", "closed"):
            assert self.judged == {"supported", "supporting"}


TestRequest = Request.TestCase
TestRequest.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestCommission = Commission.TestCase
TestCommission.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_states_and_steps_are_named_alike() -> None:
    assert [*REQUEST_STEPS] == [entry.code for entry in SUPPORT_REQUEST_STATES]
    assert {*COMMISSION_STEPS} == {entry.code for entry in COMMISSION_STATES}
    assert OPERATIONS.keys() >= EVERYTHING


@given(
    st.sampled_from([entry.code for entry in PAYERS]),
    st.lists(st.sampled_from(["accepted", "declined"]), min_size=3),
)
def test_an_offer_is_accepted_by_every_side_that_must(payer: str, given_: list[str]) -> None:
    """Flows 2: both heads; the authority if it pays."""
    answers = first_answers(payer)
    needed = [side for side in SIDES if answers[side] == "awaited"]
    assert needed == (list(SIDES) if payer == "authority" else list(SIDES[:2]))
    for side, answer in zip(needed, given_, strict=False):
        assert state_after(answers) in ("made", "declined")
        answers[side] = answer
    expected = "declined" if "declined" in given_[: len(needed)] else "accepted"
    assert state_after(answers) == expected
    assert expected in OFFER_STATES


def test_who_answers_for_whom() -> None:
    parties = Parties("6732118", "673", "6812093", None)
    assert answers_for(Caller("h", heads=frozenset({"6732118"})), parties) == {"supported"}
    assert answers_for(Caller("h", heads=frozenset({"6812093"})), parties) == {"supporting"}
    assert answers_for(Caller("o", officers=frozenset({"673"})), parties) == {"paying_authority"}
    assert answers_for(Caller("o", officers=frozenset({"681"})), parties) == frozenset()
    assert answers_for(Caller("p"), Parties("6732118", "673", None, "p")) == {"supporting"}
