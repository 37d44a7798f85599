"""What flows 2 lists as refused, each asked over HTTP, nothing changed (D-14..17; S4-16; issue 4, point 11)."""

from datetime import timedelta
from typing import Any

import pytest
from brokerage_suite import ADVISER, NEIGHBOUR, SCHOOL, SUPPORTER, WELSH_SCHOOL, Brokerage


async def match(region: Brokerage, item: dict[str, Any], **of: Any) -> Any:
    request = await region.requested(**of)
    await region.broker.made(f"/v1/support-requests/{request['id']}/triage")
    return await region.broker.post(
        f"/v1/support-requests/{request['id']}/match", {"menu_item_id": item["id"]}
    )


async def test_a_finding_not_yet_published_is_refused_in_both_languages(region: Brokerage) -> None:
    """Flows 2, support request: refused is a finding not yet published."""
    body = {"finding_id": "finding-2", "specialism": "teaching", "days": 6, "need": "x"}
    said = {}
    for language in ("en", "cy"):
        head = region.caller("head", language, school=SCHOOL, person_id="person-head")
        refused = await head.post("/v1/support-requests", body)
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/finding_id", "finding_not_published")
        said[language] = error["detail"]
    assert said["en"] != said["cy"]
    assert await region.events("support_request") == []
    # A finding of another school is not known to this head either, and the answer is the same.
    other = await region.head(NEIGHBOUR).post("/v1/support-requests", body | {"finding_id": "finding-1"})
    assert other.json()["errors"][0]["code"] == "finding_not_published"


@pytest.mark.parametrize(
    ("provider", "asked", "blocked"),
    [
        ({"provider_school": SCHOOL}, {}, "own_school"),
        ({"follow_up": "special_measures"}, {}, "special_measures"),
        ({"follow_up": "significant_improvement"}, {}, "significant_improvement"),
        ({}, {"language": "cy"}, "no_language"),
        ({"phases": ["secondary"]}, {}, "no_phase"),
        ({"days": 3}, {}, "no_capacity"),
        ({"days": None}, {}, "no_capacity"),
        (
            {"provider_school": NEIGHBOUR, "support_type": "peer_enquiry"},
            {},
            "same_authority_excluded",
        ),
    ],
)
async def test_a_provider_that_cannot_is_not_matched(
    region: Brokerage, provider: dict[str, Any], asked: dict[str, Any], blocked: str
) -> None:
    """Flows 2: a provider without capacity, language or phase; the own school; special measures or significant
    improvement; domain 5.1: a peer enquiry's team comes from other authorities."""
    item = await region.provider(**provider)
    refused = await match(region, item, **asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "match_blocked")
    assert refused.json()["blocked"] == [blocked]
    request = (await region.broker.get("/v1/support-requests")).json()["items"][0]
    assert request["state"] == "triaged"
    found = (await region.broker.get(f"/v1/support-requests/{request['id']}/matches")).json()["items"]
    assert [reason["code"] for reason in found[0]["blocked"]] == [blocked]


async def test_matches_are_ranked_with_their_reasons_in_the_readers_language(region: Brokerage) -> None:
    """S2-31, D-14: each match says why; a green supporter comes before one without category, a blocked one last."""
    green = await region.provider()
    plain = await region.provider(provider_school=NEIGHBOUR)
    blocked = await region.provider(kind="partner", name="Partner", phases=["special"])
    request = await region.requested()
    broker = region.caller("broker", "cy", body="csc", person_id="person-broker")
    found = (await broker.get(f"/v1/support-requests/{request['id']}/matches")).json()["items"]
    assert [one["menu_item_id"] for one in found] == [green["id"], plain["id"], blocked["id"]]
    codes = [reason["code"] for reason in found[0]["reasons"]]
    assert codes == ["specialism", "language", "phase", "capacity", "category", "nearby", "other_authority"]
    assert found[0]["reasons"][0]["detail"] == "Mae'r arbenigedd ganddo."


async def test_who_wrote_the_finding_is_blocked_until_the_authority_mitigates(region: Brokerage) -> None:
    """S4-16, D-17; flows 2: declared conflicts block until the authority records a mitigation."""
    item = await region.provider(kind="adviser", person_id=ADVISER)
    refused = await match(region, item)
    assert refused.json()["blocked"] == ["wrote_finding"]
    request = (await region.broker.get("/v1/support-requests")).json()["items"][0]
    declared = await region.broker.made("/v1/interests", {
        "request_id": request["id"], "provider_id": item["provider_id"], "ground": "wrote_finding",
        "statement": "The adviser wrote it.",
    })  # fmt: skip
    path = f"/v1/interests/{declared['id']}/mitigate"
    assert (await region.officer.post(path, {"mitigation": "x"})).status_code == 403
    other = region.caller("lead_officer", authority="681", person_id="person-other")
    assert (await other.post(path, {"mitigation": "x"})).status_code in (403, 404)
    await region.lead_officer.made(path, {"mitigation": "A second adviser reviews the work."})
    again = await region.broker.post(
        f"/v1/support-requests/{request['id']}/match", {"menu_item_id": item["id"]}
    )
    assert again.json()["state"] == "matched"


async def test_who_would_match_itself_is_blocked(region: Brokerage) -> None:
    """Flows 2: a provider that matched it is in conflict."""
    item = await region.provider(kind="adviser", person_id="person-broker")
    refused = await match(region, item)
    assert refused.json()["blocked"] == ["matched_it"]


async def test_a_conflict_declared_after_the_agreement_blocks_the_commission(region: Brokerage) -> None:
    """Issue 4, point 11: a match with a conflicted provider is refused, also at the commission."""
    item = await region.provider()
    offer = await region.agreed(item)
    await region.head(SCHOOL).made("/v1/interests", {
        "request_id": offer["request_id"], "provider_id": item["provider_id"], "ground": "commercial_gain",
        "statement": "It sells the programme.",
    })  # fmt: skip
    refused = await region.place(offer)
    assert (refused.status_code, refused.json()["blocked"]) == (409, ["commercial_gain"])
    assert await region.events("capacity.reserved") == []


async def test_a_skipped_state_is_refused_and_the_possible_ones_are_named(region: Brokerage) -> None:
    """Flows: every aggregate refuses skipped states; issue 4, point 11: the problem lists the possible ones."""
    item = await region.provider()
    request = await region.requested()
    path = f"/v1/support-requests/{request['id']}/match"
    refused = await region.broker.post(path, {"menu_item_id": item["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "transition_not_allowed")
    assert refused.json()["possible"] == ["triage", "decline"]


@pytest.mark.parametrize("missing", ["funding_stream", "success_measure"])
async def test_no_commission_without_funding_stream_or_success_measure(
    region: Brokerage, missing: str
) -> None:
    """Flows 2, commission: refused without a funding stream or a success measure."""
    offer = await region.agreed(await region.provider())
    refused = await region.place(offer, **{missing: ""})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/{missing}"


async def test_days_beyond_the_ceiling_need_the_lead_officers_override(region: Brokerage) -> None:
    """D-16; issue 4, point 11: yellow allows 10 days; the override is the lead officer's, never the provider's."""
    item = await region.provider()
    await region.placed(item, 6)
    offer = await region.agreed(item, 6)
    refused = await region.place(offer)
    assert (refused.status_code, refused.json()["code"]) == (409, "ceiling_exceeded")
    assert (refused.json()["exceeded_by"], refused.json()["committed_days"]) == (2, 6)
    override = {"offer_id": offer["id"], "extra_days": 2, "reason": "A new head starts at Easter."}
    assert (await region.officer.post("/v1/ceiling-overrides", override)).status_code == 403
    stranger = region.caller("lead_officer", authority="681", person_id="person-other")
    assert (await stranger.post("/v1/ceiling-overrides", override)).status_code == 403
    lead = region.lead_officer
    assert (await lead.post("/v1/ceiling-overrides", override | {"reason": " "})).status_code == 422
    await lead.made("/v1/ceiling-overrides", override)
    placed = await region.place(offer)
    assert placed.status_code == 201, placed.text
    (days,) = (await lead.get("/v1/support-days", school_year="2019/20")).json()["items"]
    assert (days["ceiling_days"], days["committed_days"], days["override_days"]) == (10, 12, 2)
    (told,) = await region.events("ceiling.overridden")
    assert (told["extra_days"], told["committed_days"], told["category"]) == (2, 6, "yellow")
    assert "reason" not in told


@pytest.mark.parametrize(
    ("who", "why"),
    [("person-broker", "proposer_cannot_override"), ("person-head-6732118", "proposer_cannot_override")],
)
async def test_a_proposer_does_not_override(region: Brokerage, who: str, why: str) -> None:
    """Flows 2, ceiling: override never by proposer."""
    offer = await region.agreed(await region.provider())
    lead = region.caller("lead_officer", authority="673", person_id=who)
    refused = await lead.post(
        "/v1/ceiling-overrides", {"offer_id": offer["id"], "extra_days": 2, "reason": "x"}
    )
    assert (refused.status_code, refused.json()["reason"]) == (409, why)


async def test_the_provider_does_not_override(region: Brokerage) -> None:
    """Flows 2, ceiling: override never by the provider."""
    item = await region.provider(kind="adviser", person_id="person-lead-officer")
    offer = await region.offered(item)
    refused = await region.lead_officer.post(
        "/v1/ceiling-overrides", {"offer_id": offer["id"], "extra_days": 2, "reason": "x"}
    )
    assert (refused.status_code, refused.json()["reason"]) == (409, "provider_cannot_override")


async def test_without_a_category_each_commission_needs_the_lead_officer(region: Brokerage) -> None:
    """Flows 2, ceiling: no category, no ceiling, each commission needs the lead officer."""
    await region.hear(region.finding("finding-3", NEIGHBOUR))
    item = await region.provider()
    offer = await region.agreed(item, finding_id="finding-3", school=NEIGHBOUR)
    refused = await region.place(offer)
    assert (refused.status_code, refused.json()["code"]) == (409, "needs_lead_officer")
    placed = await region.place(offer, by=region.lead_officer)
    assert placed.status_code == 201, placed.text
    second = await region.agreed(item, finding_id="finding-3", school=NEIGHBOUR)
    await region.lead_officer.made(
        "/v1/ceiling-overrides", {"offer_id": second["id"], "extra_days": 6, "reason": "No category yet."}
    )
    assert (await region.place(second)).status_code == 201


async def test_a_later_category_never_invalidates_what_is_committed(region: Brokerage) -> None:
    """Flows 2, ceiling: a change of category never invalidates what is committed."""
    item = await region.provider()
    commission = await region.placed(item, 6)
    await region.category(SCHOOL, "green", 4)
    (days,) = (await region.lead_officer.get("/v1/support-days", school_year="2019/20")).json()["items"]
    assert (days["ceiling_days"], days["committed_days"]) == (4, 6)
    path = f"/v1/commissions/{commission['id']}"
    assert (await region.head(SUPPORTER).post(f"{path}/start")).status_code == 200
    refused = await region.officer.post(f"{path}/extend", {"days": 1})
    assert refused.json()["code"] == "ceiling_exceeded"


async def test_support_that_does_not_count_leaves_the_ceiling_alone(region: Brokerage) -> None:
    """Flows 2: `counts_towards_ceiling` per offer type."""
    item = await region.provider(support_type="universal_offer")
    commission = await region.placed(item, 15)
    assert not commission["counts_towards_ceiling"]
    (days,) = (await region.lead_officer.get("/v1/support-days", school_year="2019/20")).json()["items"]
    assert days["committed_days"] == 0


async def test_the_provider_never_judges_its_own_support(region: Brokerage) -> None:
    """Flows 2, commission: evaluation by the provider is refused (D-18)."""
    commission = await region.placed(await region.provider())
    await region.delivered(commission, 6)
    path = f"/v1/commissions/{commission['id']}/impacts"
    judged = {"side": "supporting", "level": "strong", "evidence": "Ours."}
    refused = await region.head(SUPPORTER).post(path, judged)
    assert (refused.status_code, refused.json()["reason"]) == (409, "provider_cannot_judge")
    await region.head(SCHOOL).made(path, judged)
    again = await region.adviser.post(path, judged)
    assert (again.status_code, again.json()["code"]) == (409, "side_is_judged")


async def test_delivery_stays_within_what_is_committed(region: Brokerage) -> None:
    """Flows 3, support days: used <= committed; a day outside the commission or in the future is refused."""
    commission = await region.placed(await region.provider())
    path = f"/v1/commissions/{commission['id']}"
    await region.head(SUPPORTER).made(f"{path}/start")
    for day, days, code in (("2020-02-12", 1, "day_in_future"), ("2020-02-03", 1, "outside_commission")):
        refused = await region.head(SUPPORTER).post(f"{path}/deliveries", {"delivered_on": day, "days": days})
        assert refused.json()["errors"][0]["code"] == code

    region.clock.advance(timedelta(days=7))
    refused = await region.head(SUPPORTER).post(
        f"{path}/deliveries", {"delivered_on": "2020-02-11", "days": 7}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "days_used_up")


async def test_a_welsh_medium_school_is_supported_in_welsh(region: Brokerage) -> None:
    """D-13, domain 3.5: without a wish, the school's Welsh-medium type decides the language."""
    await region.hear(region.finding("finding-4", WELSH_SCHOOL))
    request = await region.requested(finding_id="finding-4", school=WELSH_SCHOOL)
    assert request["language"] == "cy"


async def test_an_offer_is_answered_by_its_own_sides_alone(region: Brokerage) -> None:
    """Flows 2: agreed by both heads; the authority if it pays."""
    offer = await region.offered(await region.provider())
    path = f"/v1/offers/{offer['id']}/accept"
    for caller, side in (
        (region.head(SCHOOL), "supporting"),
        (region.head(SUPPORTER), "supported"),
        (region.lead_officer, "supported"),
    ):
        refused = await caller.post(path, {"side": side})
        assert (refused.status_code, refused.json()["code"]) == (403, "operation_not_permitted")
    refused = await region.lead_officer.post(path, {"side": "paying_authority"})
    assert refused.json()["code"] == "side_has_answered", "it does not pay"
    assert (await region.head(NEIGHBOUR).post(path, {"side": "supported"})).status_code == 404
    assert (await region.head(SUPPORTER).get(f"/v1/offers/{offer['id']}")).json()["you_answer_for"] == [
        "supporting"
    ]
    declined = await region.head(SUPPORTER).made(
        f"/v1/offers/{offer['id']}/decline", {"side": "supporting", "reason": "No days after all."}
    )
    assert declined["state"] == "declined"
    request = (await region.head().get(f"/v1/support-requests/{offer['request_id']}")).json()
    assert request["state"] == "triaged"
