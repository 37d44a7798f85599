"""A reference's states between two bodies and what bars a step [flows 2; domain 6.1.10; S0-20 to S0-24]."""

from datetime import date, timedelta
from typing import Final

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, barred, step
from governance.domain.caller import Caller

_RECEIVE = step("receive", "received", "references.write", "Receive", "Derbyn")
_LIST = step("list", "listed", "references.write", "Put on an agenda", "Rhoi ar agenda")
_CONSIDER = step(
    "consider", "considered", "references.write", "Record as considered", "Cofnodi fel un a ystyriwyd"
)
_OUTCOME = step("record_outcome", "accepted", "references.write", "Record the outcome", "Cofnodi'r canlyniad")
_REPORT = step("report", "outcome_reported", "references.write", "Report the outcome", "Adrodd y canlyniad")
_CLOSE = step("close", "closed", "references.write", "Close", "Cau")

REFERENCE_STEPS: Final[Steps] = {
    "made": (_RECEIVE, _CLOSE),
    "received": (_LIST, _CLOSE),
    "listed": (_CONSIDER, _CLOSE),
    "considered": (_OUTCOME, _CLOSE),
    "accepted": (_REPORT, _CLOSE),
    "noted": (_REPORT, _CLOSE),
    "amended": (_REPORT, _CLOSE),
    "rejected": (_REPORT, _CLOSE),
    "deferred": (_LIST, _CLOSE),
    "referred_on": (_REPORT, _CLOSE),
    "outcome_reported": (_CLOSE,),
    "closed": (),
}
"""`record_outcome` leads to the outcome itself. Closing may be asked for in every state: it says what is missing."""

OUTCOMES: Final = ("accepted", "noted", "amended", "rejected", "deferred", "referred_on")
AWAITED: Final = frozenset({"made", "received", "listed", "deferred"})
"""States in which the day of the meeting may pass unanswered."""

NO_OUTCOME: Final = barred(
    "no_outcome",
    "It is closed once its outcome is recorded and reported to the body that made it.",
    "Caiff ei gau pan fydd ei ganlyniad wedi'i gofnodi a'i adrodd i'r corff a'i gwnaeth.",
)


def why_not(asked: Step, state: str, caller: Caller) -> Barred | None:
    """Why a step is barred: the body that receives moves it, the one that made it closes it."""
    may = caller.may if asked.name == "close" else caller.other_side
    if asked.operation not in may:
        return NOT_PERMITTED
    if asked.name == "close" and state != "outcome_reported":
        return NO_OUTCOME
    return None


def overdue_since(state: str, due: date, told_for: date | None, today: date) -> date | None:
    """The first day on which a reference is overdue, if it is and was not told for this due day; else None."""
    late = state in AWAITED and due < today and told_for != due
    return due + timedelta(days=1) if late else None
