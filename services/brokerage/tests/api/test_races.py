"""Days are never committed twice, whoever races whom: on a real PostgreSQL (D-15, D-16)."""

import asyncio

import pytest
from brokerage_suite import NEIGHBOUR, SCHOOL, Brokerage
from sqlalchemy.exc import IntegrityError


async def test_a_provider_is_never_overbooked_by_commissions_at_once(region: Brokerage) -> None:
    """D-15: five commissions of six days race for twenty days; three win, the others are told why."""
    await region.category(SCHOOL, "red", 25)
    for number in range(5):
        await region.hear(region.finding(f"finding-r{number}"))
    item = await region.provider(days=20)
    offers = [await region.agreed(item, 6, finding_id=f"finding-r{number}") for number in range(5)]
    answers = await asyncio.gather(*(region.place(offer) for offer in offers))
    placed = [answer for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code != 201]
    assert len(placed) == 3, [answer.text for answer in answers]
    assert {one["code"] for one in refused} == {"capacity_exceeded"}
    ((days, reserved),) = await region.rows(
        "select days, reserved_days from capacity_slices where upper_inf(known)"
    )
    assert (days, reserved) == (20, 18)
    assert [event["reserved_days"] for event in await region.events("capacity.reserved")] == [6, 12, 18]


async def test_schools_of_two_authorities_race_for_the_last_days(region: Brokerage) -> None:
    """D-15: no lock of a school stands between them, the period's does."""
    await region.hear(region.finding("finding-n", NEIGHBOUR))
    await region.category(NEIGHBOUR, "red", 25)
    item = await region.provider(days=10)
    ours = await region.agreed(item, 6)
    theirs = await region.agreed(item, 6, finding_id="finding-n", school=NEIGHBOUR)
    answers = await asyncio.gather(region.place(ours), region.place(theirs))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await region.rows("select 1 from commissions") == [(1,)]


async def test_a_ceiling_holds_against_commissions_at_once(region: Brokerage) -> None:
    """D-16: two commissions of six days race for the ten of a yellow school, from two providers."""
    first, second = await region.provider(), await region.provider(provider_school=NEIGHBOUR)
    offers = [await region.agreed(first, 6), await region.agreed(second, 6)]
    answers = await asyncio.gather(*(region.place(offer) for offer in offers))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "ceiling_exceeded"}


async def test_postgres_itself_refuses_more_days_reserved_than_there_are(region: Brokerage) -> None:
    """D-15: the constraint stands behind the lock."""
    await region.provider(days=5)
    with pytest.raises(IntegrityError, match="never_overbooked"):
        await region.rows("update capacity_slices set reserved_days = 6 returning id")


async def test_released_days_can_be_reserved_again(region: Brokerage) -> None:
    """Flows 2, ceiling: unused days are released, for the provider and for the school."""
    item = await region.provider(days=8)
    commission = await region.placed(item, 6)
    stopped = await region.officer.made(
        f"/v1/commissions/{commission['id']}/stop", {"reason": "The school asked for it."}
    )
    assert (stopped["state"], stopped["days"], stopped["days_released"]) == ("stopped", 0, 6)
    (released,) = await region.events("capacity.released")
    assert (released["moved_days"], released["reserved_days"]) == (6, 0)
    assert (await region.placed(item, 8))["days"] == 8
