"""What `governance` publishes of bodies and meetings; further `governance_proceedings`, `governance_decisions`.

Ids, codes, dates, counts and states are carried. What was said, moved or written is read under the reader's own
rights; titles are carried once they are published. A body's id is its code. `authority` and `school` are those that a
body belongs to; a body of several authorities (the joint committee) has neither.
"""

from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import AuthorityCode, RecordId

_BODY_ID = "csc_joint_committee"
_MEMBER_ID = "0199c0de-0000-7000-8000-00000000c001"
_PERSON_ID = "0199c0de-0000-7000-8000-000000000001"
_MEETING_ID = "0199c0de-0000-7000-8000-00000000c002"
_ITEM_ID = "0199c0de-0000-7000-8000-00000000c003"


class BodyFacts(Event):
    """A body that meets and decides, under the constitution that holds from a day on."""

    body_id: str
    body_type: str
    """Code of `body_types`."""
    name_en: str
    name_cy: str
    constitution: str
    """Code of `/v1/constitutions`."""
    authorities: list[AuthorityCode]
    """The authorities whose body it is: of a joint committee all of them."""
    consortium: str | None = None
    call_in_days: int
    """Clear working days in which a decision may be called in; 0 where it may not."""
    meetings_a_year: int | None = None
    """How often it meets in a year at least, by its constitution; null in events of before this was carried."""


_BODY: dict[str, Any] = {
    "body_id": _BODY_ID,
    "body_type": "joint_committee",
    "name_en": "Central South Consortium Joint Committee",
    "name_cy": "Cydbwyllgor Consortiwm Canolbarth y De",
    "constitution": "national_model_joint_committee_2014",
    "authorities": ["672", "673", "674", "675", "681"],
    "consortium": "central_south",
    "call_in_days": 0,
    "meetings_a_year": 3,
    "valid_from": "2014-04-01",
}

_body = partial(event, publisher="governance", aggregate="body", data_class=DataClass.public)


@_body(happened="established")
class BodyEstablished(BodyFacts):
    """A body exists from a day on."""

    EXAMPLE: ClassVar[dict[str, Any]] = _BODY


@_body(happened="constitution_adopted")
class BodyConstitutionAdopted(BodyFacts):
    """A body meets and decides under another constitution from a day on."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_BODY,
        "constitution": "csc_joint_committee_2013",
        "changed": ["constitution"],
    }


class MemberFacts(Event):
    """A person in a seat of a body, on days."""

    member_id: RecordId
    body_id: str
    person_id: RecordId
    seat: str
    """Code of a seat of the body's constitution."""
    represents: AuthorityCode | None = None
    voting: bool
    office: str | None = None
    """Code of `offices`: chair, vice_chair; null: none."""
    serving_head: bool
    sees_exempt: bool = False
    """Whether the seat stays for exempt items, by the body's constitution."""


_MEMBER: dict[str, Any] = {
    "member_id": _MEMBER_ID,
    "body_id": _BODY_ID,
    "person_id": _PERSON_ID,
    "seat": "leader",
    "represents": "673",
    "voting": True,
    "office": "chair",
    "serving_head": False,
    "valid_from": "2019-05-20",
}

_member = partial(event, publisher="governance", aggregate="member", data_class=DataClass.public)


@_member(happened="appointed")
class MemberAppointed(MemberFacts):
    """A person takes a seat, or another office in it, from a day on."""

    EXAMPLE: ClassVar[dict[str, Any]] = _MEMBER


@_member(happened="ended")
class MemberEnded(MemberFacts):
    """A person leaves a seat: `valid_to` is the first day without."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_MEMBER, "valid_to": "2020-05-18", "changed": ["valid_to"]}


class MeetingFacts(Event):
    """A meeting of a body."""

    meeting_id: RecordId
    body_id: str
    body_type: str
    municipal_year: str
    """Like `2019/20`: in which its resolutions are numbered."""
    starts_at: datetime
    state: str
    """Code of `meeting_states`."""
    remote: bool
    notice_given_on: date | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    quorum: int | None = None
    """How many must be present to decide, under the constitution of the day; null before it is opened."""
    voting_present: int | None = None
    """How many who may vote were present as this happened."""


_MEETING: dict[str, Any] = {
    "meeting_id": _MEETING_ID,
    "body_id": _BODY_ID,
    "body_type": "joint_committee",
    "municipal_year": "2019/20",
    "starts_at": "2020-02-13T10:00:00Z",
    "state": "scheduled",
    "remote": False,
}
_NOTICED: dict[str, Any] = {**_MEETING, "state": "notice_given", "notice_given_on": "2020-02-07"}
_OPENED: dict[str, Any] = {
    **_NOTICED,
    "state": "opened",
    "opened_at": "2020-02-13T10:02:00Z",
    "quorum": 2,
    "voting_present": 5,
}

_meeting = partial(event, publisher="governance", aggregate="meeting")


@_meeting(happened="scheduled")
class MeetingScheduled(MeetingFacts):
    """A meeting was put into the calendar."""

    EXAMPLE: ClassVar[dict[str, Any]] = _MEETING


@_meeting(happened="agenda_agreed")
class MeetingAgendaAgreed(MeetingFacts):
    """One of those who must agree to the agenda did; `state` is `agenda_agreed` once all have."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_MEETING, "changed": ["agreed_by"]}


@_meeting(happened="agenda_published", data_class=DataClass.public)
class MeetingAgendaPublished(MeetingFacts):
    """Notice was given, and the agenda published with it, in both languages."""

    EXAMPLE: ClassVar[dict[str, Any]] = _NOTICED


@_meeting(happened="opened", data_class=DataClass.public)
class MeetingOpened(MeetingFacts):
    """The chair opened it, or opened it again after an adjournment."""

    EXAMPLE: ClassVar[dict[str, Any]] = _OPENED


@_meeting(happened="adjourned", data_class=DataClass.public)
class MeetingAdjourned(MeetingFacts):
    """The chair adjourned it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OPENED, "state": "adjourned", "voting_present": 1}


@_meeting(happened="closed", data_class=DataClass.public)
class MeetingClosed(MeetingFacts):
    """The chair closed it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_OPENED, "state": "closed", "closed_at": "2020-02-13T11:40:00Z"}


@_meeting(happened="cancelled")
class MeetingCancelled(MeetingFacts):
    """It does not take place."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_MEETING, "state": "cancelled", "changed": ["reason"]}


@_meeting(happened="minuted")
class MeetingMinuted(MeetingFacts):
    """Its minutes took their next step: drafted or approved, as `state` says."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_OPENED,
        "state": "minutes_drafted",
        "closed_at": "2020-02-13T11:40:00Z",
    }


@_meeting(happened="published", data_class=DataClass.public)
class MeetingPublished(MeetingFacts):
    """Its minutes were published in both languages, and its resolutions with them."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_OPENED,
        "state": "published",
        "closed_at": "2020-02-13T11:40:00Z",
    }


class AgendaItemFacts(Event):
    """An item on the agenda of a meeting."""

    agenda_item_id: RecordId
    meeting_id: RecordId
    body_id: str
    position: int
    matter: str
    """Code of `agenda_matters`."""
    state: str
    """Code of `agenda_item_states`."""
    late: bool
    """Added after the notice, with the chair's reason of urgency."""
    exempt_paragraph: int | None = None
    """Paragraph of Schedule 12A to the Local Government Act 1972 under which the public is excluded."""
    papers: int
    """How many papers it has."""
    reference_id: RecordId | None = None
    """The reference from another body that it puts before this one."""

    def classed(self) -> DataClass:
        """Confidential where the item is exempt."""
        return self.DATA_CLASS if self.exempt_paragraph is None else DataClass.confidential


_ITEM: dict[str, Any] = {
    "agenda_item_id": _ITEM_ID,
    "meeting_id": _MEETING_ID,
    "body_id": _BODY_ID,
    "position": 5,
    "matter": "performance",
    "state": "on_agenda",
    "late": False,
    "papers": 1,
}

_item = partial(event, publisher="governance", aggregate="agenda_item")


@_item(happened="added")
class AgendaItemAdded(AgendaItemFacts):
    """An item was put on the agenda."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ITEM


@_item(happened="changed")
class AgendaItemChanged(AgendaItemFacts):
    """An item, its papers or the ground of its exemption changed."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ITEM, "papers": 2, "changed": ["papers"]}


@_item(happened="withdrawn")
class AgendaItemWithdrawn(AgendaItemFacts):
    """An item is no longer on the agenda."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ITEM, "state": "withdrawn"}


@_item(happened="published", data_class=DataClass.public)
class AgendaItemPublished(AgendaItemFacts):
    """An open item was published with the notice, or late with its reason. Exempt items are never told so."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_ITEM,
        "title_en": "Progress of schools receiving support",
        "title_cy": "Cynnydd ysgolion sy'n cael cymorth",
    }

    title_en: str
    title_cy: str
