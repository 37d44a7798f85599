"""A scrutiny recommendation referred to the cabinet and tracked to its outcome [S0-19 to S0-24; flows 2]."""

from datetime import UTC, datetime

from governance_api import Governance

SCRUTINY, CABINET = "vale_scrutiny_lifelong_learning", "vale_cabinet"
REASON = "To inform Cabinet of the arrangements for the Joint Education Service"


async def vale(governance: Governance) -> dict[str, str]:
    """The Vale's scrutiny committee and cabinet in 2012."""
    governance.on(2012, 8, 30)
    found = {}
    for body, constitution, seat in (
        (SCRUTINY, "scrutiny_committee_2012", "elected_member"),
        (CABINET, "cabinet_2012", "cabinet_member"),
    ):
        await governance.establish(body, constitution, ["673"])
        for n in range(1, 5):
            office = {"office": "chair"} if n == 1 else {}
            name = f"{body} {n}"
            found[name] = await governance.appoint(body, seat, name, **office)
    return found


async def recommended(governance: Governance, members: dict[str, str]) -> dict[str, object]:
    """10 September 2012: the committee recommends, and the meeting is still open."""
    present = [id_ for name, id_ in members.items() if name.startswith(SCRUTINY)]
    meeting = await governance.opened(
        SCRUTINY, datetime(2012, 9, 10, 18, tzinfo=UTC), f"{SCRUTINY} 1", present
    )
    resolution = await governance.moved(meeting, "recommended", reason=REASON)
    clerk = governance.clerk(f"clerk of {SCRUTINY}")
    return await clerk.done(f"/v1/resolutions/{resolution['id']}/assent")


def referral(resolution_id: object, **more: object) -> dict[str, object]:
    appendix = {
        "title_en": "Report to scrutiny",
        "title_cy": "Adroddiad i'r pwyllgor craffu",
        "language": "en",
    }
    return {
        "resolution_id": resolution_id, "to_body": CABINET, "due_on": "2012-10-01", "reason": REASON,
        "appendices": [appendix], **more,
    }  # fmt: skip


async def test_the_case_of_september_2012(governance: Governance) -> None:
    """S0-20 to S0-24: considered on 10 September, referred to cabinet on 1 October, tracked to its outcome."""
    members = await vale(governance)
    resolution = await recommended(governance, members)
    assert (resolution["number"], resolution["municipal_year"]) == (1, "2012/13")
    scrutiny, cabinet = governance.clerk(f"clerk of {SCRUTINY}"), governance.clerk(f"clerk of {CABINET}")
    made = await scrutiny.done("/v1/references", referral(resolution["id"]))
    path = f"/v1/references/{made['id']}"
    assert (made["state"], made["made_on"], made["due_on"]) == ("made", "2012-09-10", "2012-10-01")
    assert made["minute_en"] == "T H A T the report be endorsed"

    governance.on(2012, 9, 20)
    await cabinet.done(f"{path}/receive")
    meeting = await governance.scheduled(CABINET, datetime(2012, 10, 1, 14, tzinfo=UTC))
    listed = await cabinet.done(f"{path}/list", {"meeting_id": meeting["id"]})
    item = await cabinet.read(f"/v1/agenda-items/{listed['agenda_item_id']}")
    assert "T H A T the report be endorsed" in item["quoted_minute"]
    assert REASON in item["quoted_minute"]
    assert item["quoted_minute"].startswith("(1, 2012/13)")
    assert [paper["title_en"] for paper in item["papers"]] == ["Report to scrutiny"]
    await cabinet.done(f"/v1/meetings/{meeting['id']}/agree-agenda")
    await cabinet.done(f"/v1/meetings/{meeting['id']}/give-notice")

    governance.on(2012, 10, 1, 14)
    await governance.arrive(meeting, *(id_ for name, id_ in members.items() if name.startswith(CABINET)))
    await governance.member(f"{CABINET} 1").done(f"/v1/meetings/{meeting['id']}/open")
    meeting["item_ids"] = [item["id"]]
    decided = await governance.moved(meeting, "resolved")
    await cabinet.done(f"/v1/resolutions/{decided['id']}/assent")
    await cabinet.done(f"{path}/consider")
    assert await scrutiny.refused(f"{path}/close") == (409, "transition_not_allowed", "no_outcome")
    outcome = {"outcome": "accepted", "resolution_id": decided["id"]}
    assert (await cabinet.done(f"{path}/record-outcome", outcome))["state"] == "accepted"
    await cabinet.done(f"{path}/report")
    closed = await scrutiny.done(f"{path}/close")
    assert (closed["state"], closed["considered_on"], closed["outcome"]) == (
        "closed",
        "2012-10-01",
        "accepted",
    )
    told = [event["type"] for event in await governance.events("reference")]
    assert [t.split(".")[1] for t in told] == [
        "made", "received", "listed", "considered", "outcome_recorded", "outcome_recorded", "closed",
    ]  # fmt: skip
    assert (await governance.public.read(path))["outcome_resolution_id"] == decided["id"]


async def test_what_cannot_be_referred(governance: Governance) -> None:
    """flows 2, reference: from a recommendation not carried; no reason; a meeting before the referral."""
    members = await vale(governance)
    resolution = await recommended(governance, members)
    clerk = governance.clerk(f"clerk of {SCRUTINY}")
    early = await clerk.post("/v1/references", referral(resolution["id"], due_on="2012-09-10"))
    assert [e["code"] for e in early.json()["errors"]] == ["meeting_before_referral"]
    silent = {key: value for key, value in referral(resolution["id"]).items() if key != "reason"}
    assert [
        (e["pointer"], e["code"]) for e in (await clerk.post("/v1/references", silent)).json()["errors"]
    ] == [("/reason", "missing")]
    meeting = {
        "id": resolution["meeting_id"],
        "body_id": SCRUTINY,
        "item_ids": [resolution["agenda_item_id"]],
    }
    lost = await governance.moved(meeting, "recommended", reason=REASON)
    await clerk.done(
        f"/v1/resolutions/{lost['id']}/vote", {"votes_for": 1, "votes_against": 3, "abstained": 0}
    )
    assert await clerk.refused("/v1/references", referral(lost["id"])) == (409, "not_a_recommendation", "")
    noted = await governance.moved(meeting, "noted")
    await clerk.done(f"/v1/resolutions/{noted['id']}/assent")
    assert await clerk.refused("/v1/references", referral(noted["id"])) == (409, "not_a_recommendation", "")
    unreasoned = await clerk.post("/v1/resolutions", {
        "meeting_id": meeting["id"], "agenda_item_id": meeting["item_ids"][0], "kind": "recommended",
        "text_en": "a", "text_cy": "b",
    })  # fmt: skip
    assert [e["pointer"] for e in unreasoned.json()["errors"]] == ["/reason"]
    assert await governance.events("reference") == []


async def test_an_unanswered_reference_becomes_overdue_once(governance: Governance) -> None:
    """flows 2: `became_overdue` by the clock, once for each due day; a deferral has another day."""
    members = await vale(governance)
    resolution = await recommended(governance, members)
    scrutiny, cabinet = governance.clerk(f"clerk of {SCRUTINY}"), governance.clerk(f"clerk of {CABINET}")
    made = await scrutiny.done("/v1/references", referral(resolution["id"]))
    governance.on(2012, 10, 1, 22)
    await governance.run_clock()
    assert await governance.events("reference.became_overdue") == []
    governance.on(2012, 10, 3)
    await governance.run_clock()
    await governance.run_clock()
    (told,) = await governance.events("reference.became_overdue")
    assert (told["overdue_since"], told["state"]) == ("2012-10-02", "made")
    received = await cabinet.done(f"/v1/references/{made['id']}/receive")
    assert received["overdue_since"] == "2012-10-02"


async def test_only_the_other_body_moves_it(governance: Governance) -> None:
    """flows 2: received by the body it goes to; its maker only closes it."""
    members = await vale(governance)
    resolution = await recommended(governance, members)
    scrutiny = governance.clerk(f"clerk of {SCRUTINY}")
    made = await scrutiny.done("/v1/references", referral(resolution["id"]))
    path = f"/v1/references/{made['id']}"
    assert await scrutiny.refused(f"{path}/receive") == (
        409,
        "transition_not_allowed",
        "operation_not_permitted",
    )
    skipped = await governance.clerk(f"clerk of {CABINET}").post(f"{path}/consider")
    assert (skipped.status_code, skipped.json()["possible"]) == (409, ["receive"])
    refused = await governance.member(f"{CABINET} 1").post(f"{path}/receive")
    assert refused.status_code == 403


async def test_deferred_once_then_referred_on(governance: Governance) -> None:
    """domain 6.1.10: a deferral has another day and another agenda; unlimited hops, each naming the one before."""
    members = await vale(governance)
    resolution = await recommended(governance, members)
    scrutiny, cabinet = governance.clerk(f"clerk of {SCRUTINY}"), governance.clerk(f"clerk of {CABINET}")
    path = f"/v1/references/{(await scrutiny.done('/v1/references', referral(resolution['id'])))['id']}"
    await cabinet.done(f"{path}/receive")
    present = [id_ for name, id_ in members.items() if name.startswith(CABINET)]
    items = []
    for day in (datetime(2012, 10, 1, 14, tzinfo=UTC), datetime(2012, 11, 5, 14, tzinfo=UTC)):
        meeting = await governance.opened(CABINET, day, f"{CABINET} 1", present)
        late = {"meeting_id": meeting["id"], "urgency_reason": "Due today"}
        assert (await cabinet.refused(f"{path}/list", {"meeting_id": meeting["id"]}))[
            1
        ] == "late_item_without_urgency"
        items.append((await cabinet.done(f"{path}/list", late))["agenda_item_id"])
        await cabinet.done(f"{path}/consider")
        if len(items) == 1:
            undated = await cabinet.post(f"{path}/record-outcome", {"outcome": "deferred"})
            assert [e["pointer"] for e in undated.json()["errors"]] == ["/due_on"]
            put_off = {"outcome": "deferred", "due_on": "2012-11-05"}
            assert (await cabinet.done(f"{path}/record-outcome", put_off))["due_on"] == "2012-11-05"
    assert items[0] != items[1]
    onward = await governance.moved({**meeting, "item_ids": items[1:]}, "recommended", reason=REASON)
    await cabinet.done(f"/v1/resolutions/{onward['id']}/assent")
    hop = referral(onward["id"], to_body=SCRUTINY, due_on="2012-12-03", referred_from=path.rsplit("/", 1)[1])
    early = await cabinet.post("/v1/references", hop)
    assert [e["code"] for e in early.json()["errors"]] == ["not_referred_on"]
    outcome = {"outcome": "referred_on", "resolution_id": onward["id"]}
    assert (await cabinet.done(f"{path}/record-outcome", outcome))["state"] == "referred_on"
    made = await cabinet.done("/v1/references", hop)
    assert (made["to_body"], made["referred_from"]) == (SCRUTINY, hop["referred_from"])
    assert len(await governance.events("reference.referred_on")) == 1
