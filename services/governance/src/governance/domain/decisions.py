"""An executive decision's states, its call-in, and what bars a step between them [flows 2; domain 6.1.9]."""

from datetime import date
from typing import Final

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, barred, step
from contracts.working_days import WorkingCalendar
from governance.domain.caller import Caller

_CALL_IN = step("call_in", "called_in", "decisions.call_in", "Call in", "Galw i mewn")
_UPHOLD = step("uphold", "upheld", "decisions.write", "Uphold", "Cadarnhau")
_REFER_BACK = step("refer_back", "referred_back", "decisions.write", "Refer back", "Cyfeirio'n ôl")
_COUNCIL = step(
    "send_to_council", "to_council", "decisions.write", "Put before the council", "Rhoi gerbron y cyngor"
)
_IMPLEMENT = step(
    "implement", "implemented", "decisions.write", "Record as implemented", "Cofnodi fel un a weithredwyd"
)

DECISION_STEPS: Final[Steps] = {
    "published": (_IMPLEMENT,),
    "callable": (_CALL_IN, _IMPLEMENT),
    "called_in": (_UPHOLD, _REFER_BACK, _COUNCIL, _IMPLEMENT),
    "effective": (_IMPLEMENT,),
    "upheld": (_IMPLEMENT,),
    "referred_back": (),
    "to_council": (),
    "implemented": (),
}
"""The steps that somebody asks for; the clock leads from `published` to `callable` and on to `effective`."""

OF_SCRUTINY: Final = frozenset({"call_in", "uphold", "refer_back", "send_to_council"})
"""Steps of the body that scrutinises, not of the one that decided."""

CALL_IN_RUNNING: Final = barred(
    "call_in_running",
    "The decision may still be called in, or was: it is not implemented before that has ended.",
    "Gellir galw'r penderfyniad i mewn o hyd, neu fe'i galwyd: ni chaiff ei weithredu cyn i hynny ddod i ben.",
)


def why_not(asked: Step, state: str, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    may = caller.other_side if asked.name in OF_SCRUTINY else caller.may
    if asked.operation not in may:
        return NOT_PERMITTED
    if asked.name == "implement" and state in ("published", "callable", "called_in"):
        return CALL_IN_RUNNING
    return None


def call_in_ends(published_on: date, days: int, calendar: WorkingCalendar) -> date:
    """The last day on which a decision may be called in. Raises YearNotListedError."""
    return calendar.after(published_on, days)


def moved_by_clock(state: str, published_on: date, ends: date | None, today: date) -> str | None:
    """Where the clock leads a decision on a day; None where it stays.

    One that cannot be called in takes effect at once; the days of the others begin after that of publication.
    """
    if state == "published" and ends is None:
        return "effective"
    if state == "published" and today > published_on:
        return "callable"
    if state == "callable" and ends is not None and today > ends:
        return "effective"
    return None
