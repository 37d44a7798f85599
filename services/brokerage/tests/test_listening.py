"""What other services tell is neither lost nor taken twice, and waits in sight (issue 4, point 10)."""

import asyncio

import pytest
from brokerage_suite import FINDING, NEIGHBOUR, SCHOOL, SUPPORTER, Brokerage

from brokerage.service import service
from eventing.envelope import packed_headers
from eventing.transports.port import PublishError, Record
from service_kit.process import Runtime


async def test_a_finding_published_while_brokerage_is_down_is_taken_on_restart(brokerage: Brokerage) -> None:
    """Issue 4, point 10: the publisher's cursor stays until brokerage is back, then support can be requested."""
    await brokerage.school(SCHOOL)
    envelope = brokerage.finding()
    record = Record(envelope.position or 0, envelope.key, packed_headers(envelope), envelope.data)
    await brokerage.runtime.stop()
    with pytest.raises(PublishError, match="brokerage"):
        await brokerage.transport.publish("visits.events", [record])
    assert await brokerage.rows("select 1 from known_findings") == []
    again = Runtime(service, brokerage.settings, brokerage.transport, brokerage.clock)
    await again.start(["consumer"])
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    await brokerage.transport.publish("visits.events", [record])
                    break
                except PublishError:
                    await asyncio.sleep(0.05)
        assert (await brokerage.requested())["state"] == "requested"
    finally:
        await again.stop()


async def test_a_finding_of_a_school_not_announced_yet_waits_in_sight(brokerage: Brokerage) -> None:
    """Issue 4, point 10: it is pending and can be seen; the school's announcement brings it in."""
    await brokerage.hear(brokerage.finding())
    assert await brokerage.rows("select 1 from known_findings") == []
    ((waiting,),) = await brokerage.rows("select count(*) from pending_events")
    assert waiting == 1
    await brokerage.school(SCHOOL)
    assert await brokerage.rows("select finding_id from known_findings") == [(FINDING,)]
    assert await brokerage.rows("select 1 from pending_events") == []


async def test_the_same_finding_told_twice_is_one(region: Brokerage) -> None:
    """Issue 4, point 10: the same event twice."""
    again = region.finding("finding-9")
    await region.hear(again, again)
    assert len(await region.rows("select 1 from known_findings where finding_id = 'finding-9'")) == 1
    assert await region.rows("select 1 from parked_events") == []


async def test_nothing_new_for_a_closed_school_and_what_was_committed_stays_visible(
    region: Brokerage,
) -> None:
    """Issue 4, point 10: a school that closed; no new commission, the committed one goes on."""
    item = await region.provider()
    commission = await region.placed(item, 4)
    offer = await region.agreed(item, 4)
    await region.close(SCHOOL)
    refused = await region.place(offer)
    assert (refused.status_code, refused.json()["reason"]) == (409, "school_closed")
    body = {"finding_id": FINDING, "specialism": "teaching", "days": 2, "need": "x"}
    asked = await region.head().post("/v1/support-requests", body)
    assert (asked.status_code, asked.json()["code"]) == (409, "school_is_closed")
    path = f"/v1/commissions/{commission['id']}"
    shown = (await region.officer.get(path)).json()
    steps = {step["name"]: step for step in shown["allowed_transitions"]}
    assert shown["state"] == "commissioned"
    assert steps["extend"]["barred"]["code"] == "school_closed"
    assert (await region.head(SUPPORTER).post(f"{path}/start")).status_code == 200
    # Nor does a closed school support others.
    await region.hear(region.finding("finding-n", NEIGHBOUR))
    request = await region.requested(2, "finding-n", school=NEIGHBOUR)
    await region.close(SUPPORTER)
    found = (await region.broker.get(f"/v1/support-requests/{request['id']}/matches")).json()["items"]
    assert [reason["code"] for reason in found[0]["blocked"]] == ["provider_school_closed"]
