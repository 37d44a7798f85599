"""The states of a school and the steps between them: what a caller may ask for, and the refusal of what it may not."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from contracts.text import Text
from registry.domain.lifecycle import REFUSALS, Standing, closing_refused, opening_refused
from service_kit.problems import ProblemError
from service_kit.transitions import Reason, StateMachine, Transition

OPENING: Final = Transition("opening", "open", Text("Open", "Agor"))
CLOSURE: Final = Transition("closure", "closed", Text("Close", "Cau"))
AMALGAMATION: Final = Transition(
    "amalgamation", "closed", Text("Amalgamate into another school", "Cyfuno ag ysgol arall")
)
TRANSFER: Final = Transition(
    "transfer", "closed", Text("Transfer to another authority", "Trosglwyddo i awdurdod arall")
)

SCHOOL: Final = StateMachine(
    {"proposed": (OPENING,), "open": (CLOSURE, AMALGAMATION, TRANSFER), "closed": ()}
)
"""Commands: `/v1/school-openings`, `/v1/school-closures`, `/v1/amalgamations`, `/v1/school-transfers`."""

_MAY_NOT: Final = Reason(
    "operation_not_permitted",
    Text("None of your roles allows this step.", "Nid oes yr un o'ch rolau yn caniatáu'r cam hwn."),
)


def why_not(step: Transition, *, school: Standing, day: date, may_write: bool = True) -> Reason | None:
    """Why a step may not be taken from a day on; None where it may."""
    if not may_write:
        return _MAY_NOT
    code = opening_refused(school, day) if step is OPENING else closing_refused(school, day)
    return Reason(code, REFUSALS[code]) if code is not None else None


def reasons_against(
    school: Standing, status: str, day: date, *, may_write: bool
) -> Mapping[Transition, Reason | None]:
    """For each step out of a status, why it may not be taken from a day on; None where it may."""
    return {step: why_not(step, school=school, day=day, may_write=may_write) for step in SCHOOL.steps[status]}


def demand_step(step: Transition, school: Standing, day: date) -> None:
    """Raises 409 `transition_not_allowed` with the reason, and the steps that are possible on that day."""
    reason = why_not(step, school=school, day=day)
    if reason is None:
        return
    possible = [
        other.name
        for other in SCHOOL.steps.get(school.on(day) or "", ())
        if why_not(other, school=school, day=day) is None
    ]
    raise ProblemError(
        "transition_not_allowed", {"reason": reason.text}, extra={"reason": reason.code, "possible": possible}
    )
