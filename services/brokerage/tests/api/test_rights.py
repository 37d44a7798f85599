"""Who may see what of brokerage (flows 1): both sides a commission, the supported side alone the finding behind it."""

from datetime import timedelta

import pytest
from brokerage_suite import FINDING, NEIGHBOUR, SCHOOL, SUPPORTER, Brokerage

OUTSIDERS = [
    ("head", {"school": NEIGHBOUR}),
    ("head", {"school": SUPPORTER}),
    ("lead_officer", {"authority": "674"}),
    ("authority_system", {"authority": "681"}),
    ("adviser", {"person_id": "somebody-else"}),
]


@pytest.mark.parametrize(("role", "of"), OUTSIDERS)
async def test_a_request_is_the_supported_sides_alone(
    region: Brokerage, role: str, of: dict[str, str]
) -> None:
    """Flows 1: the finding behind a commission is the supported side's; others are told 404."""
    offer = await region.agreed(await region.provider())
    caller = region.caller(role, **of)
    assert (await caller.get(f"/v1/support-requests/{offer['request_id']}")).status_code == 404
    assert (await caller.get("/v1/support-requests")).json()["items"] == []


async def test_both_sides_see_a_commission_and_neither_its_finding(region: Brokerage) -> None:
    """Flows 1: a commission is both schools' heads' and authorities'."""
    commission = await region.placed(await region.provider())
    path = f"/v1/commissions/{commission['id']}"
    for role, of in (
        ("head", {"school": SCHOOL}),
        ("head", {"school": SUPPORTER}),
        ("lead_officer", {"authority": "681"}),
        ("authority_system", {"authority": "673"}),
        ("chair_of_governors", {"school": SCHOOL}),
    ):
        shown = await region.caller(role, **of).get(path)
        assert shown.status_code == 200, (role, of, shown.text)
        assert FINDING not in shown.text
    for role, of in (("head", {"school": NEIGHBOUR}), ("lead_officer", {"authority": "674"})):
        assert (await region.caller(role, **of).get(path)).status_code == 404
    assert (await region.caller("welsh_government").get(path)).status_code == 403


async def test_the_supporting_authority_does_not_change_a_commission(region: Brokerage) -> None:
    """Flows 2: commissioned, extended and stopped by the supported side's authority or a consortium officer."""
    commission = await region.placed(await region.provider())
    theirs = region.caller("lead_officer", authority="681", person_id="person-other")
    refused = await theirs.post(f"/v1/commissions/{commission['id']}/stop", {"reason": "x"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "operation_not_permitted")
    assert await region.events("commission.stopped") == []


async def test_the_impact_is_the_supported_sides_alone(region: Brokerage) -> None:
    """Flows 1: a judgement of impact says what the finding was about."""
    commission = await region.placed(await region.provider())
    await region.delivered(commission, 6)
    path = f"/v1/commissions/{commission['id']}/impacts"
    judged = {"side": "supported", "level": "some", "evidence": "Lessons."}
    made = await region.adviser.made(path, judged)
    assert (await region.head(SCHOOL).get(f"/v1/impacts/{made['id']}")).status_code == 200
    assert (await region.head(SUPPORTER).get(f"/v1/impacts/{made['id']}")).status_code == 404
    assert (await region.head(SUPPORTER).get("/v1/impacts")).json()["items"] == []


async def test_a_provider_who_is_a_person_sees_and_delivers_its_own(region: Brokerage) -> None:
    """Flows 1, D-14: a provider acts in its own commissions."""
    item = await region.provider(kind="adviser", person_id="person-provider")
    offer = await region.offered(item)
    await region.head().made(f"/v1/offers/{offer['id']}/accept", {"side": "supported"})
    provider = region.caller("provider", person_id="person-provider")
    await provider.made(f"/v1/offers/{offer['id']}/accept", {"side": "supporting"})
    commission = (await region.place(offer)).json()
    assert [one["id"] for one in (await provider.get("/v1/commissions")).json()["items"]] == [
        commission["id"]
    ]
    await provider.made(f"/v1/commissions/{commission['id']}/start")
    region.clock.advance(timedelta(days=7))
    provider = region.caller("provider", person_id="person-provider")
    logged = {"delivered_on": "2020-02-11", "days": 2, "note": "First two days."}
    await provider.made(f"/v1/commissions/{commission['id']}/deliveries", logged)
    stranger = region.caller("provider", person_id="person-stranger")
    assert (await stranger.get(f"/v1/commissions/{commission['id']}")).status_code == 404


async def test_events_carry_no_narrative(region: Brokerage) -> None:
    """Flows 2: what was written about a school is named in `changed`, never carried."""
    commission = await region.placed(await region.provider())
    await region.delivered(commission, 5)
    told = await region.events()
    words = ("Paired teaching.", "Teaching judged", "On its way.")
    assert told
    assert not [event for event in told if any(word in str(event) for word in words)]
    (received,) = await region.events("support_request.received")
    assert received["changed"] == ["need"]


async def test_a_menu_is_everybodys_and_the_brokers_to_change(region: Brokerage) -> None:
    """S2-54: a clear menu of support for each specialism."""
    item = await region.provider()
    head = region.head(NEIGHBOUR)
    assert (await head.get(f"/v1/menu-items/{item['id']}")).json()["title_cy"] == "Paru adrannau"
    assert (await head.post("/v1/menu-items", {})).status_code == 403
    evidence = [{"claim_en": "Pupils' writing improved.", "claim_cy": "Gwellodd ysgrifennu'r disgyblion.",
                 "source": "Independent review, 2016"}]  # fmt: skip
    changed = await region.broker.patch(f"/v1/menu-items/{item['id']}", {"evidence": evidence})
    assert changed.json()["evidence"] == evidence
    await region.broker.made(f"/v1/menu-items/{item['id']}/withdraw")
    assert (await head.get("/v1/menu-items")).json()["items"] == []
    again = await region.broker.post(f"/v1/menu-items/{item['id']}/withdraw")
    assert again.json()["code"] == "withdrawn_item"


async def test_a_head_declares_the_days_of_the_own_school_alone(region: Brokerage) -> None:
    """D-15: capacity by date; periods of one provider do not overlap, and never fall below what is reserved."""
    item = await region.provider()
    path = f"/v1/providers/{item['provider_id']}/capacities"
    later = {"first_day": "2020-04-20", "last_day": "2020-05-22", "days": 4}
    assert (await region.head(SUPPORTER).post(path, later)).status_code == 201
    assert (await region.head(NEIGHBOUR).post(path, later)).status_code == 403
    overlapping = await region.head(SUPPORTER).post(
        path, later | {"first_day": "2020-05-22", "last_day": "2020-06-01"}
    )
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "capacity_overlap")
    await region.placed(item, 6)
    first, _ = (await region.head().get(path)).json()["items"]
    assert (first["first_day"], first["days"], first["free_days"]) == ("2020-01-06", 20, 14)
    refused = await region.head(SUPPORTER).patch(f"/v1/capacities/{first['id']}", {"days": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity_reserved")
    kept = await region.head(SUPPORTER).patch(f"/v1/capacities/{first['id']}", {"days": 6})
    assert kept.json()["free_days"] == 0
