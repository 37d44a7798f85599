"""The state machines of the domain on the contract of `allowed_transitions`: one function decides both."""

from contracts.working_days import WORKING_DAYS
from governance.domain import decisions, meetings, references, resolutions
from governance.domain.caller import Caller
from governance.domain.decisions import DECISION_STEPS
from governance.domain.meetings import MEETING_STEPS, MeetingNow
from governance.domain.references import REFERENCE_STEPS
from governance.domain.resolutions import RESOLUTION_STEPS, ResolutionNow
from service_kit.transitions import WhyNot, asked, machine_of

MEETING = machine_of(MEETING_STEPS)
RESOLUTION = machine_of(RESOLUTION_STEPS)
DECISION = machine_of(DECISION_STEPS)
REFERENCE = machine_of(REFERENCE_STEPS)


def meeting_why_not(state: str, now: MeetingNow, caller: Caller) -> WhyNot:
    """What bars the steps of a meeting for a caller."""
    return asked(MEETING_STEPS, state, lambda s: meetings.why_not(s, now, caller, WORKING_DAYS))


def resolution_why_not(state: str, now: ResolutionNow, caller: Caller) -> WhyNot:
    """What bars the steps of a resolution for a caller."""
    return asked(RESOLUTION_STEPS, state, lambda step: resolutions.why_not(step, now, caller))


def decision_why_not(state: str, caller: Caller) -> WhyNot:
    """What bars the steps of a decision for a caller."""
    return asked(DECISION_STEPS, state, lambda step: decisions.why_not(step, state, caller))


def reference_why_not(state: str, caller: Caller) -> WhyNot:
    """What bars the steps of a reference for a caller."""
    return asked(REFERENCE_STEPS, state, lambda step: references.why_not(step, state, caller))
