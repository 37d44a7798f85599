"""A meeting's states and what bars a step between them [flows 2; S1-26; D-20]."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, barred, step
from contracts.working_days import WorkingCalendar, YearNotListedError
from governance.domain.caller import Caller
from governance.domain.constitutions import CHAIRS, Constitution

_WALES: Final = ZoneInfo("Europe/London")

_AGREE = step("agree_agenda", "agenda_agreed", "meetings.agree", "Agree the agenda", "Cytuno ar yr agenda")
_REVISE = step("revise_agenda", "scheduled", "meetings.write", "Revise the agenda", "Diwygio'r agenda")
_NOTICE = step("give_notice", "notice_given", "meetings.write", "Give notice", "Rhoi hysbysiad")
_CANCEL = step("cancel", "cancelled", "meetings.write", "Cancel", "Canslo")
_OPEN = step("open", "opened", "meetings.chair", "Open", "Agor")
_ADJOURN = step("adjourn", "adjourned", "meetings.chair", "Adjourn", "Gohirio")
_RESUME = step("resume", "opened", "meetings.chair", "Open again", "Ailagor")
_CLOSE = step("close", "closed", "meetings.chair", "Close", "Cau")
_DRAFT = step(
    "draft_minutes", "minutes_drafted", "minutes.write", "Draft the minutes", "Drafftio'r cofnodion"
)
_APPROVE = step(
    "approve_minutes", "approved", "minutes.write", "Approve the minutes", "Cymeradwyo'r cofnodion"
)
_PUBLISH = step("publish_minutes", "published", "minutes.write", "Publish", "Cyhoeddi")

MEETING_STEPS: Final[Steps] = {
    "scheduled": (_AGREE, _CANCEL),
    "agenda_agreed": (_NOTICE, _REVISE, _CANCEL),
    "notice_given": (_OPEN, _CANCEL),
    "opened": (_ADJOURN, _CLOSE),
    "adjourned": (_RESUME,),
    "closed": (_DRAFT,),
    "minutes_drafted": (_APPROVE,),
    "approved": (_PUBLISH,),
    "published": (),
    "cancelled": (),
}

NOTICED: Final = frozenset({"notice_given", "opened", "adjourned"})
"""States in which an item is late, and needs the chair's reason of urgency."""

ONLY_THE_CHAIR: Final = barred(
    "only_the_chair",
    "The chair, or the vice chair in the chair's absence, takes this step.",
    "Y cadeirydd, neu'r is-gadeirydd yn ei absenoldeb, sy'n cymryd y cam hwn.",
)
NOT_YOUR_SEAT: Final = barred(
    "seat_does_not_agree",
    "Whoever agrees to the agenda holds a seat that the constitution names, and has not agreed yet.",
    "Mae pwy bynnag sy'n cytuno ar yr agenda mewn sedd a enwir gan y cyfansoddiad, a heb gytuno eto.",
)
NOTICE_TOO_SHORT: Final = barred(
    "notice_too_short",
    "Fewer clear days are left than the constitution asks for: neither the day of notice nor of the meeting counts.",
    "Mae llai o ddiwrnodau clir ar ôl nag y mae'r cyfansoddiad yn gofyn amdanynt: "
    "nid yw diwrnod yr hysbysiad na diwrnod y cyfarfod yn cyfrif.",
)
WORKING_DAYS_UNKNOWN: Final = barred(
    "working_days_unknown",
    "The bank holidays of the year are not known, so clear days cannot be counted.",
    "Nid yw gwyliau banc y flwyddyn yn hysbys, felly ni ellir cyfrif diwrnodau clir.",
)
NO_ITEMS: Final = barred("agenda_empty", "The agenda has no item.", "Nid oes eitem ar yr agenda.")
ONE_LANGUAGE: Final = barred(
    "one_language_only",
    "An item has its title in one language only: what is published is published in both.",
    "Mae teitl eitem mewn un iaith yn unig: cyhoeddir pob dim yn y ddwy iaith.",
)
NOT_YET: Final = barred(
    "before_its_day", "The day of the meeting has not come.", "Nid yw diwrnod y cyfarfod wedi dod."
)
UNDECIDED: Final = barred(
    "resolution_undecided",
    "A resolution is neither decided, deferred nor withdrawn.",
    "Mae penderfyniad heb ei benderfynu, ei ohirio na'i dynnu'n ôl.",
)


@dataclass(frozen=True, slots=True)
class MeetingNow:
    """What decides a step: the rules that hold, the days, who agreed, the agenda, what is still undecided."""

    constitution: Constitution
    meets_on: date
    today: date
    agreed_by: Sequence[str] = ()
    items: int = 0
    untranslated: int = 0
    undecided: int = 0


def outstanding_agreements(meeting: MeetingNow) -> list[str]:
    """The seats whose agreement to the agenda is still missing [S1-26]."""
    return [seat for seat in meeting.constitution.agenda_agreed_by if seat not in meeting.agreed_by]


def agreeing_seat(meeting: MeetingNow, caller: Caller) -> str | None:
    """The seat as which this caller agrees to the agenda; None where it has none, or all have agreed."""
    if not meeting.constitution.agenda_agreed_by:
        return "clerk" if "meetings.write" in caller.may else None
    return next((seat for seat in outstanding_agreements(meeting) if seat in caller.seats), None)


def why_not(asked: Step, meeting: MeetingNow, caller: Caller, calendar: WorkingCalendar) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if asked.operation == "meetings.chair" and not caller.offices.intersection(CHAIRS):
        return ONLY_THE_CHAIR
    match asked.name:
        case "agree_agenda" if agreeing_seat(meeting, caller) is None:
            return NOT_YOUR_SEAT
        case "give_notice":
            return _bars_notice(meeting, calendar)
        case "open" if meeting.today < meeting.meets_on:
            return NOT_YET
        case "close" if meeting.undecided:
            return UNDECIDED
    return None


def _bars_notice(meeting: MeetingNow, calendar: WorkingCalendar) -> Barred | None:
    if not meeting.items:
        return NO_ITEMS
    if meeting.untranslated:
        return ONE_LANGUAGE
    try:
        clear = calendar.clear_days(meeting.today, meeting.meets_on)
    except YearNotListedError:
        return WORKING_DAYS_UNKNOWN
    return NOTICE_TOO_SHORT if clear < meeting.constitution.clear_days else None


def meets_on(starts_at: datetime) -> date:
    """The day of a meeting in Wales."""
    return starts_at.astimezone(_WALES).date()


def day_begins(day: date) -> datetime:
    """The moment at which a day begins in Wales."""
    return datetime.combine(day, time.min, _WALES)
