"""The state machines of the domain on the contract of `allowed_transitions`: one function decides both."""

from collections.abc import Callable, Mapping
from typing import Any

from service_kit.transitions import Reason, StateMachine, Transition, WhyNot
from visits.domain import actions, categories, visits
from visits.domain.actions import ACTION_STEPS, ActionNow
from visits.domain.categories import CATEGORY_STEPS
from visits.domain.schemes import Scheme
from visits.domain.steps import Barred, Caller, Step, Steps
from visits.domain.visits import VISIT_STEPS, VisitNow

Row = Mapping[str, Any]


def _machine(steps: Steps) -> StateMachine:
    return StateMachine(
        {state: tuple(Transition(s.name, s.to, s.title) for s in out) for state, out in steps.items()}
    )


VISIT = _machine(VISIT_STEPS)
ACTION = _machine(ACTION_STEPS)
CATEGORY = _machine(CATEGORY_STEPS)


def _asked(steps: Steps, state: str, decide: Callable[[Step], Barred | None]) -> WhyNot:
    by_name = {step.name: step for step in steps[state]}

    def why_not(transition: Transition) -> Reason | None:
        barred = decide(by_name[transition.name])
        return Reason(barred.code, barred.text) if barred is not None else None

    return why_not


def visit_why_not(row: Row, caller: Caller, *, school_closed: bool) -> WhyNot:
    """What bars the steps of a visit for a caller."""
    unanswered = sum(1 for correction in row["corrections"] if correction["answer"] is None)
    now = VisitNow(row["author"], school_closed, unanswered)
    return _asked(VISIT_STEPS, row["state"], lambda step: visits.why_not(step, now, caller))


def action_why_not(row: Row, caller: Caller) -> WhyNot:
    """What bars the steps of an action for a caller."""
    now = ActionNow(row["owner_body"], row["owner_id"], row["claimed_by"])
    return _asked(ACTION_STEPS, row["state"], lambda step: actions.why_not(step, now, caller))


def category_why_not(row: Row, scheme: Scheme, caller: Caller) -> WhyNot:
    """What bars the steps of a category for a caller."""
    state = row["state"]
    return _asked(CATEGORY_STEPS, state, lambda step: categories.why_not(step, state, scheme, caller))
