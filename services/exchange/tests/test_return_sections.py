"""The sections of a return from the events as the services publish them (flows 3; S1-34, D-09, D-16..18, X-03)."""

from datetime import UTC, datetime
from typing import Any

import jsonschema
from returning import (
    OFFICER,
    VERSION,
    WALES,
    category,
    document,
    made,
    opened,
    passed,
    region,
    submitted,
    told,
    value,
)

import contracts.events  # noqa: F401  (registers every event class)
from contracts.event import EVENTS, Event
from contracts.events.brokerage import SupportRequestAgreed, SupportRequestReceived
from contracts.events.brokerage_commissions import (
    CeilingOverridden,
    CommissionDelivered,
    CommissionPlaced,
    DeliveryLogged,
    ImpactJudged,
)
from contracts.events.governance import AgendaItemPublished, BodyEstablished, MeetingOpened
from contracts.events.governance_decisions import ReferenceMade
from contracts.events.visits import ActionAgreed, FindingPublished, VisitFinalised
from exchange.domain.projection import READS

SCHOOL = {"school": "6732002", "authority": "673"}
RECORDED = datetime(2020, 2, 21, 16, tzinfo=UTC)
FINDING, REQUEST, COMMISSION = "finding-1", "request-1", "commission-1"


def told_of(event: type[Event], key: str, **values: Any) -> tuple[Event, str]:
    """An event of the amber school."""
    return made(event, **{**SCHOOL, **values}), key


def half_term() -> list[tuple[Event, str]]:
    """A finding, support for it delivered and judged, an action, a joint committee and a reference."""
    links = {"finding_id": FINDING, "request_id": REQUEST, "commission_id": COMMISSION}
    review = {"visit_id": "review", "visit_type": "causing_concern_progress_meeting"}
    body = {"body_id": "csc_joint_committee", "consortium": "csc", "authorities": ["673", "681"]}
    return [
        told_of(VisitFinalised, "review", **review),
        told_of(FindingPublished, FINDING, finding_id=FINDING, published_on="2020-02-03"),
        told_of(ActionAgreed, "action-1", action_id="action-1"),
        told_of(SupportRequestReceived, REQUEST, **{k: links[k] for k in ("finding_id", "request_id")}),
        told_of(SupportRequestAgreed, REQUEST, **{k: links[k] for k in ("finding_id", "request_id")}),
        told_of(CommissionPlaced, COMMISSION, **links),
        told_of(DeliveryLogged, "delivery-1", delivery_id="delivery-1", commission_id=COMMISSION, finding_id=FINDING),
        told_of(CommissionDelivered, COMMISSION, **links),
        told_of(ImpactJudged, "impact-1", **links, impact_id="impact-1", judged_on="2020-02-20"),
        told_of(CeilingOverridden, "override-1", override_id="override-1"),
        (made(BodyEstablished, **body), "csc_joint_committee"),
        (made(MeetingOpened, body_id="csc_joint_committee", meeting_id="meeting-1"), "meeting-1"),
        (made(AgendaItemPublished, body_id="csc_joint_committee", meeting_id="meeting-1"), "item-1"),
        (made(ReferenceMade, reference_id="reference-1", made_on="2019-12-01", due_on="2020-01-20"), "reference-1"),
    ]  # fmt: skip


async def test_every_section_comes_from_what_the_services_publish(exchange: Any) -> None:
    """Flows 3, the table: each row that a service feeds, from its own events; what none feeds is not collected."""
    exchange.told_at = RECORDED
    await told(exchange, [*region(), *half_term()])
    await opened(exchange)
    await submitted(exchange)
    content = (await document(exchange)).json()
    definition = (await exchange.ask("GET", "/v1/return-definitions/1", **WALES)).json()
    jsonschema.Draft202012Validator(definition["document_schema"]).validate(content)
    amber = {"category": "amber", "school": "6732002"}
    expected = {
        "amber_and_red.schools": 1, "amber_and_red.reviewed": 1, "amber_and_red.not_reviewed": 0,
        "amber_and_red.with_plan": 1, "reports.drafts_share": 5_000, "reports.finals_in_time": 1,
        "findings.published": 1, "actions.new": 1, "actions.closing": 1, "actions.overdue": 0,
        "support.requested": 1, "support.agreed": 1, "support.commissioned": 1, "support.lead_days_median": 3,
        "support.lead_days_percentile_90": 3, "support_days.ceiling": 19, "support_days.committed": 5,
        "support_days.used": 2, "support_days.beyond": 0, "impact.strong": 1, "impact.none": 0,
        "impact.without_finding": 0, "impact.delivered": 1, "impact.judged": 1, "money.support_cost": 180_000,
        "governance.references_overdue": 1,
    }  # fmt: skip
    assert {figure: value(content, figure, "673") for figure in expected} == expected
    assert value(content, "amber_and_red.since", "673", **amber) == 2020_01_31
    assert value(content, "amber_and_red.last_review", "673", **amber) == 2020_01_20
    joint = {"body": "csc_joint_committee", "body_type": "joint_committee"}
    assert value(content, "governance.meetings_required", None, **joint) == 3
    assert value(content, "governance.meetings_held", None, **joint) == 1
    assert value(content, "reports.drafts_share", "681") == "no_figure"
    assert value(content, "support.lead_days_median", "681") == "no_figure"
    assert value(content, "support.commissioned", "681") == 0
    sections = {section["code"]: section["status"] for section in content["sections"]}
    assert {code for code, status in sections.items() if status == "not_collected"} == {
        "risks", "programmes", "notices", "estyn",
    }  # fmt: skip
    found = {(one["rule"], one["authority"]) for one in content["findings"]}
    assert {("RET-16", None), ("RET-17", "673"), ("RET-09", "681")} <= found
    assert not {one["rule"] for one in content["findings"] if one["severity"] == "error"}


async def test_sums_and_shares_are_traced_with_what_each_record_adds(exchange: Any) -> None:
    """X-03: by the one link that the document names: days, working days and the parts of a share."""
    exchange.told_at = RECORDED
    await told(exchange, [*region(), *half_term()])
    await opened(exchange)
    await submitted(exchange)
    content = (await document(exchange)).json()
    link = content["trace"]
    assert link == f"{VERSION}/figures/{{figure}}/trace"
    for figure, record, unit, amounts in (
        ("support_days.committed", "commissions", "days", [5]),
        ("support.lead_days_median", "commissions", "working_days", [3]),
        ("reports.drafts_share", "visits", "basis_points", [1, 0]),
        ("actions.new", "actions", "records", [1]),
        ("governance.meetings_held", "meetings", "records", [1]),
    ):
        traced = await exchange.ask("GET", link.replace("{figure}", figure), **WALES)
        assert traced.status_code == 200, traced.text
        found = traced.json()
        assert (found["unit"], [one["amount"] for one in found["records"]]) == (unit, amounts)
        assert {one["record"] for one in found["records"]} == {record}
        assert all(one["version"] >= 1 and one["position"] <= found["position"] for one in found["records"])


async def test_an_amber_school_without_review_needs_a_reason(exchange: Any) -> None:
    """RET-09: the half-term's return is not frozen until somebody says why the school was not reviewed."""
    await told(exchange, [*region(), category("6732001", "red")])
    await opened(exchange)
    await passed(exchange, "fill", OFFICER)
    found = (await passed(exchange, "validate", OFFICER))["findings"]
    rule = next(one for one in found if (one["rule"], one["authority"]) == ("RET-09", "673"))
    assert (rule["severity"], rule["found"]) == ("warning", 2)


def test_every_field_that_a_return_reads_is_one_that_is_published() -> None:
    """Flows 3, "filled from the events alone": no field is read that no event of its aggregate carries."""
    carried: dict[str, set[str]] = {}
    for event in EVENTS.values():
        carried.setdefault(f"{event.PUBLISHER}.{event.AGGREGATE}", set()).update(event.model_fields)
    for aggregate, fields in READS.items():
        assert set(fields) - {"state"} <= carried[aggregate], aggregate
