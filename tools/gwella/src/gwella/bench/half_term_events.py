"""The events of a half-term as the services would publish them: schools, visits, support, meetings of spring 2020."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts.event import Event
from contracts.events import brokerage, brokerage_commissions, governance, registry, visits, visits_categories
from contracts.identifiers import new_id
from eventing.envelope import envelope_of
from eventing.outbox import OutboxRow

CONSORTIUM = "csc"
RECORDED = datetime(2020, 2, 20, 12, tzinfo=UTC)
PERIODS = [
    {"code": "autumn_2", "first_day": "2019-11-04", "last_day": "2020-01-05"},
    {"code": "spring_1", "first_day": "2020-01-06", "last_day": "2020-02-23"},
]
SUPPORTED_EVERY = 4
"""Every fourth school is supported in the half-term."""
_VALUES = (("green", 4), ("yellow", 10), ("amber", 15), ("red", 25))
_VISIT = (
    visits.VisitPlanned, visits.VisitHeld, visits.VisitDrafted, visits.VisitQualityAssured, visits.VisitDraftShared,
    visits.VisitReplyReceived, visits.VisitFinalised,
)  # fmt: skip
_ACTION = (
    visits.ActionProposed,
    visits.ActionAgreed,
    visits.ActionStarted,
    visits.ActionCompletionClaimed,
    visits.ActionVerified,
)
_REQUEST = (
    brokerage.SupportRequestReceived, brokerage.SupportRequestTriaged, brokerage.SupportRequestMatched,
    brokerage.SupportRequestOffered, brokerage.SupportRequestAgreed, brokerage.SupportRequestCommissioned,
)  # fmt: skip
_COMMISSION = (
    brokerage_commissions.CommissionPlaced, brokerage_commissions.CommissionStarted,
    brokerage_commissions.CommissionUsed, brokerage_commissions.CommissionDelivered,
    brokerage_commissions.CommissionEvaluated,
)  # fmt: skip
_MEETING = (
    governance.MeetingScheduled, governance.MeetingAgendaAgreed, governance.MeetingAgendaPublished,
    governance.MeetingOpened, governance.MeetingClosed,
)  # fmt: skip
Told = tuple[str, OutboxRow]
"""A publisher and a row of its outbox."""


@dataclass
class HalfTerm:
    """What is told of so many schools in these authorities, record by record, each in the order of its versions."""

    authorities: Sequence[str]
    schools: int
    versions: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Told]:
        for authority in self.authorities:
            yield from self._frame(authority)
        for n in range(self.schools):
            authority = self.authorities[n % len(self.authorities)]
            yield from self._school(f"{authority}{2000 + n // len(self.authorities):04d}", n)

    def _told(self, event: type[Event], key: str, **values: Any) -> Told:
        self.versions[key] = version = self.versions.get(key, 0) + 1
        made = event.model_validate({**event.EXAMPLE, **values})
        envelope = envelope_of(
            made, event_id=new_id(), key=key, version=version, subject=f"/{event.AGGREGATE}s/{key}", time=RECORDED,
            recorded_time=RECORDED,
        )  # fmt: skip
        return event.PUBLISHER, OutboxRow.of(envelope)

    def _frame(self, authority: str) -> Iterator[Told]:
        regime = {"regime_code": "national_model_2014", "delivered_by": "consortium"}
        yield self._told(registry.RegimeAdopted, f"regime-{authority}", authority=authority, **regime)
        yield self._told(
            registry.CalendarPublished, f"calendar-{authority}", authority=authority, periods=PERIODS
        )
        yield self._told(
            registry.FootprintMembershipChanged, f"member-{authority}", authority=authority, kind="consortium",
            footprint=CONSORTIUM, valid_from="2012-09-01",
        )  # fmt: skip
        body, meeting = f"scrutiny_{authority}", new_id()
        facts = {"body_id": body, "body_type": "scrutiny_committee", "authority": authority}
        yield self._told(
            governance.BodyEstablished,
            body,
            **facts,
            authorities=[authority],
            meetings_a_year=1,
            consortium=None,
        )
        for event in _MEETING:
            yield self._told(event, meeting, **facts, meeting_id=meeting)
        item = new_id()
        yield self._told(
            governance.AgendaItemPublished, item, agenda_item_id=item, meeting_id=meeting, body_id=body
        )

    def _school(self, number: str, n: int) -> Iterator[Told]:
        school = {"school": number, "authority": number[:3]}
        yield self._told(
            registry.SchoolRegistered, number, **school, school_number=number, valid_from="2018-04-10"
        )
        value, days = _VALUES[n % len(_VALUES)]
        category = f"national_2014.2019-20.{number}"
        yield self._told(
            visits_categories.CategoryPublished, category, **school, category_id=category, value=value,
            ceiling_days=days, intensive_monitoring=value in ("amber", "red"), dated="2020-01-10",
            valid_from="2020-01-10",
        )  # fmt: skip
        for kind in ("spring_monitoring", "causing_concern_progress_meeting")[: 1 + (n % len(_VALUES)) // 2]:
            visit = new_id()
            for event in _VISIT:
                yield self._told(event, visit, **school, visit_id=visit, visit_type=kind)
        finding = new_id()
        about = {**school, "visit_id": visit, "finding_id": finding}
        for kept in (visits.FindingRecorded, visits.FindingPublished):
            yield self._told(kept, finding, **about)
        for steps in (3, 5):
            action = new_id()
            for step in _ACTION[:steps]:
                yield self._told(step, action, **about, action_id=action)
        if n % SUPPORTED_EVERY == 0:
            yield from self._support(about, days)

    def _support(self, about: dict[str, Any], ceiling: int) -> Iterator[Told]:
        request, offer, commission = new_id(), new_id(), new_id()
        links = {**about, "request_id": request, "offer_id": offer, "commission_id": commission}
        days = min(4, ceiling)
        for event in _REQUEST:
            yield self._told(event, request, **links)
        for answered in (brokerage.OfferMade, brokerage.OfferAccepted):
            yield self._told(answered, offer, **links)
        for step in _COMMISSION:
            yield self._told(step, commission, **links, days=days, days_used=days, ceiling_days=ceiling)
        for day in range(days):
            delivery = new_id()
            yield self._told(
                brokerage_commissions.DeliveryLogged, delivery, **links, delivery_id=delivery, days=1,
                days_used=day + 1, delivered_on=f"2020-02-{12 + day}",
            )  # fmt: skip
        for side in ("supported", "supporting"):
            impact = new_id()
            yield self._told(
                brokerage_commissions.ImpactJudged,
                impact,
                **links,
                impact_id=impact,
                side=side,
                judged_on="2020-02-20",
            )
