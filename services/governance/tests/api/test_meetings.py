"""Meetings [S1-20, S1-25, S1-26, D-20; flows 2]: agreed agenda, clear days, late and exempt items, who sees what."""

from datetime import UTC, datetime, timedelta

from governance_api import JOINT_COMMITTEE, Governance

from testkit.statements import statements_of

OFFICERS = ("managing director", "chief executive")
DAY = datetime(2020, 2, 13, 10, tzinfo=UTC)
CLERK = f"clerk of {JOINT_COMMITTEE}"


async def test_both_must_agree_to_the_agenda(governance: Governance) -> None:
    """S1-26: the managing director and the lead chief executive; nobody else, and neither of them twice."""
    await governance.joint_committee()
    meeting = await governance.scheduled(JOINT_COMMITTEE, DAY)
    path = f"/v1/meetings/{meeting['id']}"
    clerk, director = (
        governance.clerk(CLERK),
        governance.caller("managing_director", "managing director", body="csc"),
    )
    assert await clerk.refused(f"{path}/give-notice") == (
        409,
        "transition_not_allowed",
        "not_from_this_state",
    )
    for other in (clerk, governance.member("member 673")):
        assert await other.refused(f"{path}/agree-agenda") == (
            409,
            "transition_not_allowed",
            "seat_does_not_agree",
        )
    assert (await director.done(f"{path}/agree-agenda"))["state"] == "scheduled"
    assert (await director.refused(f"{path}/agree-agenda"))[2] == "seat_does_not_agree"
    agreed = await governance.member("chief executive").done(f"{path}/agree-agenda")
    assert (agreed["state"], agreed["agreed_by"]) == (
        "agenda_agreed", ["managing_director", "lead_chief_executive"],
    )  # fmt: skip
    late = {"meeting_id": meeting["id"], "matter": "budget", "title_en": "Budget", "title_cy": "Cyllideb"}
    assert (await clerk.refused("/v1/agenda-items", late))[:2] == (409, "agenda_closed")
    revised = await clerk.done(f"{path}/revise-agenda")
    assert (revised["state"], revised["agreed_by"]) == ("scheduled", [])


async def test_notice_has_three_clear_days(governance: Governance) -> None:
    """domain 6.1.3: a Thursday's meeting: Friday is in time, Monday is not; both days themselves do not count."""
    await governance.joint_committee()
    meetings = [await governance.scheduled(JOINT_COMMITTEE, DAY) for _ in range(2)]
    for meeting in meetings:
        for name in OFFICERS:
            await governance.member(name).done(f"/v1/meetings/{meeting['id']}/agree-agenda")
    clerk = governance.clerk(CLERK)
    governance.on(2020, 2, 7)
    noticed = await clerk.done(f"/v1/meetings/{meetings[0]['id']}/give-notice")
    assert (noticed["state"], noticed["notice_given_on"]) == ("notice_given", "2020-02-07")
    governance.on(2020, 2, 10)
    answer = await clerk.post(f"/v1/meetings/{meetings[1]['id']}/give-notice")
    assert (answer.json()["reason"], answer.json()["possible"]) == (
        "notice_too_short",
        ["revise_agenda", "cancel"],
    )
    welsh = governance.caller("clerk", CLERK, language="cy")
    assert "diwrnodau clir" in (await welsh.post(f"/v1/meetings/{meetings[1]['id']}/give-notice")).text


async def test_an_agenda_is_published_in_both_languages(governance: Governance) -> None:
    """flows 2, refused: publication in one language."""
    await governance.establish("cabinet_vale", "cabinet_2012", ["673"])
    clerk = governance.clerk("clerk of cabinet_vale")
    meeting = await governance.scheduled("cabinet_vale", DAY, titles=())
    path = f"/v1/meetings/{meeting['id']}"
    item = await clerk.done(
        "/v1/agenda-items", {"meeting_id": meeting["id"], "matter": "report", "title_en": "Schools"}
    )
    neither = await clerk.post("/v1/agenda-items", {"meeting_id": meeting["id"], "matter": "report"})
    assert [e["pointer"] for e in neither.json()["errors"]] == ["/title_en", "/title_cy"]
    await clerk.done(f"{path}/agree-agenda")
    assert (await clerk.refused(f"{path}/give-notice"))[2] == "one_language_only"
    await clerk.done(f"{path}/revise-agenda")
    patched = await clerk.patch(f"/v1/agenda-items/{item['id']}", {"title_cy": "Ysgolion"})
    assert patched.status_code == 200, patched.text
    await clerk.done(f"{path}/agree-agenda")
    await clerk.done(f"{path}/give-notice")
    assert (await governance.public.read(f"/v1/agenda-items/{item['id']}"))["title_cy"] == "Ysgolion"
    (told,) = await governance.events("agenda_item.published")
    assert (told["title_en"], told["authority"]) == ("Schools", "673")


async def test_a_late_item_needs_the_chairs_urgency(governance: Governance) -> None:
    """flows 2, refused: a late item without the chair's reason of urgency."""
    await governance.establish("cabinet_vale", "cabinet_2012", ["673"])
    meeting = await governance.noticed("cabinet_vale", DAY)
    clerk = governance.clerk("clerk of cabinet_vale")
    item = {"meeting_id": meeting["id"], "matter": "report", "title_en": "Flood", "title_cy": "Llifogydd"}
    assert (await clerk.refused("/v1/agenda-items", item))[:2] == (409, "late_item_without_urgency")
    urgent = await clerk.done("/v1/agenda-items", {**item, "urgency_reason": "The school is closed"})
    assert (urgent["late"], urgent["position"]) == (True, 2)
    assert (await governance.public.read(f"/v1/agenda-items/{urgent['id']}"))["urgency_reason"]


async def test_an_exempt_item_has_paragraph_and_resolution_and_is_never_public(
    governance: Governance,
) -> None:
    """flows 1 and 2: exempt items by body and paragraph; an observer leaves for them."""
    await governance.establish("scrutiny_vale", "scrutiny_committee_2012", ["673"])
    for name, seat in (("elected", "elected_member"), ("observer", "observer")):
        await governance.appoint("scrutiny_vale", seat, name)
    meeting = await governance.scheduled("scrutiny_vale", DAY)
    clerk = governance.clerk("clerk of scrutiny_vale")
    exempt = {"meeting_id": meeting["id"], "matter": "report", "title_en": "Contract", "title_cy": "Contract",
              "exempt_paragraph": 14, "exclusion_resolution": "That the public be excluded"}  # fmt: skip
    for missing in ("exempt_paragraph", "exclusion_resolution"):
        without = {key: value for key, value in exempt.items() if key != missing}
        answer = await clerk.post("/v1/agenda-items", without)
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(f"/{missing}", "missing")]
    other = await clerk.post("/v1/agenda-items", {**exempt, "exempt_paragraph": 3})
    assert [e["pointer"] for e in other.json()["errors"]] == ["/exempt_paragraph"]
    path = f"/v1/agenda-items/{(await clerk.done('/v1/agenda-items', exempt))['id']}"
    await clerk.done(f"/v1/meetings/{meeting['id']}/agree-agenda")
    await clerk.done(f"/v1/meetings/{meeting['id']}/give-notice")
    assert (await governance.member("elected").read(path))["exempt_paragraph"] == 14
    for stranger in (
        governance.public,
        governance.member("observer"),
        governance.clerk("another"),
        governance.operator,
    ):
        assert (await stranger.get(path)).status_code == 404
    listed = await governance.public.read("/v1/agenda-items", meeting_id=meeting["id"])
    assert [item["title_en"] for item in listed["items"]] == ["Report"]
    assert "Contract" not in str(await governance.events())


async def test_a_meeting_is_its_bodys_until_notice_is_given(governance: Governance) -> None:
    """flows 1: published meetings are public, before that their members and clerk; others 404."""
    await governance.joint_committee()
    meeting = await governance.scheduled(JOINT_COMMITTEE, DAY)
    path = f"/v1/meetings/{meeting['id']}"
    strangers = [
        governance.public, governance.operator, governance.clerk("another"), governance.member("another"),
        governance.caller("welsh_government"),
    ]  # fmt: skip
    for caller in strangers:
        assert (await caller.get(path)).status_code == 404
        assert (await caller.read("/v1/meetings"))["items"] == []
    assert (await governance.member("member 673").read(path))["state"] == "scheduled"
    answer = await governance.clerk("another").post(f"{path}/cancel", {"reason": "x"})
    assert answer.status_code == 404
    for name in OFFICERS:
        await governance.member(name).done(f"{path}/agree-agenda")
    await governance.clerk(CLERK).done(f"{path}/give-notice")
    for caller in strangers:
        shown = await caller.read(path)
        assert shown["state"] == "notice_given"
        assert not any(step["allowed"] for step in shown["allowed_transitions"])


async def test_only_the_chair_opens_and_not_before_its_day(governance: Governance) -> None:
    """flows 2: opened by the chair; the steps that follow say why each is barred."""
    await governance.joint_committee()
    meeting = await governance.noticed(JOINT_COMMITTEE, DAY, OFFICERS)
    path = f"/v1/meetings/{meeting['id']}"
    chair, member = governance.member("member 672"), governance.member("member 673")
    assert (await chair.refused(f"{path}/open"))[2] == "before_its_day"
    governance.clock.moment = DAY
    assert (await member.refused(f"{path}/open"))[2] == "only_the_chair"
    assert (await governance.clerk(CLERK).post(f"{path}/open")).status_code == 403
    steps = {s["name"]: s for s in (await member.read(path))["allowed_transitions"]}
    assert steps["open"]["barred"]["code"] == "only_the_chair"
    assert (await chair.done(f"{path}/open"))["quorum"] == 2
    assert (await chair.done(f"{path}/adjourn"))["state"] == "adjourned"
    assert (await chair.refused(f"{path}/close"))[2] == "not_from_this_state"
    await chair.done(f"{path}/resume")
    assert (await chair.done(f"{path}/close"))["state"] == "closed"
    versions = (await member.read(f"{path}/versions"))["items"]
    assert [v["state"] for v in versions] == [
        "scheduled", "scheduled", "agenda_agreed", "notice_given", "opened", "adjourned", "opened", "closed",
    ]  # fmt: skip
    composition = await governance.public.read(f"/v1/bodies/{JOINT_COMMITTEE}/composition")
    assert (composition["meetings_wanted"], composition["meetings_held"]) == (3, 1)


async def test_a_list_of_meetings_is_a_fixed_number_of_statements(governance: Governance) -> None:
    """R16: however many meetings, the same statements."""
    await governance.joint_committee()
    member, found = governance.member("member 673"), []
    for more in (1, 5):
        for n in range(more):
            await governance.scheduled(JOINT_COMMITTEE, DAY + timedelta(days=n))
        with statements_of(governance.serving.database.engine) as statements:
            await member.read("/v1/meetings")
        found.append(len(statements))
    assert found[0] == found[1] <= 5


async def test_meetings_ahead_of_an_authority(governance: Governance) -> None:
    """C-17, S1-20: those of the bodies that it has a part in, from a day on, that day's own included."""
    await governance.joint_committee()
    before, on_it, later = [
        (await governance.scheduled(JOINT_COMMITTEE, DAY + timedelta(days=days)))["id"]
        for days in (-1, 0, 30)
    ]
    clerk = governance.clerk(CLERK)

    async def found(**query: str) -> list[str]:
        answer = await clerk.get("/v1/meetings", **query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await found(from_day="2020-02-13") == [later, on_it]
    assert await found(authority="673") == [later, on_it, before]
    assert await found(authority="673", from_day="2020-02-14") == [later]
    assert await found(authority="660") == []
