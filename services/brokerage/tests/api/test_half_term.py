"""From a published finding to support, delivery and impact, as its users go (D-13..18, S2-54, S2-55, S4-16)."""

from brokerage_suite import SCHOOL, SUPPORTER, Brokerage


async def test_a_finding_becomes_support_whose_impact_is_judged(region: Brokerage) -> None:
    """Flows 2: requested, triaged, matched, offered, agreed, commissioned; in delivery to closed."""
    item = await region.provider()
    offer = await region.offered(item, paid_by="authority")
    assert (offer["cost_pence"], offer["state"], offer["expires_on"]) == (180000, "made", "2020-02-13")
    await region.head(SCHOOL).made(f"/v1/offers/{offer['id']}/accept", {"side": "supported"})
    await region.head(SUPPORTER).made(f"/v1/offers/{offer['id']}/accept", {"side": "supporting"})
    agreed = await region.lead_officer.made(f"/v1/offers/{offer['id']}/accept", {"side": "paying_authority"})
    assert agreed["state"] == "accepted"
    answer = await region.place(offer)
    assert answer.status_code == 201, answer.text
    commission = answer.json()
    assert (commission["days"], commission["school_year"], commission["lead_working_days"]) == (
        6,
        "2019/20",
        0,
    )
    delivered = await region.delivered(commission, 5)
    assert (delivered["state"], delivered["days_used"], delivered["days_released"]) == ("delivered", 5, 1)
    path = f"/v1/commissions/{commission['id']}"
    for side, level in (("supported", "strong"), ("supporting", "some")):
        judged = await region.adviser.made(
            f"{path}/impacts", {"side": side, "level": level, "evidence": "Lessons seen."}
        )
        assert judged["finding_id"] == "finding-1"
    closed = await region.officer.made(f"{path}/close")
    assert (closed["state"], closed["allowed_transitions"]) == ("closed", [])
    request = (await region.head().get(f"/v1/support-requests/{offer['request_id']}")).json()
    assert (request["state"], request["commission_id"]) == ("commissioned", commission["id"])
    menu = (await region.head().get("/v1/menu-items", specialism="teaching")).json()["items"]
    assert menu[0]["impact"] == {"none": 0, "some": 0, "strong": 1}
