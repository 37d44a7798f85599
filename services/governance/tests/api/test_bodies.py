"""Bodies and members [D-19, S1-20, S1-24, S1-28]: dated constitutions, seats, offices, composition."""

from datetime import date

from governance_api import CENTRAL_SOUTH, JOINT_COMMITTEE, Governance

from governance.storage.tables import moved_schools
from service_kit.database import Database
from service_kit.moving import Move, keep_move


async def test_a_body_meets_under_the_constitution_of_its_day(governance: Governance) -> None:
    """domain 1.2: both compositions of the joint committee, each on its days; the earlier stays what it was."""
    await governance.establish(
        JOINT_COMMITTEE, "csc_joint_committee_2013", CENTRAL_SOUTH, consortium="central_south"
    )
    adopted = {"constitution": "national_model_joint_committee_2014", "valid_from": "2014-04-01"}
    await governance.operator.done(f"/v1/bodies/{JOINT_COMMITTEE}/constitutions", adopted)
    for day, constitution in (
        ("2014-03-31", "csc_joint_committee_2013"),
        ("2014-04-01", adopted["constitution"]),
    ):
        body = await governance.public.read(f"/v1/bodies/{JOINT_COMMITTEE}", valid_at=day)
        assert body["constitution"] == constitution
    (told,) = await governance.events("body.constitution_adopted")
    assert told["meetings_a_year"] == 3  # what the half-termly return counts meetings against
    wrong = {"constitution": "cabinet_2012", "valid_from": "2015-04-01"}
    refused = await governance.operator.post(f"/v1/bodies/{JOINT_COMMITTEE}/constitutions", wrong)
    assert [e["code"] for e in refused.json()["errors"]] == ["constitution_of_other_body"]
    listed = await governance.public.read("/v1/bodies", authority="674")
    assert [item["id"] for item in listed["items"]] == [JOINT_COMMITTEE]


async def test_the_composition_of_the_joint_committee(governance: Governance) -> None:
    """S1-24: complete with five leaders, the chief executive and the managing director; a vacancy shows."""
    members = await governance.joint_committee()
    path = f"/v1/bodies/{JOINT_COMMITTEE}/composition"
    complete = await governance.public.read(path)
    assert (complete["members"], complete["votes"], complete["quorum"], complete["faults"]) == (7, 5, 2, [])
    ended = await governance.operator.done(
        f"/v1/body-members/{members['member 674']}/end", {"valid_to": "2020-01-01"}
    )
    assert ended["valid_to"] == "2020-01-01"
    (fault,) = (await governance.public.read(path))["faults"]
    assert (fault["code"], fault["seat"], fault["authority"]) == ("vacancy", "leader", "674")
    assert (await governance.public.read(path, valid_at="2019-12-31"))["faults"] == []


async def test_what_a_constitution_does_not_allow(governance: Governance) -> None:
    """S1-28, S1-29: each appointment is compared with the constitution of its day."""
    await governance.establish("csc_board", "executive_board_2014", CENTRAL_SOUTH, consortium="central_south")
    for n in range(5):
        more = {"office": "chair", "serving_head": True} if n == 0 else {}
        await governance.appoint("csc_board", "expert", f"expert {n}", **more)

    async def reason(seat: str, name: str, **more: object) -> str:
        wanted = {
            "body_id": "csc_board", "seat": seat, "person_id": governance.person(name), "valid_from": "2014-05-01",
            **more,
        }  # fmt: skip
        status, code, why = await governance.operator.refused("/v1/body-members", wanted)
        assert (status, code) == (409, "appointment_refused")
        return why

    assert await reason("expert", "expert 6") == "seat_full"
    assert await reason("lead_director", "expert 1") == "already_member"
    assert await reason("lead_director", "director", office="chair") == "office_taken"
    assert await reason("treasurer", "treasurer") == "no_such_seat"
    assert await reason("managing_director", "director", voting=True) == "attends_only"


async def test_a_governing_body_has_a_school_that_was_announced(governance: Governance) -> None:
    """D-19: bodies as data include a school's governing body."""
    new = {
        "id": "gb_6732118", "constitution": "governing_body_2005", "name_en": "Governing body",
        "name_cy": "Corff llywodraethu", "authorities": ["673"], "valid_from": "2012-09-01",
    }  # fmt: skip
    operator = governance.operator
    for more, code in (
        ({}, "school_of_governing_body"),
        ({"school_number": "6732118"}, "school_not_announced"),
    ):
        refused = await operator.post("/v1/bodies", {**new, **more})
        assert [e["code"] for e in refused.json()["errors"]] == [code]
    await governance.know_school("6732118", "673")
    made = await operator.done("/v1/bodies", {**new, "school_number": "6732118"})
    assert (made["authority"], made["body_type"]) == ("673", "governing_body")
    (told,) = await governance.events("body.established")
    assert (told["school"], told["authority"], told["meetings_a_year"]) == ("6732118", "673", 3)
    assert (await operator.refused("/v1/bodies", {**new, "school_number": "6732118"}))[:2] == (
        409,
        "already_exists",
    )


async def test_only_its_own_clerk_appoints(governance: Governance) -> None:
    """flows 1: a clerk acts for the bodies in which it sits as clerk."""
    await governance.establish("cabinet_vale", "cabinet_2012", ["673"])
    wanted = {
        "body_id": "cabinet_vale", "seat": "leader", "person_id": governance.person("leader"),
        "valid_from": "2014-05-01",
    }  # fmt: skip
    assert (await governance.clerk("another").refused("/v1/body-members", wanted))[0] in (403, 404)
    assert (await governance.public.post("/v1/body-members", wanted)).status_code == 403
    assert (await governance.clerk("clerk of cabinet_vale").done("/v1/body-members", wanted))[
        "voting"
    ] is True


async def test_constitutions_are_read_in_both_languages(governance: Governance) -> None:
    found = (await governance.public.read("/v1/constitutions"))["items"]
    assert {item["body_type"] for item in found} == {
        "joint_committee", "executive_board", "scrutiny_committee", "cabinet", "schools_forum", "governing_body",
    }  # fmt: skip
    one = await governance.public.read("/v1/constitutions/cabinet_2012")
    assert (one["call_in_days"], one["clear_days"]) == (5, 3)
    assert (await governance.public.get("/v1/constitutions/none")).status_code == 404


async def test_a_governing_body_follows_its_school(governance: Governance) -> None:
    """Design §4: the body has the school's new authority and number from then on; it keeps its name and its id."""
    await governance.know_school("6732118", "673")
    new = {
        "id": "gb_6732118", "constitution": "governing_body_2005", "name_en": "Governing body",
        "name_cy": "Corff llywodraethu", "authorities": ["673"], "valid_from": "2012-09-01",
    }  # fmt: skip
    await governance.operator.done("/v1/bodies", {**new, "school_number": "6732118"})
    worker = Database(governance.database.worker_url, pool_size=1)
    async with worker.transaction() as connection:
        await keep_move(connection, moved_schools, Move("6732118", "673", "6812399", "681", date(2013, 1, 1)))
    await worker.dispose()
    await governance.run_clock()
    await governance.run_clock()
    (told,) = await governance.events("body.moved")
    carried = [told[name] for name in ("authority", "school", "from_authority", "from_school", "authorities")]
    assert carried == ["681", "6812399", "673", "6732118", ["681"]]
    assert told["valid_from"] == "2012-09-01"
    shown = (await governance.public.get("/v1/bodies/gb_6732118")).json()
    assert (shown["authority"], shown["school_number"], shown["authorities"]) == ("681", "6812399", ["681"])
