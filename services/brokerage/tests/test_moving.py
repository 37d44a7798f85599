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


async def live(brokerage: Brokerage, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """What stands as known now."""
    names = {
        "support_request_slices": "select school_number, authority from support_request_slices",
        "offer_slices": "select school_number, provider_school from offer_slices",
        "commission_slices": "select school_number, authority, provider_school, provider_authority "
        "from commission_slices",
        "delivery_slices": "select school_number, provider_school from delivery_slices",
        "impact_slices": "select school_number, about_school from impact_slices",
        "provider_slices": "select provider_school, provider_authority from provider_slices",
    }
    rows = await brokerage.rows(f"{names[table]} where upper_inf(known) order by 1, 2")
    return [tuple(row) for row in rows]


async def test_the_supported_school_moves(region: Brokerage) -> None:
    """Request, offer, commission, delivery and judgement follow; the supporting side stays, and is told."""
    item = await region.provider()
    commission = await region.placed(item)
    await region.delivered(commission, 3)
    judged = {"side": "supported", "level": "strong", "evidence": "Five lessons of six."}
    await region.head().made(f"/v1/commissions/{commission['id']}/impacts", judged)
    await transfer(region, SCHOOL, NEW)
    assert await live(region, "support_request_slices") == [(NEW, "681")]
    assert await live(region, "offer_slices") == [(NEW, SUPPORTER)]
    assert await live(region, "commission_slices") == [(NEW, "681", SUPPORTER, "681")]
    assert await live(region, "delivery_slices") == [(NEW, SUPPORTER)]
    assert await live(region, "impact_slices") == [(NEW, NEW)]
    assert await live(region, "provider_slices") == [(SUPPORTER, "681")]
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
    assert await live(region, "provider_slices") == [(NEW_SUPPORTER, "673")]
    assert await live(region, "commission_slices") == [(SCHOOL, "673", NEW_SUPPORTER, "673")]
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
