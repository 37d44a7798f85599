"""A document's states and what bars a step between them [flows 6]."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.text import Text
from service_kit.transitions import Reason, StateMachine, Transition, WhyNot

REMOVE: Final = Transition("remove", "removed", Text("Remove the file", "Tynnu'r ffeil"))
DOCUMENT: Final = StateMachine(
    {"quarantined": (REMOVE,), "available": (REMOVE,), "refused": (REMOVE,), "removed": ()}
)
"""The steps that somebody asks for. Out of quarantine leads the scanner alone."""

NOT_PERMITTED: Final = Reason(
    "not_permitted",
    Text("None of your roles may change the record.", "Ni chaiff yr un o'ch rolau newid y cofnod."),
)
RECORD_CLOSED: Final = Reason(
    "record_closed",
    Text(
        "A record that the file belongs to is final or over: its files stay.",
        "Mae cofnod y mae'r ffeil yn perthyn iddo yn derfynol neu ar ben: erys ei ffeiliau.",
    ),
)


def why_not(row: Mapping[str, Any]) -> WhyNot:
    """Why a step is barred for this caller; `row` as `reading.showing` gives it."""

    def decide(_: Transition) -> Reason | None:
        if not row["may_write"]:
            return NOT_PERMITTED
        return None if row["all_open"] else RECORD_CLOSED

    return decide
