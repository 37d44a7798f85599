"""Schools come and go (flows §2): opened, closed, amalgamated; every number still resolves (D-02)."""

import asyncio
from typing import Any

import pytest
from registry_api import CENTRAL_SOUTH, Caller, Register
from registry_data import ODS, list_bytes
from successions import amalgamations

from testkit.statements import statements_of

MAINTAINED = ("nursery", "primary", "middle", "secondary", "special")
NEW = {"name": "Ysgol Prawf", "sector": "primary", "language_category": "WM"}


@pytest.fixture
def vale(region: Register) -> Caller:
    """The system of the Vale of Glamorgan."""
    return region.caller("authority_system", authority="673")


async def merge(caller: Caller, *cases: dict[str, Any], **query: str) -> tuple[int, dict[str, Any]]:
    answer = await caller.post("/v1/amalgamations", {"amalgamations": list(cases)}, **query)
    return answer.status_code, answer.json()


def case(day: str, predecessors: list[str], successor: str, new: bool = False) -> dict[str, Any]:
    held = {"valid_from": day, "predecessors": predecessors, "successor": successor}
    return held | ({"new_school": NEW} if new else {})


async def step(caller: Caller, what: str, number: str, day: str, **query: str) -> Any:
    return await caller.post(f"/v1/school-{what}", {"school_number": number, "valid_from": day}, **query)


async def status(caller: Caller, number: str, day: str) -> str:
    return str((await caller.get(f"/v1/schools/{number}", valid_at=day)).json().get("status"))


async def test_the_region_after_its_successions(region: Register) -> None:
    """Issue 4.1: 381 Central South schools open on 2020-01-15, and every number of 2018 still resolves."""
    before = {
        s["school_number"] for s in await region.operator.everything("/v1/schools", valid_at="2018-04-10")
    }
    code, body = await merge(region.operator, *amalgamations())
    assert code == 201, body
    assert len(body["items"]) == 7

    async def count(day: str) -> int:
        found = 0
        for authority in CENTRAL_SOUTH:
            schools = await region.operator.everything(
                "/v1/schools", authority=authority, status="open", valid_at=day
            )
            found += sum(school["sector"] in MAINTAINED for school in schools)
        return found

    assert [await count(day) for day in ("2018-04-10", "2018-09-01", "2020-01-15")] == [391, 382, 381]
    after = await region.operator.everything("/v1/schools", valid_at="2020-01-15")
    assert before <= {school["school_number"] for school in after}
    closed = [school for school in after if school["status"] == "closed"]
    assert len(closed) == 17
    for school in closed:
        assert len(school["successors"]) == 1
        moved = await region.operator.get(
            f"/v1/schools/{school['school_number']}", resolve="true", valid_at="2020-01-15"
        )
        assert moved.status_code == 308
        survivor = await region.operator.get(moved.headers["location"])
        assert (survivor.status_code, survivor.json()["status"]) == (200, "open")
        assert survivor.json()["school_number"] == school["successors"][0]["school_number"]

    told = await region.events("school.")
    kinds = await region.rows("select type from outbox where type like '%school.%' order by seq")
    assert [row.type.split(".")[-2] for row in kinds].count("closed") == 17
    assert [row.type.split(".")[-2] for row in kinds].count("amalgamated") == 7
    porth = next(e for e in told if e["school_number"] == "6745501")
    assert porth["predecessors"] == ["6742138", "6742211", "6742295", "6744087"]
    assert (porth["authority"], porth["status"], porth["valid_from"]) == ("674", "open", "2018-09-01")


async def test_a_list_names_closed_schools_and_does_not_reopen_them(region: Register) -> None:
    """The list of 2018 sent again for a later day: 17 closed, 7 not named, nothing changed."""
    await merge(region.operator, *amalgamations())
    counts = (await region.previewed(list_bytes(ODS), "2020-01-15"))["counts"]
    assert {k: counts[k] for k in ("added", "changed", "closed", "missing")} == {
        "added": 0, "changed": 0, "closed": 17, "missing": 7
    }  # fmt: skip
    same = (await region.previewed(list_bytes(ODS), "2018-04-10"))["counts"]
    assert {k: same[k] for k in ("added", "changed", "closed", "missing", "unchanged")} == {
        "added": 0, "changed": 0, "closed": 0, "missing": 0, "unchanged": 1616
    }  # fmt: skip


async def test_a_school_is_proposed_opens_and_closes(region: Register, vale: Caller) -> None:
    """Each step is dated, may lie ahead, and is one event."""
    made = await vale.post("/v1/schools", {"school_number": "6732999", "valid_from": "2020-01-01", **NEW})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/v1/schools/6732999"
    assert [s["name"] for s in made.json()["allowed_transitions"] if s["allowed"]] == ["opening"]
    opened = await step(vale, "openings", "6732999", "2020-09-01")
    assert opened.status_code == 201, opened.text
    assert (opened.json()["status"], opened.json()["version"]) == ("open", 2)
    days = ("2020-01-20", "2020-08-31", "2020-09-01")
    assert [await status(vale, "6732999", day) for day in days] == ["proposed", "proposed", "open"]
    today = (await vale.get("/v1/schools/6732999")).json()["allowed_transitions"]
    assert [(s["name"], s["barred"]["code"]) for s in today] == [("opening", "school_changes_later")]
    closed = await step(vale, "closures", "6732999", "2025-09-01")
    assert closed.json()["allowed_transitions"] == closed.json()["successors"] == []
    assert [await status(vale, "6732999", day) for day in ("2025-08-31", "2025-09-01")] == ["open", "closed"]
    told = [e for e in await region.events("school.") if e["school_number"] == "6732999"]
    assert [(e["status"], e["valid_from"], e["authority"]) for e in told] == [
        ("proposed", "2020-01-01", "673"), ("open", "2020-09-01", "673"), ("closed", "2025-09-01", "673")
    ]  # fmt: skip
    assert told[2]["successors"] == []


REFUSED = [
    ("closures", "6732118", "2020-09-01", "school_already_closed", []),
    ("closures", "6732118", "2019-09-01", "school_already_closed", []),
    ("openings", "6732118", "2020-09-01", "school_opens_after_closing", []),
    ("openings", "6732109", "2020-09-01", "school_already_open", ["closure", "amalgamation", "transfer"]),
    ("closures", "6732109", "2018-04-10", "school_not_open", []),
    ("closures", "6732109", "2017-04-10", "school_not_known_then", []),
]


async def test_a_step_that_does_not_follow_is_refused_with_what_does(region: Register, vale: Caller) -> None:
    """Flows §2: closing twice, an opening after its closing; the problem names the reason and the possible steps."""
    assert (await step(vale, "closures", "6732118", "2020-02-01")).status_code == 201
    before = await region.number("select count(*) from outbox")
    for what, number, day, reason, possible in REFUSED:
        answer = await step(vale, what, number, day)
        body = answer.json()
        assert (answer.status_code, body["code"]) == (409, "transition_not_allowed"), body
        assert (body["reason"], body["possible"]) == (reason, possible), (what, number, day)
    welsh = await step(
        region.caller("authority_system", "cy", authority="673"), "closures", "6732118", "2020-03-01"
    )
    assert welsh.json()["detail"] == "Mae cau'r ysgol eisoes wedi'i gofnodi."
    unknown = await step(vale, "closures", "6739999", "2020-02-01")
    assert [(e["pointer"], e["code"]) for e in unknown.json()["errors"]] == [
        ("/school_number", "unknown_school")
    ]
    again = await vale.post("/v1/schools", {"school_number": "6732118", "valid_from": "2020-02-01", **NEW})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    nowhere = await region.operator.post(
        "/v1/schools", {"school_number": "9992118", "valid_from": "2020-02-01", **NEW}
    )
    assert [e["code"] for e in nowhere.json()["errors"]] == ["unknown_authority"]
    assert await region.number("select count(*) from outbox") == before


async def test_a_closed_schools_details_are_final(region: Register, vale: Caller) -> None:
    """Flows §2: a final record is never edited; days before the closing may be put right."""
    assert (await step(vale, "closures", "6732118", "2020-01-10")).status_code == 201
    held = await vale.get("/v1/schools/6732118")
    refused = await vale.patch("/v1/schools/6732118", {"pupils": 1}, held.headers["etag"])
    assert (refused.status_code, refused.json()["code"]) == (409, "school_is_closed")
    right = {"pupils": 1, "valid_from": "2019-09-01"}
    assert (await vale.patch("/v1/schools/6732118", right, held.headers["etag"])).status_code == 200
    assert (await vale.get("/v1/schools/6732118", valid_at="2020-01-09")).json()["pupils"] == 1
    assert await status(vale, "6732118", "2020-01-10") == "closed"
    assert (await step(vale, "closures", "6732109", "2018-09-01")).status_code == 201


async def test_a_dry_run_and_a_repeated_command(region: Register, vale: Caller) -> None:
    """R: a dry run changes nothing; the same Idempotency-Key is answered and not done again."""
    dry = await step(vale, "closures", "6732118", "2020-02-01", dry_run="true")
    assert (dry.status_code, dry.json()["status"]) == (201, "closed")
    assert await status(vale, "6732118", "2020-02-01") == "open"
    body, key = {"school_number": "6732118", "valid_from": "2020-02-01"}, {"Idempotency-Key": "closing-1"}
    first = await vale.post("/v1/school-closures", body, headers=key)
    again = await vale.post("/v1/school-closures", body, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert len(await region.events("school.closed")) == 1


async def test_lineage_is_many_to_many_and_dated(region: Register, vale: Caller) -> None:
    """A school split between two, one of which is amalgamated later; a survivor keeps its own number."""
    code, body = await merge(
        vale,
        case("2019-09-01", ["6732109", "6732111"], "6732998", new=True),
        case("2019-09-01", ["6732109"], "6732120"),
        case("2021-09-01", ["6732998"], "6732997", new=True),
    )
    assert code == 201, body
    lineage = (await vale.get("/v1/schools/6732109/lineage", valid_at="2022-01-01")).json()
    assert lineage["successors"] == ["6732120", "6732998"]
    assert lineage["survivors"] == ["6732120", "6732997"]
    assert [(s["predecessor"], s["successor"]) for s in lineage["successions"]] == [
        ("6732109", "6732120"), ("6732109", "6732998"), ("6732111", "6732998"), ("6732998", "6732997")
    ]  # fmt: skip
    today = (await vale.get("/v1/schools/6732998/lineage")).json()
    assert (today["predecessors"], today["successors"]) == (["6732109", "6732111"], [])
    several = await vale.get("/v1/schools/6732109", resolve="true")
    assert (several.status_code, several.json()["status"]) == (200, "closed")
    assert [link["href"] for link in several.json()["successors"]] == [
        "/v1/schools/6732120",
        "/v1/schools/6732998",
    ]
    through = await vale.get("/v1/schools/6732111", resolve="true", valid_at="2022-01-01", lang="cy")
    assert through.headers["location"] == "/v1/schools/6732997?valid_at=2022-01-01&lang=cy"
    assert (await vale.get("/v1/schools/6732111", valid_at="2022-01-01")).status_code == 200
    closed = [(e["school_number"], e["successors"]) for e in await region.events("school.closed")]
    assert closed == [
        ("6732109", ["6732998"]), ("6732111", ["6732998"]),
        ("6732109", ["6732120", "6732998"]), ("6732998", ["6732997"]),
    ]  # fmt: skip
    assert (await vale.get("/v1/schools/6739999/lineage")).status_code == 404


async def test_a_school_without_survivor_is_gone_when_asked_to_resolve(
    region: Register, vale: Caller
) -> None:
    """D-02: 410 when closed without one; asked plainly, its record is answered for ever."""
    await step(vale, "closures", "6732118", "2020-01-10")
    gone = await vale.get("/v1/schools/6732118", resolve="true")
    assert (gone.status_code, gone.json()["code"]) == (410, "school_without_survivor")
    assert (await vale.get("/v1/schools/6732118")).json()["status"] == "closed"
    open_ = await vale.get("/v1/schools/6732118", resolve="true", valid_at="2020-01-09")
    assert open_.status_code == 200


async def test_every_reason_against_amalgamations_is_told(region: Register, vale: Caller) -> None:
    """Flows §2: a cycle, closing twice; all or none."""
    assert (await merge(vale, case("2019-09-01", ["6732109"], "6732111")))[0] == 201
    before = await region.number("select count(*) from outbox")
    code, body = await merge(
        vale,
        case("2020-09-01", ["6732111", "6732118"], "6732109"),
        case("2020-09-01", ["6732118", "6732118"], "6732118"),
        case("2019-09-01", ["6732109"], "6732111"),
        case("2020-09-01", ["6732118"], "6732120", new=True),
        case("2020-09-01", ["6739999"], "6739998"),
        case("2020-09-01", ["6732120"], "6732118"),
    )
    assert (code, body["code"]) == (409, "amalgamation_refused")
    assert [(e["pointer"].removeprefix("/amalgamations"), e["code"]) for e in body["errors"]] == [
        ("/0/predecessors/0", "lineage_cycle"), ("/0/successor", "successor_not_open"),
        ("/1/predecessors/0", "lineage_cycle"), ("/1/predecessors/1", "predecessor_repeated"),
        ("/2/predecessors/0", "succession_recorded"),
        ("/3/successor", "school_is_registered"),
        ("/4/predecessors/0", "school_not_registered"), ("/4/successor", "school_not_registered"),
    ]  # fmt: skip
    assert await region.number("select count(*) from outbox") == before
    assert await status(vale, "6732120", "2020-09-01") == "open"


async def test_only_its_own_authority_closes_a_school(region: Register, vale: Caller) -> None:
    """Flows §1: identity is public, so a neighbour's attempt is 403 and not 404."""
    neighbour = region.caller("authority_system", authority="681")
    assert (await step(neighbour, "closures", "6732118", "2020-02-01")).status_code == 403
    assert (await merge(vale, case("2020-09-01", ["6732118"], "6812309")))[0] == 403
    assert (
        await step(region.caller("welsh_government"), "closures", "6732118", "2020-02-01")
    ).status_code == 403
    steps = (await neighbour.get("/v1/schools/6732118")).json()["allowed_transitions"]
    assert {s["barred"]["code"] for s in steps} == {"operation_not_permitted"}


async def test_of_two_closings_at_once_one_is_refused(region: Register, vale: Caller) -> None:
    """Both read an open school; the versions that they read decide, and nothing of the other stays."""
    answers = await asyncio.gather(
        *(step(vale, "closures", "6732118", f"2020-0{n}-01") for n in range(2, 5)),
        vale.post("/v1/amalgamations", {"amalgamations": [case("2020-09-01", ["6732118"], "6732120")]}),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await region.events("school.closed")) == 1
    assert await region.number("select count(*) from school_successions") == len(
        await region.events("school.amalgamated")
    )


async def test_a_lead_adviser_of_a_closed_school_is_told(region: Register, vale: Caller) -> None:
    """The gap report names an allocation that outlives its school, and asks for none at a closed one."""
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    person_id = await region.person("Llinos Prawf")
    body = {"school_number": "6732118", "person_id": person_id, "valid_from": "2019-09-01"}
    held = await officer.post("/v1/adviser-allocations", body)
    assert held.status_code == 201, held.text
    await step(vale, "closures", "6732118", "2020-01-10")
    asked = {"on": "2020-01-06", "until": "2020-01-20"}
    assert (await officer.get("/v1/adviser-gaps", total=True, **asked)).json()["total"] == 395
    assert (await officer.get("/v1/closed-school-allocations", **asked)).json()["items"] == [
        {
            "id": held.json()["id"], "school_number": "6732118", "authority": "673", "person_id": person_id,
            "valid_from": "2020-01-10", "valid_to": "2020-01-21",
        }
    ]  # fmt: skip
    refused = await officer.post("/v1/adviser-allocations", body | {"valid_from": "2020-01-10"})
    assert (refused.status_code, refused.json()["code"]) == (409, "school_needs_no_adviser")


async def test_amalgamations_cost_a_fixed_number_of_statements(region: Register) -> None:
    """The seven of the file take as many statements as one: they touch each school once."""
    engine = region.client._transport.app.state.serving.database.engine  # type: ignore[attr-defined]
    taken = []
    for cases in (amalgamations()[:1], amalgamations()[1:]):
        with statements_of(engine) as sent:
            assert (await merge(region.operator, *cases))[0] == 201
        taken.append(len(sent))
    assert taken[0] == taken[1], sent
