"""Minutes [flows 2; domain 6.1.8]: drafted, approved by the next meeting, published in both languages only."""

from datetime import UTC, datetime

from governance_api import Governance

BODY = "vale_cabinet"
FIRST, SECOND = datetime(2020, 2, 13, 10, tzinfo=UTC), datetime(2020, 3, 12, 10, tzinfo=UTC)
CLERK = f"clerk of {BODY}"


async def test_minutes_from_draft_to_publication(governance: Governance) -> None:
    """flows 1 and 2: the body's until they are published, the resolutions with them; the exempt one never."""
    await governance.establish(BODY, "cabinet_2012", ["673"])
    members = [
        await governance.appoint(BODY, "cabinet_member", f"m{n}", **({"office": "chair"} if n == 0 else {}))
        for n in range(4)
    ]
    clerk, chair = governance.clerk(CLERK), governance.member("m0")
    meeting = await governance.opened(BODY, FIRST, "m0", members)
    resolution = await governance.moved(meeting)
    await clerk.done(f"/v1/resolutions/{resolution['id']}/assent")
    exempt = await clerk.done("/v1/agenda-items", {
        "meeting_id": meeting["id"], "matter": "report", "title_en": "Contract", "title_cy": "Contract",
        "exempt_paragraph": 14, "exclusion_resolution": "That the public be excluded", "urgency_reason": "Expiry",
    })  # fmt: skip
    hidden = await governance.moved({**meeting, "item_ids": [exempt["id"]]})
    await clerk.done(f"/v1/resolutions/{hidden['id']}/assent")
    drafted = {"meeting_id": meeting["id"], "text_en": "Minutes of 13 February"}
    assert (await clerk.refused("/v1/minutes", drafted))[2] == "not_from_this_state"
    await chair.done(f"/v1/meetings/{meeting['id']}/close")
    minutes = await clerk.done("/v1/minutes", drafted)
    path = f"/v1/minutes/{minutes['id']}"
    assert (await clerk.patch(path, {"text_en": "Minutes of the meeting of 13 February"})).status_code == 200
    early = {"at_meeting_id": meeting["id"]}
    assert (await clerk.refused(f"{path}/approve", early))[1] == "not_at_the_next_meeting"
    following = await governance.opened(BODY, SECOND, "m0", members)
    approval = {"at_meeting_id": following["id"], "amendments": ["In item 1, for “and” read “or”"]}
    approved = await clerk.done(f"{path}/approve", approval)
    assert (approved["state"], len(approved["amendments"])) == ("approved", 1)
    assert approved["text_en"] == "Minutes of the meeting of 13 February"
    refused = await clerk.post(f"{path}/publish")
    assert (refused.json()["code"], refused.json()["missing"]) == ("one_language_only", ["cy"])
    assert (await clerk.patch(path, {"text_en": "Otherwise"})).json()["code"] == "minutes_approved"
    for address in (path, f"/v1/resolutions/{resolution['id']}"):
        assert (await governance.public.get(address)).status_code == 404
    assert (await clerk.patch(path, {"text_cy": "Cofnodion cyfarfod 13 Chwefror"})).status_code == 200
    assert (await clerk.done(f"{path}/publish"))["published_on"] == "2020-03-12"
    shown = await governance.public.read(path)
    assert (shown["text_cy"], shown["state"]) == ("Cofnodion cyfarfod 13 Chwefror", "published")
    assert (await governance.public.read(f"/v1/resolutions/{resolution['id']}"))["number"] == 1
    assert (await governance.public.get(f"/v1/resolutions/{hidden['id']}")).status_code == 404
    assert (await governance.public.read(f"/v1/meetings/{meeting['id']}"))["state"] == "published"
    assert (await clerk.patch(path, {"text_en": "Otherwise"})).json()["code"] == "minutes_approved"
    versions = (await clerk.read(f"{path}/versions"))["items"]
    assert [v["state"] for v in versions] == ["drafted", "drafted", "approved", "approved", "published"]
    told = [event["type"].split(".")[1] for event in await governance.events("minutes")]
    assert told == ["drafted", "drafted", "approved", "translated", "published"]
    published = await governance.events("resolution.published")
    assert [event["resolution_id"] for event in published] == [resolution["id"]]
