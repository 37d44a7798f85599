"""The state machines of the domain on the contract of `allowed_transitions`: one function decides both."""

from collections.abc import Callable, Mapping
from typing import Any

from brokerage.domain import commissions, requests
from brokerage.domain.commissions import COMMISSION_STEPS, CommissionNow
from brokerage.domain.requests import REQUEST_STEPS, RequestNow
from brokerage.domain.steps import Barred, Caller, Step, Steps
from service_kit.transitions import Reason, StateMachine, Transition, WhyNot

Row = Mapping[str, Any]


def _machine(steps: Steps) -> StateMachine:
    return StateMachine(
        {state: tuple(Transition(s.name, s.to, s.title) for s in out) for state, out in steps.items()}
    )


REQUEST = _machine(REQUEST_STEPS)
COMMISSION = _machine(COMMISSION_STEPS)


def _asked(steps: Steps, state: str, decide: Callable[[Step], Barred | None]) -> WhyNot:
    by_name = {step.name: step for step in steps[state]}

    def why_not(transition: Transition) -> Reason | None:
        barred = decide(by_name[transition.name])
        return Reason(barred.code, barred.text) if barred is not None else None

    return why_not


def request_why_not(row: Row, caller: Caller) -> WhyNot:
    """What bars the steps of a request for a caller. The row tells whether the school is closed."""
    now = RequestNow(row["school_closed"])
    return _asked(REQUEST_STEPS, row["state"], lambda step: requests.why_not(step, now, caller))


def commission_why_not(row: Row, caller: Caller) -> WhyNot:
    """What bars the steps of a commission for a caller. The row tells whether the school is closed."""
    now = CommissionNow(row["provider_person"], row["provider_school"], row["school_closed"])
    return _asked(COMMISSION_STEPS, row["state"], lambda step: commissions.why_not(step, now, caller))
