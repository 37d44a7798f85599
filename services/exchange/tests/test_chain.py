"""The chain from a finding to the returns that counted it, under each caller's own rights (X-03, X-06, E-15)."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from chain_story import FINDING, PATH, SCHOOL, proceedings, records, story, support, visit_and_finding
from returning import FIRST, OFFICER, RETURN, SECOND, VERSION, frame, made, opened, passed, region, told

from contracts.events.brokerage_moves import (
    CommissionMoved,
    DeliveryMoved,
    ImpactMoved,
    OfferMoved,
    SupportRequestMoved,
)
from contracts.events.registry import AdviserAllocated
from contracts.events.visits_moves import FindingMoved, VisitMoved
from service_kit.auth.principal import Grant
from testkit.statements import statements_of

OF_AUTHORITY = {
    "visit": ["visit-of-it"],
    "finding": [FINDING],
    "support_requests": ["request-1"],
    "offers": ["offer-1"],
    "commissions": ["commission-1"],
    "deliveries": ["delivery-1"],
    "impacts": ["commission-1.supported"],
    "resolutions": ["resolution-1", "resolution-2"],
    "decisions": ["decision-1"],
    "references": ["reference-1"],
}
ADVISER = AdviserAllocated.EXAMPLE["person_id"]
STEPS = [*OF_AUTHORITY, "returns"]
EXEMPT = {
    "resolutions": ["resolution-1", "resolution-2", "resolution-3"],
    "references": ["reference-1", "reference-2"],
}
BESIDE_REQUESTS = {
    k: v for k, v in OF_AUTHORITY.items() if k not in ("support_requests", "offers", "impacts")
}


@pytest.fixture
async def told_story(exchange: Any) -> Any:
    """An exchange that was told of the consortium and of the whole story."""
    leads = made(AdviserAllocated, school=SCHOOL, school_number=SCHOOL, person_id=ADVISER)
    await told(exchange, [*frame(), (leads, "allocation-1"), *story()])
    return exchange


async def frozen(exchange: Any) -> str:
    """Opens and freezes the return, whatever the rules say of this small region; its digest."""
    await opened(exchange)
    await passed(exchange, "fill", OFFICER)
    for finding in (await passed(exchange, "validate", OFFICER))["findings"]:
        kind = "waiver" if finding["severity"] == "error" else "comment"
        said = {"rule": finding["rule"], "kind": kind, "text": "Looked at."}
        if finding["authority"] is not None:
            said["authority"] = finding["authority"]
        await passed(exchange, "remarks", OFFICER, said)
    await passed(exchange, "validate", OFFICER)
    digest: str = (await passed(exchange, "freeze", OFFICER))["digest"]
    return digest


async def heard(exchange: Any, happened: str) -> None:
    """Returns when the exchange has heard of its own return what happened to it."""
    kind = f"cymru.gwella.exchange.return.{happened}.v1"
    async with asyncio.timeout(10):
        while not (await exchange.changes("consortium_officer", of={"body": "csc"}, wait=1, type=kind))[
            "items"
        ]:
            pass


async def chain(exchange: Any, role: str, **of: Any) -> dict[str, Any]:
    """The chain as a caller sees it."""
    answer = await exchange.ask("GET", PATH, role, **of)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert [step["code"] for step in body["steps"]] == STEPS
    return body


@pytest.mark.parametrize(
    ("role", "of", "expected"),
    [
        ("authority_system", {"authority": "673"}, OF_AUTHORITY),
        ("lead_officer", {"authority": "673"}, OF_AUTHORITY),
        ("consortium_system", {"body": "csc"}, OF_AUTHORITY),
        ("consortium_officer", {"body": "csc"}, OF_AUTHORITY),
        ("senior_adviser", {"body": "csc"}, OF_AUTHORITY),
        ("director", {"authority": "673"}, OF_AUTHORITY),
        ("adviser", {"person_id": ADVISER}, OF_AUTHORITY),
        ("head", {"school": SCHOOL}, OF_AUTHORITY),
        ("chair_of_governors", {"school": SCHOOL}, BESIDE_REQUESTS),
    ],
)
async def test_each_caller_sees_what_its_reads_would_show(
    told_story: Any, role: str, of: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    """X-06, E-15: every step under the operation that reads its records; what is hidden is not counted either."""
    assert records(await chain(told_story, role, **of)) == expected


@pytest.mark.parametrize(
    ("role", "of", "status"),
    [
        ("authority_system", {"authority": "681"}, 404),
        ("head", {"school": "6812093"}, 404),
        ("adviser", {"person_id": "somebody"}, 404),
        ("consortium_officer", {"body": "another"}, 404),
        ("welsh_government", {}, 403),
        ("provider", {"person_id": "somebody"}, 403),
        ("broker", {"body": "csc"}, 403),
        ("clerk", {"body": "vale_cabinet"}, 403),
        ("operator", {}, 403),
    ],
)
async def test_who_may_not_know_the_finding_is_told_of_nothing(
    told_story: Any, role: str, of: dict[str, Any], status: int
) -> None:
    """Flows 1: the supporting side sees the commission, and the finding behind it only the supported side."""
    answer = await told_story.ask("GET", PATH, role, **of)
    assert answer.status_code == status, answer.text


async def test_a_chain_begins_at_a_published_finding(exchange: Any) -> None:
    """Flows 2: a finding is known to the school once its visit is final; until then there is no chain."""
    facts = visit_and_finding()
    await told(exchange, [*frame(), *facts[:4], *support()])
    assert (await exchange.ask("GET", PATH, "head", school=SCHOOL)).status_code == 404
    assert (await exchange.ask("GET", PATH, "authority_system", authority="673")).status_code == 404
    await told(exchange, facts[4:])
    seen = records(await chain(exchange, "head", school=SCHOOL))
    assert list(seen) == STEPS[:7]


async def test_what_hangs_on_a_hidden_record_is_hidden_with_it(told_story: Any) -> None:
    """E-15: a public reference from an exempt resolution would tell that there is one about the commission."""
    grants = [Grant("lead_officer", "673", None, None), Grant("clerk", None, None, "vale_cabinet")]
    both = told_story.tokens.signed(grants)
    answer = await told_story.client.get(PATH, headers={"Authorization": f"Bearer {both}"})
    assert records(answer.json()) == OF_AUTHORITY | EXEMPT


async def test_records_carry_facts_of_their_events_and_lead_on(told_story: Any) -> None:
    """X-06: ids, states, days, money, level and versions; never what somebody wrote."""
    body = await chain(told_story, "authority_system", authority="673")
    step = {step["code"]: step["records"] for step in body["steps"]}
    commission = step["commissions"][0]
    assert (commission["state"], commission["state_title"], commission["version"]) == (
        "delivered", "Delivered", 2,
    )  # fmt: skip
    assert commission["facts"]["days_used"] == 5
    assert commission["facts"]["cost_pence"] == 180000
    assert commission["follows_from"] == [
        {"record": "findings", "id": FINDING},
        {"record": "support-requests", "id": "request-1"},
        {"record": "offers", "id": "offer-1"},
    ]
    assert step["impacts"][0]["facts"]["level"] == "strong"
    assert step["finding"][0]["path"] == f"/v1/findings/{FINDING}"
    welsh = await told_story.ask("GET", PATH, "head", school=SCHOOL, query={"lang": "cy"})
    titles = {step["code"]: (step["title"], step["status_title"]) for step in welsh.json()["steps"]}
    assert titles["finding"] == ("Canfyddiad", "Yn bresennol")
    assert titles["returns"] == ("Ffurflenni a'i cyfrifodd", "Dim eto")


async def test_a_chain_is_not_sent_again_until_it_changes(told_story: Any) -> None:
    """R11: the tag turns on the steps; `as_of` moves on with the log."""
    first = await told_story.ask("GET", PATH, "head", school=SCHOOL)
    held = {"If-None-Match": first.headers["ETag"]}
    await told(told_story, [*region()])
    assert (await told_story.ask("GET", PATH, "head", school=SCHOOL, headers=held)).status_code == 304
    assert (await chain(told_story, "head", school=SCHOOL))["as_of"] > first.json()["as_of"]
    await told(told_story, support()[5:6])
    again = await told_story.ask("GET", PATH, "head", school=SCHOOL, headers=held)
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]


async def test_a_chain_ends_at_the_returns_that_counted_it(exchange: Any) -> None:
    """X-03: from the records to the frozen figures that count them, each with its trace; a draft counts nothing."""
    await told(exchange, [*region(), *story()])
    assert "returns" not in records(await chain(exchange, "consortium_officer", body="csc"))
    signed = {"digest": await frozen(exchange)}
    await passed(exchange, "sign", FIRST, signed)
    await passed(exchange, "sign", SECOND, signed)
    await passed(exchange, "submit", OFFICER)
    await heard(exchange, "submitted")
    body = await chain(exchange, "consortium_officer", body="csc")
    found = {step["code"]: step["records"] for step in body["steps"]}["returns"]
    assert [(one["id"], one["state"]) for one in found] == [(f"{RETURN}.1", "submitted")]
    figures = {figure["code"]: figure for figure in found[0]["figures"]}
    held = figures["visits.held"]
    assert held["counted"] == [{"record": "visits", "id": "visit-of-it"}]
    trace = await exchange.ask("GET", held["trace"], **OFFICER)
    assert ("visits", "visit-of-it") in [(one["record"], one["id"]) for one in trace.json()["records"]]
    # The authority reads the finding, and the consortium's return is not its own.
    assert "returns" not in records(await chain(exchange, "authority_system", authority="673"))


async def test_what_was_opened_again_counts_nothing(exchange: Any) -> None:
    """X-03: until it is frozen anew, a return says nothing."""
    await told(exchange, [*region(), *story()])
    await frozen(exchange)
    await heard(exchange, "frozen")
    assert "returns" in records(await chain(exchange, "consortium_officer", body="csc"))
    path = f"{VERSION}/reopen"
    assert (await exchange.ask("POST", path, **OFFICER)).status_code == 200
    await heard(exchange, "reopened")
    assert "returns" not in records(await chain(exchange, "consortium_officer", body="csc"))


async def test_a_chain_costs_the_same_however_long(exchange: Any) -> None:
    """R16: however many records, the same statements."""
    costs = []
    for facts in ([*frame(), *visit_and_finding()], [*support(), *proceedings()]):
        await told(exchange, facts)
        with statements_of(exchange.api.engine) as statements:
            await chain(exchange, "consortium_officer", body="csc")
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 7


async def test_a_chain_goes_with_its_school(told_story: Any) -> None:
    """X-17: after a transfer the new authority reads the whole history, and the chain is no longer the old one's."""
    moved = {"authority": "681", "school": "6812999", "from_authority": "673", "from_school": SCHOOL}
    facts = [(event, key) for event, key in story() if event.school == SCHOOL]
    last = {(event.AGGREGATE, key): (event, key) for event, key in facts}
    kinds = {
        "visit": VisitMoved, "finding": FindingMoved, "support_request": SupportRequestMoved, "offer": OfferMoved,
        "commission": CommissionMoved, "delivery": DeliveryMoved, "impact": ImpactMoved,
    }  # fmt: skip
    await told(
        told_story,
        [
            (kinds[event.AGGREGATE].model_validate(event.model_dump() | moved), key)
            for event, key in last.values()
        ],
    )
    assert records(await chain(told_story, "authority_system", authority="681")) == OF_AUTHORITY
    assert (await told_story.ask("GET", PATH, "authority_system", authority="673")).status_code == 404
