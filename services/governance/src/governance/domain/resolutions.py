"""A resolution's states and what bars a step between them [flows 2; S0-20, S4-25]."""

from dataclasses import dataclass
from typing import Final

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, barred, step
from governance.domain.caller import Caller

_PUT = step("put", "put", "resolutions.write", "Put to the vote", "Rhoi i bleidlais")
_VOTE = step("vote", "carried", "resolutions.write", "Record the vote", "Cofnodi'r bleidlais")
_ASSENT = step(
    "assent",
    "carried",
    "resolutions.write",
    "Record as carried without a count",
    "Cofnodi fel un a dderbyniwyd heb gyfrif",
)
_DEFER = step("defer", "deferred", "resolutions.write", "Defer", "Gohirio")
_WITHDRAW = step("withdraw", "withdrawn", "resolutions.write", "Withdraw", "Tynnu'n ôl")

RESOLUTION_STEPS: Final[Steps] = {
    "moved": (_PUT, _DEFER, _WITHDRAW),
    "put": (_VOTE, _ASSENT, _DEFER, _WITHDRAW),
    "carried": (),
    "lost": (),
    "deferred": (),
    "withdrawn": (),
}
"""A vote leads to `carried` or to `lost`, as it comes out."""

UNDECIDED: Final = frozenset({"moved", "put"})
NUMBERED: Final = frozenset({"carried", "lost", "deferred"})

MEETING_NOT_OPEN: Final = barred(
    "meeting_not_open",
    "The meeting is not open: nothing is decided outside it.",
    "Nid yw'r cyfarfod ar agor: ni phenderfynir dim y tu allan iddo.",
)
INQUORATE: Final = barred(
    "inquorate",
    "Too few who may vote are present: the meeting may only note, or adjourn.",
    "Mae rhy ychydig o'r rhai sy'n cael pleidleisio yn bresennol: dim ond nodi neu ohirio a gaiff y cyfarfod.",
)
INTERESTED_PRESENT: Final = barred(
    "interested_member_present",
    "A member with a prejudicial interest in the item has not left the room.",
    "Nid yw aelod sydd â buddiant rhagfarnol yn yr eitem wedi gadael yr ystafell.",
)


@dataclass(frozen=True, slots=True)
class ResolutionNow:
    """What decides a step: the meeting, whether enough are there who may vote on the item, and who should not be."""

    kind: str
    meeting_open: bool
    quorate: bool
    interested_present: int = 0


def why_not(asked: Step, resolution: ResolutionNow, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if not resolution.meeting_open:
        return MEETING_NOT_OPEN
    if asked.name == "withdraw":
        return None
    if not resolution.quorate and resolution.kind != "noted":
        return INQUORATE
    if asked.name in ("vote", "assent") and resolution.interested_present:
        return INTERESTED_PRESENT
    return None
