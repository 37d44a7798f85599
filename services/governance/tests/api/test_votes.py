"""Quorum, declarations and votes [flows 2; S4-25, S4-26; domain 6.1.6]: what is refused changes nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from governance_api import JOINT_COMMITTEE, Governance

OFFICERS = ("managing director", "chief executive")
DAY = datetime(2020, 2, 13, 10, tzinfo=UTC)
CLERK = f"clerk of {JOINT_COMMITTEE}"
LEADERS = [f"member {authority}" for authority in ("672", "673", "674", "675", "681")]


async def committee(
    governance: Governance, present: list[str], constitution: str = "national_model_joint_committee_2014"
) -> tuple[dict[str, Any], dict[str, str]]:
    """The joint committee in session; gives the meeting and the memberships by name."""
    members = await governance.joint_committee(constitution)
    meeting = await governance.opened(
        JOINT_COMMITTEE, DAY, "member 672", [members[name] for name in present], OFFICERS,
    )  # fmt: skip
    return meeting, members


async def test_the_forum_votes_eight_for_and_four_abstain(governance: Governance) -> None:
    """S4-26: "8 in favour, 4 abstained": nobody counted against, twelve present of 28: quorate, carried, numbered."""
    forum = "lincolnshire_schools_forum"
    await governance.establish(forum, "schools_forum_lincolnshire_2015", ["678"])
    present = [await governance.appoint(forum, "academy", f"a{n}") for n in range(12)]
    present[0:1] = []
    present.append(await governance.appoint(forum, "primary_head", "chair", office="chair"))
    meeting = await governance.opened(forum, DAY, "chair", present)
    clerk = governance.clerk(f"clerk of {forum}")
    others = [await governance.moved(meeting, "agreed") for _ in range(2)]
    for other in others:
        await clerk.done(f"/v1/resolutions/{other['id']}/assent")
    third = await governance.moved(meeting, "agreed")
    path = f"/v1/resolutions/{third['id']}"
    before = await governance.counts()
    refused = await clerk.post(f"{path}/vote", {"votes_for": 9, "abstained": 4})
    problem = refused.json()
    assert (problem["code"], problem["reason"], problem["cast"], problem["entitled"]) == (
        "vote_refused", "more_votes_than_members", 13, 12,
    )  # fmt: skip
    assert problem["detail"] == "There are more votes than those present may cast. Nothing was recorded."
    assert await governance.counts() == before
    carried = await clerk.done(f"{path}/vote", {"votes_for": 8, "abstained": 4})
    assert (carried["state"], carried["number"]) == ("carried", 3)
    assert (carried["votes_for"], carried["votes_against"], carried["abstained"]) == (8, None, 4)
    (vote,) = await governance.events("vote.recorded")
    assert (vote["entitled"], vote["quorum"], vote["outcome"], vote["basis"]) == (
        12,
        12,
        "carried",
        "per_head",
    )


async def test_a_resolution_without_a_quorum(governance: Governance) -> None:
    """flows 2: the quorum is counted anew as members leave; inquorate, the meeting may only note or adjourn."""
    meeting, members = await committee(governance, ["member 672", "managing director", "chief executive"])
    clerk = governance.clerk(CLERK)
    quorum = await clerk.read(f"/v1/meetings/{meeting['id']}/quorum")
    assert (quorum["needed"], quorum["voting_present"], quorum["quorate"]) == (2, 1, False)
    resolution = await governance.moved(meeting, put=False)
    path = f"/v1/resolutions/{resolution['id']}"
    before = await governance.counts()
    for step in ("put", "defer"):
        assert await clerk.refused(f"{path}/{step}") == (409, "transition_not_allowed", "inquorate")
    assert await governance.counts() == before
    noted = await governance.moved(meeting, "noted")
    assert (await clerk.done(f"/v1/resolutions/{noted['id']}/assent"))["number"] == 1
    (attendance,) = await governance.arrive(meeting, members["member 673"])
    await clerk.done(f"{path}/put")
    left = {"left_at": governance.clock.now().isoformat()}
    await clerk.done(f"/v1/attendances/{attendance}/leave", left)
    assert (await clerk.refused(f"{path}/vote", {"votes_for": 1, "abstained": 0}))[2] == "inquorate"
    assert (await clerk.refused(f"/v1/attendances/{attendance}/leave", left))[1] == "member_is_away"
    governance.clock.advance(timedelta(minutes=4))
    await clerk.done(
        f"/v1/attendances/{attendance}/return", {"returned_at": governance.clock.now().isoformat()}
    )
    carried = await clerk.done(f"{path}/vote", {"votes_for": 2, "votes_against": 0, "abstained": 0})
    assert (carried["state"], carried["number"]) == ("carried", 2)
    assert (await governance.member("member 672").done(f"/v1/meetings/{meeting['id']}/adjourn"))[
        "state"
    ] == "adjourned"


async def test_a_prejudicial_interest_bars_from_the_vote_and_the_room(governance: Governance) -> None:
    """flows 2, refused: a member with a prejudicial interest voting; a vote of a non-voting member."""
    meeting, members = await committee(governance, [*LEADERS[:4], "managing director"])
    clerk = governance.clerk(CLERK)
    new = {
        "meeting_id": meeting["id"], "agenda_item_id": meeting["item_ids"][0], "member_id": members["member 673"],
        "kind": "prejudicial", "nature": "Governor of the school concerned",
    }  # fmt: skip
    await clerk.done("/v1/declarations", new)
    await clerk.done("/v1/declarations", {**new, "member_id": members["member 674"], "kind": "personal"})
    path = f"/v1/resolutions/{(await governance.moved(meeting))['id']}"
    assert (await clerk.refused(f"{path}/vote", {"votes_for": 3, "abstained": 0}))[
        2
    ] == "interested_member_present"
    held = await clerk.read("/v1/attendances", meeting_id=meeting["id"])
    of = {item["member_id"]: item["id"] for item in held["items"]}
    left = {"left_at": governance.clock.now().isoformat()}
    await clerk.done(f"/v1/attendances/{of[members['member 673']]}/leave", left)

    async def named(*votes: tuple[str, str]) -> tuple[int, str, str]:
        names = [{"member_id": members[name], "way": way} for name, way in votes]
        return await clerk.refused(f"{path}/vote", {"names": names})

    before = await governance.counts()
    assert await named(("member 673", "for")) == (409, "vote_refused", "member_not_present")
    assert await named(("managing director", "for")) == (409, "vote_refused", "member_does_not_vote")
    assert await named(("member 672", "for"), ("member 672", "for")) == (409, "vote_refused", "votes_twice")
    assert (await clerk.refused(f"{path}/vote", {"votes_for": 4, "abstained": 0}))[
        2
    ] == "more_votes_than_members"
    assert await governance.counts() == before
    names = [("member 672", "for"), ("member 674", "for"), ("member 675", "against")]
    given = {"names": [{"member_id": members[name], "way": way} for name, way in names]}
    assert (await clerk.done(f"{path}/vote", given))["votes_for"] == 2
    (vote,) = (await clerk.read("/v1/votes", meeting_id=meeting["id"]))["items"]
    assert len(vote["names"]) == 3
    assert "Governor" not in str(await governance.events())
    assert (await governance.public.get("/v1/declarations")).status_code == 403
    assert (await governance.member("another").read("/v1/declarations"))["items"] == []


async def test_one_vote_an_authority(governance: Governance) -> None:
    """domain 1.2.2: in November 2013 ten members of five authorities have five votes."""
    present = [*LEADERS, *(f"{name}-2" for name in LEADERS)]
    meeting, _ = await committee(governance, present, "csc_joint_committee_2013")
    clerk = governance.clerk(CLERK)
    path = f"/v1/resolutions/{(await governance.moved(meeting))['id']}"
    assert (await clerk.refused(f"{path}/vote", {"votes_for": 6, "abstained": 0}))[
        2
    ] == "more_votes_than_members"
    lost = await clerk.done(f"{path}/vote", {"votes_for": 2, "votes_against": 2, "abstained": 1})
    assert (lost["state"], lost["number"]) == ("lost", 1)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"votes_for": 2, "abstained": 0}, "outcome_left_open"),
        ({"votes_for": 3, "votes_against": 1, "abstained": 0, "declared": "lost"}, "outcome_contradicted"),
        ({"votes_for": 3, "votes_against": 1, "abstained": 0, "casting_vote": "for"}, "no_casting_vote"),
    ],
)
async def test_an_outcome_is_that_of_the_count(
    governance: Governance, given: Mapping[str, Any], reason: str
) -> None:
    """flows 2: `against` may be unknown; then the chair declares, and only then."""
    meeting, _ = await committee(governance, LEADERS)
    path = f"/v1/resolutions/{(await governance.moved(meeting))['id']}/vote"
    clerk = governance.clerk(CLERK)
    assert await clerk.refused(path, given) == (409, "vote_refused", reason)


async def test_the_chair_declares_and_breaks_a_tie(governance: Governance) -> None:
    """S1-20: where the constitution gives it, the chair has a casting vote after a tie."""
    meeting, _ = await committee(governance, LEADERS)
    clerk = governance.clerk(CLERK)
    first, second = [f"/v1/resolutions/{(await governance.moved(meeting))['id']}/vote" for _ in range(2)]
    assert (await clerk.done(first, {"votes_for": 2, "abstained": 0, "declared": "carried"}))[
        "state"
    ] == "carried"
    tie = {"votes_for": 2, "votes_against": 2, "abstained": 1, "casting_vote": "for"}
    assert (await clerk.done(second, tie))["state"] == "carried"
    both = await clerk.post(second, {**tie, "names": [{"member_id": "a", "way": "for"}]})
    assert both.status_code in (409, 422)


async def test_numbers_run_on_across_the_meetings_of_a_municipal_year(governance: Governance) -> None:
    """S4-25, domain 1.2.5: numbered across meetings, anew with the year; about a record of another service."""
    members = await governance.joint_committee()
    numbers = []
    for day in (
        datetime(2020, 2, 13, 10, tzinfo=UTC),
        datetime(2020, 4, 2, 10, tzinfo=UTC),
        datetime(2020, 6, 15, 10, tzinfo=UTC),
    ):
        meeting = await governance.opened(
            JOINT_COMMITTEE, day, "member 672", [members[name] for name in LEADERS], OFFICERS
        )
        clerk = governance.clerk(CLERK)
        for _ in range(2):
            made = await governance.moved(meeting, about={"kind": "finding", "id": "finding-1"})
            done = await clerk.done(f"/v1/resolutions/{made['id']}/assent")
            numbers.append((done["municipal_year"], done["number"]))
        withdrawn = await governance.moved(meeting)
        assert (await governance.member("member 672").refused(f"/v1/meetings/{meeting['id']}/close"))[2] == (
            "resolution_undecided"
        )
        assert (await clerk.done(f"/v1/resolutions/{withdrawn['id']}/withdraw"))["number"] is None
        await governance.member("member 672").done(f"/v1/meetings/{meeting['id']}/close")
    assert numbers == [("2019/20", n) for n in (1, 2, 3, 4)] + [("2020/21", 1), ("2020/21", 2)]
    found = await governance.member("member 673").read(
        "/v1/resolutions", about_kind="finding", about_id="finding-1"
    )
    assert len(found["items"]) == 6
    assert {event["about"]["id"] for event in await governance.events("resolution.carried")} == {"finding-1"}
