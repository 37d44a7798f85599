"""A support request's states and what bars a step between them [flows 2; domain 5.2; D-14]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from brokerage.domain.caller import Caller
from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, step
from contracts.text import Text

_TRIAGE = step("triage", "triaged", "support_requests.broker", "Triage", "Brysbennu")
_MATCH = step("match", "matched", "support_requests.broker", "Match with a provider", "Paru â darparwr")
_OFFER = step("offer", "offered", "support_requests.broker", "Make an offer", "Gwneud cynnig")
_COMMISSION = step("commission", "commissioned", "commissions.write", "Commission", "Comisiynu")
_DECLINE = step("decline", "declined", "support_requests.broker", "Decline", "Gwrthod")
_WITHDRAW = step("withdraw", "withdrawn", "support_requests.write", "Withdraw", "Tynnu'n ôl")

REQUEST_STEPS: Final[Steps] = {
    "requested": (_TRIAGE, _DECLINE, _WITHDRAW),
    "triaged": (_MATCH, _DECLINE, _WITHDRAW),
    "matched": (_MATCH, _OFFER, _DECLINE, _WITHDRAW),
    "offered": (_WITHDRAW,),
    "agreed": (_COMMISSION, _WITHDRAW),
    "commissioned": (),
    "declined": (),
    "withdrawn": (),
    "expired": (),
}
"""The steps that somebody asks for."""

FOLLOWS_FROM_OFFER: Final[Mapping[str, str]] = {
    "accepted": "agreed",
    "declined": "triaged",
    "expired": "expired",
}
"""What becomes of an offered request when its offer is in this state. Declined: it is matched again (convention)."""

SCHOOL_CLOSED: Final = Barred(
    "school_closed",
    Text(
        "The school is closed: nothing new is commissioned for it.",
        "Mae'r ysgol wedi cau: ni chomisiynir dim byd newydd ar ei chyfer.",
    ),
)
_NEEDS_OPEN_SCHOOL: Final = frozenset({"match", "offer", "commission"})


@dataclass(frozen=True, slots=True)
class RequestNow:
    """What decides a step, beside the state: whether the supported school is closed."""

    school_closed: bool = False


def why_not(asked: Step, request: RequestNow, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if asked.name in _NEEDS_OPEN_SCHOOL and request.school_closed:
        return SCHOOL_CLOSED
    return None
