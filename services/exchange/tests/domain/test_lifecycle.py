"""The states of a return, walked at random against a simple reference (flows 2)."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exchange.domain.lifecycle import (
    CAN_BE_AMENDED,
    FROZEN,
    HANDED_IN,
    RETURN_STEPS,
    Asker,
    ReturnNow,
    why_not,
)

PEOPLE = ("ann", "bob", "cai", None)
ROLES = ("managing_director", "director", "lead_officer", "data_officer")
OPERATIONS = ("returns.write", "returns.freeze", "returns.sign", "returns.acknowledge")
STEPS = sorted({step.name for out in RETURN_STEPS.values() for step in out})
ORDER = ("opened", "filled", "validated", "frozen", "signed_first", "signed_second", "submitted")

askers = st.builds(
    Asker,
    st.sampled_from(PEOPLE),
    st.booleans(),
    st.frozensets(st.sampled_from(ROLES)),
    st.frozensets(st.sampled_from(OPERATIONS), min_size=2),
)


class ReturnWalk(RuleBasedStateMachine):
    """Anybody asks for any step; only what the rules allow happens."""

    def __init__(self) -> None:
        super().__init__()
        self.now = ReturnNow("consortium", "opened")
        self.content = 0
        self.signed: list[tuple[str, int]] = []
        self.frozen_content: int | None = None

    @rule(errors=st.integers(0, 1), warnings=st.integers(0, 1))
    def the_rules_find(self, errors: int, warnings: int) -> None:
        if self.now.state == "validated":
            self.now = replace(self.now, unwaived_errors=errors, uncommented_warnings=warnings)

    @rule(name=st.sampled_from(STEPS), asker=askers)
    def somebody_asks(self, name: str, asker: Asker) -> None:
        step = next((one for one in RETURN_STEPS[self.now.state] if one.name == name), None)
        if step is None:
            return
        if why_not(step, self.now, asker) is None:
            assert step.operation in asker.may
            self.take(name, step.to, asker)

    def take(self, name: str, to: str, asker: Asker) -> None:
        now, who = self.now, asker.person
        if name in ("fill", "remark"):
            assert now.state not in FROZEN
            self.content += 1
        if name == "freeze":
            assert who is not None
            assert now.unwaived_errors == now.uncommented_warnings == 0
            self.frozen_content = self.content
            now = replace(now, frozen_by=who)
        if name == "reopen":
            assert now.state not in HANDED_IN
            self.signed, self.frozen_content = [], None
            now = replace(now, frozen_by=None, signed_first_by=None, signed_second_by=None)
        if name.startswith("sign_"):
            assert who is not None
            assert asker.registered
            assert "director" in asker.roles or "managing_director" in asker.roles
            self.signed.append((who, self.content))
            first = name == "sign_first"
            now = replace(now, signed_first_by=who) if first else replace(now, signed_second_by=who)
        if name == "void":
            assert who in {person for person, _ in self.signed}
            if now.void_asked_by is None:
                self.now = replace(now, void_asked_by=who)
                return
            assert who != now.void_asked_by
        self.now = replace(now, state=to)

    @invariant()
    def handed_in_means_signed_by_two_who_did_not_freeze_it(self) -> None:
        signatories = {person for person, _ in self.signed}
        if self.now.state in HANDED_IN | {"signed_second"}:
            assert len(signatories) == 2
            assert self.now.frozen_by not in signatories
        if self.now.state in ORDER[:4]:
            assert not self.signed

    @invariant()
    def what_is_frozen_is_what_was_signed(self) -> None:
        if self.now.state in FROZEN:
            assert self.frozen_content == self.content
            assert all(content == self.content for _, content in self.signed)


TestReturnWalk = ReturnWalk.TestCase


def test_no_state_is_skipped_and_none_leads_back_after_submission() -> None:
    """Flows 2: skipped states are refused; what was handed in is corrected by a later version only."""
    place = {state: position for position, state in enumerate(ORDER)}
    for state, out in RETURN_STEPS.items():
        for step in out:
            if state in place and step.to in place:
                assert place[step.to] <= place[state] + 1
            if state in HANDED_IN:
                assert step.to in HANDED_IN
    for final in ("acknowledged", "superseded", "voided"):
        assert RETURN_STEPS[final] == ()
    assert CAN_BE_AMENDED < HANDED_IN
