"""What `governance` publishes of what happens at a meeting: attendance, declarations of interest, minutes.

Ids, times, states and counts are carried; the nature of an interest and the text of minutes are read.
"""

from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import RecordId

_BODY_ID = "csc_joint_committee"
_MEMBER_ID = "0199c0de-0000-7000-8000-00000000c001"
_MEETING_ID = "0199c0de-0000-7000-8000-00000000c002"
_ITEM_ID = "0199c0de-0000-7000-8000-00000000c003"


class AttendanceFacts(Event):
    """Somebody's presence at a meeting, with each time of leaving and returning."""

    attendance_id: RecordId
    meeting_id: RecordId
    body_id: str
    member_id: RecordId
    arrived_at: datetime
    present: bool
    absences: int
    """How often the member has left."""


_ATTENDANCE: dict[str, Any] = {
    "attendance_id": "0199c0de-0000-7000-8000-00000000c004",
    "meeting_id": _MEETING_ID,
    "body_id": _BODY_ID,
    "member_id": _MEMBER_ID,
    "arrived_at": "2020-02-13T09:58:00Z",
    "present": True,
    "absences": 0,
}

_attendance = partial(event, publisher="governance", aggregate="attendance")


@_attendance(happened="recorded")
class AttendanceRecorded(AttendanceFacts):
    """A member arrived."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ATTENDANCE


@_attendance(happened="left")
class AttendanceLeft(AttendanceFacts):
    """A member left: the quorum is counted anew."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ATTENDANCE, "present": False, "absences": 1}


@_attendance(happened="returned")
class AttendanceReturned(AttendanceFacts):
    """A member came back."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ATTENDANCE, "absences": 1}


@event(publisher="governance", aggregate="declaration", happened="made")
class DeclarationMade(Event):
    """A member declared an interest in an item. Its nature is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "declaration_id": "0199c0de-0000-7000-8000-00000000c005",
        "meeting_id": _MEETING_ID,
        "agenda_item_id": _ITEM_ID,
        "body_id": _BODY_ID,
        "member_id": _MEMBER_ID,
        "kind": "prejudicial",
        "changed": ["nature"],
    }

    declaration_id: RecordId
    meeting_id: RecordId
    agenda_item_id: RecordId
    body_id: str
    member_id: RecordId
    kind: str
    """Code of `declaration_kinds`."""


class MinutesFacts(Event):
    """The minutes of a meeting."""

    minutes_id: RecordId
    meeting_id: RecordId
    body_id: str
    state: str
    """Code of `minutes_states`."""
    languages: list[str]
    """In which they are written: `en`, `cy`."""
    approved_at_meeting_id: RecordId | None = None
    amended: bool
    """Whether they were approved subject to amendments."""
    published_on: date | None = None


_MINUTES: dict[str, Any] = {
    "minutes_id": "0199c0de-0000-7000-8000-00000000c006",
    "meeting_id": _MEETING_ID,
    "body_id": _BODY_ID,
    "state": "drafted",
    "languages": ["en"],
    "amended": False,
}
_APPROVED: dict[str, Any] = {
    **_MINUTES,
    "state": "approved",
    "languages": ["en", "cy"],
    "approved_at_meeting_id": "0199c0de-0000-7000-8000-00000000c007",
}

_minutes = partial(event, publisher="governance", aggregate="minutes")


@_minutes(happened="drafted")
class MinutesDrafted(MinutesFacts):
    """Minutes were drafted, or the draft was changed."""

    EXAMPLE: ClassVar[dict[str, Any]] = _MINUTES


@_minutes(happened="translated")
class MinutesTranslated(MinutesFacts):
    """Approved minutes have their other language; the text approved is untouched."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_APPROVED, "changed": ["text_cy"]}


@_minutes(happened="approved")
class MinutesApproved(MinutesFacts):
    """The next meeting approved them as a correct record, as they were or subject to amendments."""

    EXAMPLE: ClassVar[dict[str, Any]] = _APPROVED


@_minutes(happened="published", data_class=DataClass.public)
class MinutesPublished(MinutesFacts):
    """They were published in both languages."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_APPROVED, "state": "published", "published_on": "2020-03-27"}
