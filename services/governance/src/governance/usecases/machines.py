"""The state machines of the domain on the contract of `allowed_transitions`: one function decides both."""

from collections.abc import Callable

from governance.domain import decisions, meetings, references, resolutions
from governance.domain.decisions import DECISION_STEPS
from governance.domain.meetings import MEETING_STEPS, MeetingNow
from governance.domain.references import REFERENCE_STEPS
from governance.domain.resolutions import RESOLUTION_STEPS, ResolutionNow
from governance.domain.steps import Barred, Caller, Step, Steps
from governance.storage.conventions import working_calendar
from service_kit.transitions import Reason, StateMachine, Transition, WhyNot


def _machine(steps: Steps) -> StateMachine:
    return StateMachine(
        {state: tuple(Transition(s.name, s.to, s.title) for s in out) for state, out in steps.items()}
    )


MEETING = _machine(MEETING_STEPS)
RESOLUTION = _machine(RESOLUTION_STEPS)
DECISION = _machine(DECISION_STEPS)
REFERENCE = _machine(REFERENCE_STEPS)


def _asked(steps: Steps, state: str, decide: Callable[[Step], Barred | None]) -> WhyNot:
    by_name = {step.name: step for step in steps[state]}

    def why_not(transition: Transition) -> Reason | None:
        barred = decide(by_name[transition.name])
        return Reason(barred.code, barred.text) if barred is not None else None

    return why_not


def meeting_why_not(state: str, now: MeetingNow, caller: Caller) -> WhyNot:
    """What bars the steps of a meeting for a caller."""
    return _asked(MEETING_STEPS, state, lambda s: meetings.why_not(s, now, caller, working_calendar()))


def resolution_why_not(state: str, now: ResolutionNow, caller: Caller) -> WhyNot:
    """What bars the steps of a resolution for a caller."""
    return _asked(RESOLUTION_STEPS, state, lambda step: resolutions.why_not(step, now, caller))


def decision_why_not(state: str, caller: Caller) -> WhyNot:
    """What bars the steps of a decision for a caller."""
    return _asked(DECISION_STEPS, state, lambda step: decisions.why_not(step, state, caller))


def reference_why_not(state: str, caller: Caller) -> WhyNot:
    """What bars the steps of a reference for a caller."""
    return _asked(REFERENCE_STEPS, state, lambda step: references.why_not(step, state, caller))
