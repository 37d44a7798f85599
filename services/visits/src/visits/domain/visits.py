"""A visit's states and what bars a step between them [flows 2; domain 4.3; D-07, D-08]."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, step
from contracts.text import Text
from contracts.working_days import WorkingCalendar
from visits.domain.caller import Caller

_RESCHEDULE = step("reschedule", "planned", "visits.write", "Reschedule", "Aildrefnu")
_HOLD = step("hold", "held", "visits.write", "Record as held", "Cofnodi fel un a gynhaliwyd")
_CANCEL = step("cancel", "cancelled", "visits.write", "Cancel", "Canslo")
_DRAFT = step("draft", "drafted", "visits.write", "Complete the draft", "Cwblhau'r drafft")
_ASSURE = step("assure", "quality_assured", "visits.assure", "Assure its quality", "Sicrhau ei ansawdd")
_SHARE = step("share", "shared", "visits.write", "Share with the school", "Rhannu â'r ysgol")
_REPLY = step("reply", "replied", "visits.reply", "Reply to the draft", "Ymateb i'r drafft")
_ANSWER = step("answer", "replied", "visits.write", "Answer a correction", "Ateb cywiriad")
_FINALISE = step("finalise", "final", "visits.write", "Make final", "Terfynu")
_AMEND = step("amend", "amended", "visits.write", "Amend as a new version", "Diwygio fel fersiwn newydd")

VISIT_STEPS: Final[Steps] = {
    "planned": (_RESCHEDULE, _HOLD, _CANCEL),
    "held": (_DRAFT,),
    "drafted": (_ASSURE,),
    "quality_assured": (_SHARE,),
    "shared": (_REPLY,),
    "replied": (_ANSWER, _FINALISE),
    "lapsed": (_FINALISE,),
    "final": (_AMEND,),
    "amended": (_AMEND,),
    "cancelled": (),
}
"""The steps that somebody asks for. From `shared` the clock leads to `lapsed` when the reply is not there in time."""

EDITABLE: Final = frozenset({"planned", "held", "drafted", "replied"})
"""States in which the text may be changed: not under quality assurance, before the school, or once final."""
FINDINGS_OPEN: Final = frozenset({"held", "drafted", "replied"})
"""States in which findings are recorded, changed and withdrawn."""
FILES_OPEN: Final = frozenset(
    {"planned", "held", "drafted", "quality_assured", "shared", "replied", "lapsed"}
)
"""States in which evidence is added and removed: until the report is final, and of no visit that was cancelled."""
SEEN_BY_SCHOOL: Final = frozenset({"shared", "replied", "lapsed", "final", "amended"})
FINAL: Final = frozenset({"final", "amended"})
TOOK_PLACE: Final = frozenset({"held", "drafted", "quality_assured"}) | SEEN_BY_SCHOOL

SCHOOL_CLOSED: Final = Barred(
    "school_closed",
    Text(
        "The school is closed: no visit is made to it.", "Mae'r ysgol wedi cau: ni chynhelir ymweliad â hi."
    ),
)
AUTHOR_CANNOT_ASSURE: Final = Barred(
    "author_cannot_assure",
    Text(
        "Whoever wrote the draft does not assure its quality.",
        "Nid yw awdur y drafft yn sicrhau ei ansawdd.",
    ),
)
CORRECTION_UNANSWERED: Final = Barred(
    "correction_unanswered",
    Text(
        "The school asked for a correction that is not answered yet.",
        "Gofynnodd yr ysgol am gywiriad nad yw wedi'i ateb eto.",
    ),
)
ALL_ANSWERED: Final = Barred(
    "all_corrections_answered",
    Text("No correction waits for an answer.", "Nid oes cywiriad yn aros am ateb."),
)


@dataclass(frozen=True, slots=True)
class VisitNow:
    """What decides a step: who wrote the draft, whether the school is closed on the day planned, open corrections."""

    author: str | None = None
    school_closed: bool = False
    unanswered: int = 0


def why_not(asked: Step, visit: VisitNow, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if asked.name == "hold" and visit.school_closed:
        return SCHOOL_CLOSED
    if asked.name == "assure" and visit.author == caller.who:
        return AUTHOR_CANNOT_ASSURE
    if asked.name == "finalise" and visit.unanswered:
        return CORRECTION_UNANSWERED
    if asked.name == "answer" and not visit.unanswered:
        return ALL_ANSWERED
    return None


@dataclass(frozen=True, slots=True)
class Timeliness:
    """Working days for a visit's documents: draft and final from the visit, the reply from the sharing."""

    draft: int
    reply: int
    final: int


def documents_due(held_on: date, times: Timeliness, calendar: WorkingCalendar) -> tuple[date, date]:
    """The last days on which draft and final are in time. Raises YearNotListedError."""
    return calendar.after(held_on, times.draft), calendar.after(held_on, times.final)


def reply_due(shared_on: date, times: Timeliness, calendar: WorkingCalendar) -> date:
    """The last day for the school's reply. Raises YearNotListedError."""
    return calendar.after(shared_on, times.reply)


def lapses(state: str, due: date | None, today: date) -> bool:
    """Whether a shared draft's reply has lapsed: its last day has passed in silence."""
    return state == "shared" and due is not None and due < today
