"""A finding of spring 2020 and what became of it, as the services tell of it."""

from typing import Any

from contracts.event import Event
from contracts.events import brokerage, brokerage_commissions, governance_decisions, visits

AUTHORITY, SCHOOL = "673", "6732002"
FINDING = "0199c0de-0000-7000-8000-00000000a002"
PATH = f"/v1/findings/{FINDING}/chain"

Fact = tuple[Event, str]


def made(event: type[Event], **values: Any) -> Event:
    """An event of the finding's school: its example with other values."""
    return event.model_validate({**event.EXAMPLE, "authority": AUTHORITY, "school": SCHOOL, **values})


def of_body(event: type[Event], **values: Any) -> Event:
    """An event of a body."""
    return event.model_validate({**event.EXAMPLE, **values})


def about(kind: str, id_: str) -> dict[str, Any]:
    """What a resolution is about."""
    return {"about": {"kind": kind, "id": id_}}


def visit_and_finding() -> list[Fact]:
    """A visit that was planned, held and became final, and its finding."""
    return [
        (made(visits.VisitPlanned, visit_id="visit-of-it"), "visit-of-it"),
        (made(visits.VisitHeld, visit_id="visit-of-it"), "visit-of-it"),
        (made(visits.VisitFinalised, visit_id="visit-of-it"), "visit-of-it"),
        (made(visits.FindingRecorded, finding_id=FINDING, visit_id="visit-of-it"), FINDING),
        (made(visits.FindingPublished, finding_id=FINDING, visit_id="visit-of-it"), FINDING),
        (made(visits.FindingPublished, finding_id="another", visit_id="visit-of-it"), "another"),
    ]


def support() -> list[Fact]:
    """Support asked for, offered, commissioned, delivered and judged; and support for another finding."""
    linked = {"finding_id": FINDING, "request_id": "request-1", "commission_id": "commission-1"}
    return [
        (made(brokerage.SupportRequestReceived, finding_id=FINDING), "request-1"),
        (made(brokerage.SupportRequestAgreed, finding_id=FINDING), "request-1"),
        (made(brokerage.SupportRequestCommissioned, finding_id=FINDING), "request-1"),
        (made(brokerage.OfferMade, request_id="request-1"), "offer-1"),
        (made(brokerage.OfferAccepted, request_id="request-1", state="accepted"), "offer-1"),
        (made(brokerage_commissions.CommissionPlaced, **linked, offer_id="offer-1"), "commission-1"),
        (made(brokerage_commissions.CommissionDelivered, **linked, offer_id="offer-1"), "commission-1"),
        (made(brokerage_commissions.DeliveryLogged, **linked), "delivery-1"),
        (made(brokerage_commissions.ImpactJudged, **linked), "commission-1.supported"),
        (made(brokerage.SupportRequestReceived, finding_id="another"), "request-2"),
    ]


def proceedings() -> list[Fact]:
    """Scrutiny recommends about the finding; the cabinet resolves on it in an open item and decides; minutes follow.

    An exempt resolution of the cabinet is about the commission, with a reference from it that is public.
    """
    scrutiny = {"body_id": "vale_scrutiny", "authority": AUTHORITY, **about("finding", FINDING)}
    cabinet = {"body_id": "vale_cabinet", "authority": AUTHORITY}
    answer = {"resolution_id": "resolution-1", "outcome_resolution_id": "resolution-2"}
    exempt = {**cabinet, **about("commission", "commission-1"), "exempt": True}
    return [
        (of_body(governance_decisions.ResolutionCarried, **scrutiny, kind="recommended"), "resolution-1"),
        (of_body(governance_decisions.ResolutionPublished, **scrutiny, kind="recommended"), "resolution-1"),
        (of_body(governance_decisions.ReferenceMade, resolution_id="resolution-1"), "reference-1"),
        (of_body(governance_decisions.ReferenceOutcomeRecorded, **answer), "reference-1"),
        (of_body(governance_decisions.ResolutionPublished, **cabinet, about=None), "resolution-2"),
        (
            of_body(governance_decisions.DecisionPublished, **cabinet, resolution_id="resolution-2"),
            "decision-1",
        ),
        (of_body(governance_decisions.ResolutionMoved, **exempt), "resolution-3"),
        (of_body(governance_decisions.ReferenceMade, resolution_id="resolution-3"), "reference-2"),
        (
            of_body(governance_decisions.ResolutionPublished, **cabinet, **about("school", SCHOOL)),
            "resolution-4",
        ),
    ]


def story() -> list[Fact]:
    """Everything, in the order in which it happened."""
    return [*visit_and_finding(), *support(), *proceedings()]


def records(body: dict[str, Any]) -> dict[str, list[str]]:
    """The ids of each step that has some."""
    steps = {step["code"]: [record["id"] for record in step["records"]] for step in body["steps"]}
    for step in body["steps"]:
        assert step["status"] == ("present" if step["records"] else "none_yet")
    return {code: ids for code, ids in steps.items() if ids}
