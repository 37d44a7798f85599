"""What `visits` publishes: visits, findings, actions, support categories and monitoring that fell due.

Codes, dates, states and ids are carried; what somebody wrote or judged about a school is named in `changed` and read
under the reader's own rights.
"""

from datetime import date
from functools import partial
from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Event, event
from contracts.identifiers import RecordId

_SCHOOL: dict[str, Any] = {"authority": "673", "school": "6732118"}
_VISIT_ID = "0199c0de-0000-7000-8000-00000000a001"
_FINDING_ID = "0199c0de-0000-7000-8000-00000000a002"
_ACTION_ID = "0199c0de-0000-7000-8000-00000000a003"
_PERSON_ID = "0199c0de-0000-7000-8000-000000000002"


class VisitFacts(Event):
    """A visit as of the event: its kind, its dates and whether its documents were in time."""

    visit_id: RecordId
    visit_type: str
    """Code of a visit type of the regime."""
    component: str
    """Code of `cmi_components`: challenge, monitor or intervention."""
    regime: str
    """Code of `regimes`: the operating model under which it was planned."""
    school_year: str
    """Like `2019/20`: that of the day for which it is planned, or on which it was held."""
    state: str
    """Code of `visit_states`."""
    adviser_id: RecordId
    """The person who visits."""
    planned_for: date
    held_on: date | None = None
    draft_due: date | None = None
    """Last day on which the draft is in time: working days after the visit, by regime."""
    shared_on: date | None = None
    reply_due: date | None = None
    """Last day for the school's reply; after it silence lapses."""
    replied_on: date | None = None
    final_due: date | None = None
    final_on: date | None = None
    draft_in_time: bool | None = None
    """Null until the draft was shared or its due day has passed."""
    final_in_time: bool | None = None
    disputed: bool = False
    """The school disputes the draft; its words are annexed to the final report."""
    corrections: int = 0
    """Corrections of fact that the school asked for."""
    corrections_answered: int = 0


_PLANNED: dict[str, Any] = {
    **_SCHOOL,
    "visit_id": _VISIT_ID,
    "visit_type": "spring_monitoring",
    "component": "monitor",
    "regime": "national_model_2014",
    "school_year": "2019/20",
    "state": "planned",
    "adviser_id": _PERSON_ID,
    "planned_for": "2020-01-20",
}
_HELD: dict[str, Any] = {
    **_PLANNED,
    "state": "held",
    "held_on": "2020-01-20",
    "draft_due": "2020-01-27",
    "final_due": "2020-02-03",
}
_SHARED: dict[str, Any] = {
    **_HELD,
    "state": "shared",
    "shared_on": "2020-01-24",
    "draft_in_time": True,
    "reply_due": "2020-01-31",
}
_FINAL: dict[str, Any] = {
    **_SHARED,
    "state": "final",
    "replied_on": "2020-01-29",
    "final_on": "2020-02-03",
    "final_in_time": True,
}


_visit = partial(event, publisher="visits", aggregate="visit", data_class=DataClass.confidential)


@_visit(happened="planned")
class VisitPlanned(VisitFacts):
    """A visit to a school was planned."""

    EXAMPLE: ClassVar[dict[str, Any]] = _PLANNED


@_visit(happened="rescheduled")
class VisitRescheduled(VisitFacts):
    """A planned visit has another day; `planned_for` is the new one."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_PLANNED, "changed": ["planned_for"]}


@_visit(happened="cancelled")
class VisitCancelled(VisitFacts):
    """A planned visit does not take place. Its reason is read, not carried."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_PLANNED, "state": "cancelled"}


@_visit(happened="held")
class VisitHeld(VisitFacts):
    """A visit took place."""

    EXAMPLE: ClassVar[dict[str, Any]] = _HELD


@_visit(happened="details_changed")
class VisitDetailsChanged(VisitFacts):
    """The text of a visit that is not final yet was changed; `changed` names which."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_HELD, "changed": ["summary"]}


@_visit(happened="drafted")
class VisitDrafted(VisitFacts):
    """The draft report is written."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_HELD, "state": "drafted"}


@_visit(happened="quality_assured")
class VisitQualityAssured(VisitFacts):
    """Somebody other than the author assured the draft's quality."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_HELD, "state": "quality_assured"}


@_visit(happened="draft_shared")
class VisitDraftShared(VisitFacts):
    """The school may see the draft and reply by `reply_due`."""

    EXAMPLE: ClassVar[dict[str, Any]] = _SHARED


@_visit(happened="reply_received")
class VisitReplyReceived(VisitFacts):
    """The school replied to the draft."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SHARED,
        "state": "replied",
        "replied_on": "2020-01-29",
        "corrections": 1,
    }


@_visit(happened="correction_answered")
class VisitCorrectionAnswered(VisitFacts):
    """The adviser answered a correction that the school asked for."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_SHARED,
        "state": "replied",
        "replied_on": "2020-01-29",
        "corrections": 1,
        "corrections_answered": 1,
    }


@_visit(happened="reply_lapsed")
class VisitReplyLapsed(VisitFacts):
    """The day for the reply has passed in silence."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_SHARED, "state": "lapsed"}


@_visit(happened="finalised")
class VisitFinalised(VisitFacts):
    """The report is final. What follows is an amendment, which is a version of its own."""

    EXAMPLE: ClassVar[dict[str, Any]] = _FINAL


@_visit(happened="amended")
class VisitAmended(VisitFacts):
    """A final report was amended; the earlier version stays readable."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FINAL, "state": "amended", "changed": ["summary"]}


class FindingFacts(Event):
    """A finding of a visit: which area it is about. The judgement and its evidence are read, not carried."""

    finding_id: RecordId
    visit_id: RecordId
    framework: str
    """Code of the framework under which it is judged; a new version of a framework has a new code."""
    area: str
    """Code of `finding_areas`: standards, teaching, leadership, governance, wellbeing and so on."""
    state: str
    """Code of `finding_states`: recorded, published or withdrawn."""
    published_on: date | None = None


_FINDING: dict[str, Any] = {
    **_SCHOOL,
    "finding_id": _FINDING_ID,
    "visit_id": _VISIT_ID,
    "framework": "visit_judgements_2014",
    "area": "teaching",
    "state": "recorded",
}


_finding = partial(event, publisher="visits", aggregate="finding", data_class=DataClass.confidential)


@_finding(happened="recorded")
class FindingRecorded(FindingFacts):
    """An adviser recorded a finding of a visit that was held."""

    EXAMPLE: ClassVar[dict[str, Any]] = _FINDING


@_finding(happened="details_changed")
class FindingDetailsChanged(FindingFacts):
    """A finding that is not published yet was changed."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FINDING, "changed": ["judgement"]}


@_finding(happened="withdrawn")
class FindingWithdrawn(FindingFacts):
    """A finding was withdrawn before its visit became final."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FINDING, "state": "withdrawn"}


@_finding(happened="published")
class FindingPublished(FindingFacts):
    """The visit of the finding became final: support may be requested for it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_FINDING, "state": "published", "published_on": "2020-02-03"}


class ActionFacts(Event):
    """An agreed thing to do after a visit: who owns it, until when. What is to be done is read, not carried."""

    action_id: RecordId
    owner_body: str
    """Code of `action_owners`: school, consortium or authority."""
    owner_id: RecordId | None = None
    """The person who owns it, where one is named."""
    visit_id: RecordId | None = None
    finding_id: RecordId | None = None
    state: str
    """Code of `action_states`."""
    due_date: date
    previous_due_date: date | None = None
    """Where the due date was changed: what it was before."""
    proposed_on: date
    agreed_on: date | None = None
    claimed_on: date | None = None
    verified_on: date | None = None
    overdue_since: date | None = None
    """First day after the due date, once it has passed without a claim or verification."""


_ACTION: dict[str, Any] = {
    **_SCHOOL,
    "action_id": _ACTION_ID,
    "owner_body": "school",
    "visit_id": _VISIT_ID,
    "finding_id": _FINDING_ID,
    "state": "proposed",
    "due_date": "2020-03-27",
    "proposed_on": "2020-02-03",
}
_AGREED: dict[str, Any] = {**_ACTION, "state": "agreed", "agreed_on": "2020-02-05"}
_CLAIMED: dict[str, Any] = {**_AGREED, "state": "claimed_complete", "claimed_on": "2020-03-20"}


_action = partial(event, publisher="visits", aggregate="action", data_class=DataClass.confidential)


@_action(happened="proposed")
class ActionProposed(ActionFacts):
    """An action was proposed to its owner."""

    EXAMPLE: ClassVar[dict[str, Any]] = _ACTION


@_action(happened="agreed")
class ActionAgreed(ActionFacts):
    """The owner agreed to the action."""

    EXAMPLE: ClassVar[dict[str, Any]] = _AGREED


@_action(happened="started")
class ActionStarted(ActionFacts):
    """The owner began the action."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_AGREED, "state": "in_progress"}


@_action(happened="due_date_changed")
class ActionDueDateChanged(ActionFacts):
    """The action has another due date; `previous_due_date` is the one before."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_AGREED,
        "due_date": "2020-04-03",
        "previous_due_date": "2020-03-27",
        "changed": ["due_date"],
    }


@_action(happened="completion_claimed")
class ActionCompletionClaimed(ActionFacts):
    """The owner says that the action is complete."""

    EXAMPLE: ClassVar[dict[str, Any]] = _CLAIMED


@_action(happened="verified")
class ActionVerified(ActionFacts):
    """Somebody other than who claimed it verified that the action is complete."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_CLAIMED, "state": "verified", "verified_on": "2020-03-25"}


@_action(happened="reopened")
class ActionReopened(ActionFacts):
    """The action is to be gone on with."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_AGREED, "state": "in_progress"}


@_action(happened="cancelled")
class ActionCancelled(ActionFacts):
    """The action is no longer wanted."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_AGREED, "state": "cancelled"}


@_action(happened="became_overdue")
class ActionBecameOverdue(ActionFacts):
    """The due date has passed. Said once for each due date."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**_AGREED, "overdue_since": "2020-03-28"}
