"""Records of brokerage follow a school of either of their sides to another authority (design §4, flows §1)."""

from datetime import date
from typing import Any

from brokerage_suite import FINDING, SCHOOL, SUPPORTER, Brokerage

from contracts.events.registry_transfers import SchoolTransferred
from contracts.events.visits_moves import CategoryMoved, FindingMoved

NEW, NEW_SUPPORTER = "6812399", "6732398"


async def transfer(brokerage: Brokerage, old: str, new: str) -> None:
    facts: dict[str, Any] = {
        **SchoolTransferred.EXAMPLE, "valid_from": date(2020, 1, 20), "authority": new[:3], "school": new,
        "school_number": new, "old_number": old, "old_authority": old[:3], "new_number": new,
        "new_authority": new[:3],
    }  # fmt: skip
    await brokerage.tell(SchoolTransferred.model_validate(facts), new)


LIVE = {
    "support_request": "select school_number, authority from support_request_slices where upper_inf(known)",
    "offer": "select school_number, provider_school from offer_slices where upper_inf(known)",
    "commission": "select school_number, authority, provider_school, provider_authority "
    "from commission_slices where upper_inf(known)",
    "delivery": "select school_number, provider_school from delivery_slices where upper_inf(known)",
    "impact": "select school_number, about_school from impact_slices where upper_inf(known)",
    "provider": "select provider_school, provider_authority from provider_slices where upper_inf(known)",
}


async def live(brokerage: Brokerage, kind: str) -> list[tuple[Any, ...]]:
    """Whose records are, as known now."""
    return [tuple(row) for row in await brokerage.rows(LIVE[kind])]


async def test_the_supported_school_moves(region: Brokerage) -> None:
    """Request, offer, commission, delivery and judgement follow; the supporting side stays, and is told."""
    item = await region.provider()
    commission = await region.placed(item)
    await region.delivered(commission, 3)
    judged = {"side": "supported", "level": "strong", "evidence": "Five lessons of six."}
    await region.head().made(f"/v1/commissions/{commission['id']}/impacts", judged)
    await transfer(region, SCHOOL, NEW)
    assert await live(region, "support_request") == [(NEW, "681")]
    assert await live(region, "offer") == [(NEW, SUPPORTER)]
    assert await live(region, "commission") == [(NEW, "681", SUPPORTER, "681")]
    assert await live(region, "delivery") == [(NEW, SUPPORTER)]
    assert await live(region, "impact") == [(NEW, NEW)]
    assert await live(region, "provider") == [(SUPPORTER, "681")]
    [moved] = await region.events("commission.moved")
    assert (moved["from_authority"], moved["from_school"], moved["days_used"]) == ("673", SCHOOL, 3)
    path = f"/v1/commissions/{commission['id']}"
    vale, cardiff = (region.caller("authority_system", authority=code) for code in ("673", "681"))
    assert (await vale.get(path)).status_code == 404
    assert (await cardiff.get(path)).json()["school_number"] == NEW


async def test_the_supporting_school_moves(region: Brokerage) -> None:
    """The provider and its side of the commission follow; to the supported side nothing left its scope."""
    commission = await region.placed(await region.provider())
    await transfer(region, SUPPORTER, NEW_SUPPORTER)
    assert await live(region, "provider") == [(NEW_SUPPORTER, "673")]
    assert await live(region, "commission") == [(SCHOOL, "673", NEW_SUPPORTER, "673")]
    [moved] = await region.events("commission.moved")
    assert (moved["school"], moved["from_authority"], moved["from_school"]) == (SCHOOL, None, None)
    assert (await region.head(NEW_SUPPORTER).get(f"/v1/commissions/{commission['id']}")).status_code == 200
    assert (await region.head(SUPPORTER).get(f"/v1/commissions/{commission['id']}")).status_code == 404


async def test_what_visits_tells_moves_what_is_known(region: Brokerage) -> None:
    """A request for a finding that moved is the new number's, under the ceiling of its category."""
    await region.school(NEW)
    finding = {**FindingMoved.EXAMPLE, "finding_id": FINDING, "school": NEW, "authority": "681"}
    await region.tell(FindingMoved.model_validate(finding), FINDING)
    id_ = f"national_2014.2019-20.{SCHOOL}"
    category = {**CategoryMoved.EXAMPLE, "category_id": id_, "value": "yellow", "ceiling_days": 10}
    await region.tell(CategoryMoved.model_validate(category | {"dated": "2020-01-31"}), id_)
    request = await region.requested(school=NEW)
    assert (request["school_number"], request["authority"]) == (NEW, "681")
    rows = await region.rows("select number, value from known_categories order by 1")
    assert (NEW, "yellow") in [tuple(row) for row in rows]
    assert SCHOOL not in [row.number for row in rows]
