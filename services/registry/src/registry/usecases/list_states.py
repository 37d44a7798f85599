"""The states of a list of schools, and the steps between them."""

from contracts.text import Text
from service_kit.transitions import Reason, StateMachine, Transition

PREVIEW_AGAIN = Transition(
    "preview", "previewed", Text("Compare with the register again", "Cymharu â'r gofrestr eto")
)
APPLICATION = Transition("application", "applied", Text("Apply to the register", "Cymhwyso i'r gofrestr"))

SCHOOL_LIST = StateMachine(
    {"received": (PREVIEW_AGAIN,), "previewed": (PREVIEW_AGAIN, APPLICATION), "applied": (APPLICATION,)}
)
"""An applied list may be applied again: it then changes nothing, so that whoever lost the answer may repeat it."""

_MAY_NOT = Reason(
    "operation_not_permitted",
    Text("None of your roles allows this step.", "Nid oes yr un o'ch rolau yn caniatáu'r cam hwn."),
)


def why_not(_: Transition, *, may_write: bool) -> Reason | None:
    """Why a step that follows from the state is barred for this caller; None where it may be asked for."""
    return None if may_write else _MAY_NOT
