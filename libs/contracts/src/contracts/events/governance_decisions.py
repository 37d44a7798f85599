"""What `governance` publishes of resolutions and votes, executive decisions and their call-in, and references.

The words of a resolution are read, never carried; its number, outcome and counts are carried, and what it is about.
"""

from datetime import date
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import RecordId

_BODY_ID = "csc_joint_committee"
_MEETING_ID = "0199c0de-0000-7000-8000-00000000c002"
_ITEM_ID = "0199c0de-0000-7000-8000-00000000c003"
_RESOLUTION_ID = "0199c0de-0000-7000-8000-00000000c008"
_FINDING_ID = "0199c0de-0000-7000-8000-00000000a002"
_VOTE_ID = "0199c0de-0000-7000-8000-00000000c009"
_REFERENCE_ID = "0199c0de-0000-7000-8000-00000000c00b"


class About(BaseModel):
    """A record that a resolution is about."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    """Code of `resolution_subjects`: finding, commission, school or return."""
    id: str


class ResolutionFacts(Event):
    """A resolution of a body."""

    resolution_id: RecordId
    meeting_id: RecordId
    agenda_item_id: RecordId
    body_id: str
    kind: str
    """Code of `resolution_kinds`: in which words a body decides."""
    matter: str
    """Code of `agenda_matters`: that of the item."""
    state: str
    """Code of `resolution_states`."""
    municipal_year: str
    number: int | None = None
    """Within the body's municipal year; null until it is decided."""
    about: About | None = None
    decided_on: date | None = None
    vote_id: RecordId | None = None
    votes_for: int | None = None
    votes_against: int | None = None
    """Null where it was not counted."""
    abstained: int | None = None
    exempt: bool = False
    """On an exempt item: known to those alone who stay for exempt items."""

    def classed(self) -> DataClass:
        """Confidential on an exempt item."""
        return DataClass.confidential if self.exempt else self.DATA_CLASS


_RESOLUTION: dict[str, Any] = {
    "resolution_id": _RESOLUTION_ID,
    "meeting_id": _MEETING_ID,
    "agenda_item_id": _ITEM_ID,
    "body_id": _BODY_ID,
    "kind": "resolved",
    "matter": "performance",
    "state": "moved",
    "municipal_year": "2019/20",
    "about": {"kind": "finding", "id": _FINDING_ID},
}
_DECIDED: dict[str, Any] = {**_RESOLUTION, "number": 42, "decided_on": "2020-02-13"}
_CARRIED: dict[str, Any] = {
    **_DECIDED,
    "state": "carried",
    "vote_id": _VOTE_ID,
    "votes_for": 4,
    "votes_against": 0,
    "abstained": 1,
}

_resolution = partial(event, publisher="governance", aggregate="resolution")


@_resolution(happened="moved")
class ResolutionMoved(ResolutionFacts):
    """A resolution was moved and seconded."""

    EXAMPLE: ClassVar[dict[str, Any]] = _RESOLUTION


@_resolution(happened="put")
class ResolutionPut(ResolutionFacts):
    """The chair put it to the vote."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_RESOLUTION, "state": "put"}


@_resolution(happened="carried")
class ResolutionCarried(ResolutionFacts):
    """It was carried, by a vote or without a count, and has its number."""

    EXAMPLE: ClassVar[dict[str, Any]] = _CARRIED


@_resolution(happened="lost")
class ResolutionLost(ResolutionFacts):
    """It was lost, and has its number."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_CARRIED,
        "state": "lost",
        "votes_for": 2,
        "votes_against": 2,
        "abstained": 1,
    }


@_resolution(happened="deferred")
class ResolutionDeferred(ResolutionFacts):
    """It was deferred to a later meeting, and has its number."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECIDED, "state": "deferred"}


@_resolution(happened="withdrawn")
class ResolutionWithdrawn(ResolutionFacts):
    """It was withdrawn before it was decided; it has no number."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_RESOLUTION, "state": "withdrawn"}


@_resolution(happened="published", data_class=DataClass.public)
class ResolutionPublished(ResolutionFacts):
    """It was published with the minutes. One on an exempt item is not."""

    EXAMPLE: ClassVar[dict[str, Any]] = _CARRIED


@event(publisher="governance", aggregate="vote", happened="recorded")
class VoteRecorded(Event):
    """A vote was taken on a resolution. Abstentions do not count in the majority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "vote_id": _VOTE_ID,
        "resolution_id": _RESOLUTION_ID,
        "meeting_id": _MEETING_ID,
        "body_id": _BODY_ID,
        "basis": "per_head",
        "votes_for": 8,
        "abstained": 4,
        "entitled": 12,
        "quorum": 10,
        "outcome": "carried",
        "named": False,
    }

    vote_id: RecordId
    resolution_id: RecordId
    meeting_id: RecordId
    body_id: str
    basis: str
    """Code of `voting_bases`: one vote a head, or one an authority."""
    votes_for: int
    votes_against: int | None = None
    """Null where it was not counted."""
    abstained: int
    entitled: int
    """How many votes those present could have cast."""
    quorum: int
    outcome: str
    """carried or lost."""
    named: bool
    """Whether it was recorded who voted how."""


class DecisionFacts(Event):
    """A decision of a cabinet, from its publication to its implementation."""

    decision_id: RecordId
    body_id: str
    resolution_id: RecordId
    municipal_year: str
    number: int
    """That of the resolution."""
    state: str
    """Code of `decision_states`."""
    key_decision: bool
    subject_to_call_in: bool
    decided_on: date
    published_on: date
    call_in_ends: date | None = None
    """Last day on which it may be called in."""
    effective_on: date | None = None
    implemented_on: date | None = None
    about: About | None = None


_DECISION: dict[str, Any] = {
    "authority": "673",
    "decision_id": "0199c0de-0000-7000-8000-00000000c00a",
    "body_id": "vale_cabinet",
    "resolution_id": _RESOLUTION_ID,
    "municipal_year": "2012/13",
    "number": 1,
    "state": "published",
    "key_decision": False,
    "subject_to_call_in": True,
    "decided_on": "2012-10-01",
    "published_on": "2012-10-02",
    "call_in_ends": "2012-10-09",
}

_decision = partial(event, publisher="governance", aggregate="decision", data_class=DataClass.public)


@_decision(happened="published")
class DecisionPublished(DecisionFacts):
    """A decision was published in both languages."""

    EXAMPLE: ClassVar[dict[str, Any]] = _DECISION


@_decision(happened="became_callable")
class DecisionBecameCallable(DecisionFacts):
    """The days in which it may be called in have begun."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECISION, "state": "callable"}


@_decision(happened="called_in")
class DecisionCalledIn(DecisionFacts):
    """Scrutiny called it in: it is not implemented. The reason is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECISION, "state": "called_in", "changed": ["reason"]}


@_decision(happened="took_effect")
class DecisionTookEffect(DecisionFacts):
    """It may be implemented: nobody called it in, or it cannot be."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECISION, "state": "effective", "effective_on": "2012-10-10"}


@_decision(happened="upheld")
class DecisionUpheld(DecisionFacts):
    """Scrutiny considered it and let it stand: it may be implemented."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECISION, "state": "upheld", "effective_on": "2012-10-22"}


@_decision(happened="referred_back")
class DecisionReferredBack(DecisionFacts):
    """Scrutiny sent it back to the cabinet with reasons."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECISION, "state": "referred_back", "changed": ["reason"]}


@_decision(happened="sent_to_council")
class DecisionSentToCouncil(DecisionFacts):
    """Scrutiny put it before the full council."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_DECISION, "state": "to_council", "changed": ["reason"]}


@_decision(happened="implemented")
class DecisionImplemented(DecisionFacts):
    """It was carried out."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_DECISION,
        "state": "implemented",
        "effective_on": "2012-10-10",
        "implemented_on": "2012-11-05",
    }


class ReferenceFacts(Event):
    """A recommendation of one body that another is to consider, from its making to its outcome."""

    reference_id: RecordId
    from_body: str
    to_body: str
    resolution_id: RecordId
    """The recommendation."""
    municipal_year: str
    number: int
    """The number of the recommendation, that the agenda item quotes."""
    made_on: date
    due_on: date
    """The day of the meeting that is to consider it."""
    state: str
    """Code of `reference_states`."""
    appendices: int
    meeting_id: RecordId | None = None
    """The meeting on whose agenda it is."""
    agenda_item_id: RecordId | None = None
    considered_on: date | None = None
    outcome: str | None = None
    """Code of `reference_outcomes`."""
    outcome_resolution_id: RecordId | None = None
    overdue_since: date | None = None
    referred_from: RecordId | None = None
    """The reference of which this one is the next hop."""


_REFERENCE: dict[str, Any] = {
    "authority": "673",
    "reference_id": _REFERENCE_ID,
    "from_body": "vale_scrutiny_lifelong_learning",
    "to_body": "vale_cabinet",
    "resolution_id": _RESOLUTION_ID,
    "municipal_year": "2012/13",
    "number": 1,
    "made_on": "2012-09-10",
    "due_on": "2012-10-01",
    "state": "made",
    "appendices": 1,
}
_LISTED: dict[str, Any] = {
    **_REFERENCE,
    "state": "listed",
    "meeting_id": _MEETING_ID,
    "agenda_item_id": _ITEM_ID,
}
_CONSIDERED: dict[str, Any] = {**_LISTED, "state": "considered", "considered_on": "2012-10-01"}
_ACCEPTED: dict[str, Any] = {
    **_CONSIDERED,
    "state": "accepted",
    "outcome": "accepted",
    "outcome_resolution_id": "0199c0de-0000-7000-8000-00000000c00c",
}

_reference = partial(event, publisher="governance", aggregate="reference", data_class=DataClass.public)


@_reference(happened="made")
class ReferenceMade(ReferenceFacts):
    """A carried recommendation was referred, with its reason and appendix, to a meeting of another body."""

    EXAMPLE: ClassVar[dict[str, Any]] = _REFERENCE


@_reference(happened="received")
class ReferenceReceived(ReferenceFacts):
    """The other body's clerk took it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_REFERENCE, "state": "received"}


@_reference(happened="listed")
class ReferenceListed(ReferenceFacts):
    """It is an agenda item that quotes the minute."""

    EXAMPLE: ClassVar[dict[str, Any]] = _LISTED


@_reference(happened="considered")
class ReferenceConsidered(ReferenceFacts):
    """The meeting considered it."""

    EXAMPLE: ClassVar[dict[str, Any]] = _CONSIDERED


@_reference(happened="outcome_recorded")
class ReferenceOutcomeRecorded(ReferenceFacts):
    """What came of it was recorded (`state` is the outcome), or reported to the body that made it."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ACCEPTED


@_reference(happened="referred_on")
class ReferenceReferredOn(ReferenceFacts):
    """The body that considered it refers it on; the next hop is a reference of its own."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_CONSIDERED, "state": "referred_on", "outcome": "referred_on"}


@_reference(happened="became_overdue")
class ReferenceBecameOverdue(ReferenceFacts):
    """Its meeting has passed and it was not considered. Told once for each due day."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_REFERENCE, "state": "received", "overdue_since": "2012-10-02"}


@_reference(happened="closed")
class ReferenceClosed(ReferenceFacts):
    """Its outcome was reported and nothing is left to do."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_ACCEPTED, "state": "closed"}
