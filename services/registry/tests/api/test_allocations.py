"""Lead advisers: exactly one per school per day, refused by the database when doubled, reported when missing."""

import asyncio
from typing import Any

import pytest
from registry_api import CENTRAL_SOUTH, Caller, Register
from sqlalchemy.exc import IntegrityError


async def adviser(region: Register, name: str = "Llinos Prawf") -> tuple[Caller, str]:
    return region.caller("consortium_officer", body="csc", person_id="p0"), await region.person(name)


async def allocate(caller: Caller, person_id: str, school: str = "6732118", **days: str) -> Any:
    body = {"school_number": school, "person_id": person_id, "valid_from": "2019-09-01", **days}
    return await caller.post("/v1/adviser-allocations", body)


async def test_a_second_lead_adviser_is_refused_naming_the_first(region: Register) -> None:
    officer, person_id = await adviser(region)
    first = await allocate(officer, person_id)
    assert first.status_code == 201, first.text
    welsh = region.caller("consortium_officer", "cy", body="csc", person_id="p0")
    doubled = await allocate(welsh, person_id, valid_from="2020-01-01", valid_to="2020-02-01")
    assert doubled.status_code == 409
    problem = doubled.json()
    assert (problem["code"], problem["language"]) == ("lead_adviser_overlap", "cy")
    assert problem["existing"] == [{"id": first.json()["id"], "valid_from": "2019-09-01", "valid_to": None}]
    assert (
        await allocate(officer, person_id, valid_from="2019-08-01", valid_to="2019-09-01")
    ).status_code == 201


async def test_of_two_at_the_same_moment_the_database_refuses_one(region: Register) -> None:
    """S1-04: the exclusion constraint decides, not the check before it."""
    officer, person_id = await adviser(region)
    answers = await asyncio.gather(*(allocate(officer, person_id, "6732120") for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"lead_adviser_overlap"}
    assert len(await officer.everything("/v1/adviser-allocations", school_number="6732120")) == 1


async def test_the_database_itself_refuses_a_second_one(region: Register) -> None:
    officer, person_id = await adviser(region)
    held = (await allocate(officer, person_id)).json()["id"]
    copy = """
        insert into adviser_allocation_slices (id, valid, known, version, school_number, authority, person_id)
        select 'another', '[2025-01-01,2025-01-02)', known, 1, school_number, authority, person_id
          from adviser_allocation_slices where id = :held
    """
    with pytest.raises(IntegrityError, match="one_adviser_allocation_slices_per_school_number_and_day"):
        await region.rows_changed(copy, held=held)


async def test_an_allocation_that_ends_makes_room(region: Register) -> None:
    officer, person_id = await adviser(region)
    other = await region.person("Ceri Prawf")
    first = await allocate(officer, person_id)
    path = first.headers["location"]
    ended = await officer.patch(path, {"valid_to": "2020-01-01"}, first.headers["etag"])
    assert ended.status_code == 200, ended.text
    assert ended.json()["version"] == 2
    assert (await allocate(officer, other, valid_from="2020-01-01")).status_code == 201
    reopened = await officer.patch(path, {"valid_to": None}, ended.headers["etag"])
    assert reopened.status_code == 409
    assert reopened.json()["code"] == "lead_adviser_overlap"

    async def lead(day: str) -> list[str]:
        rows = await officer.everything("/v1/adviser-allocations", school_number="6732118", valid_at=day)
        return [row["person_id"] for row in rows]

    assert [await lead(d) for d in ("2019-08-31", "2019-12-31", "2020-01-01")] == [[], [person_id], [other]]
    allocated, ended_event, _ = await region.events("adviser.")
    assert (allocated["valid_from"], allocated["valid_to"]) == ("2019-09-01", None)
    assert (ended_event["valid_from"], ended_event["valid_to"]) == ("2019-09-01", "2020-01-01")


async def test_only_schools_in_scope_have_a_lead_adviser(region: Register) -> None:
    """Flows §2: open maintained schools and PRUs under a live regime, never independent ones."""
    officer, person_id = await adviser(region)
    assert (await allocate(officer, person_id, "6731112")).status_code == 201  # a PRU
    independent = await region.operator.everything("/v1/schools", sector="independent", authority="673")
    refused = await allocate(officer, person_id, independent[0]["school_number"])
    assert refused.json()["code"] == "school_needs_no_adviser"
    without_regime = await allocate(region.operator, person_id, "6612004")
    assert without_regime.json()["code"] == "school_needs_no_adviser"
    nowhere = await allocate(officer, person_id, "6739999")
    assert [(e["pointer"], e["code"]) for e in nowhere.json()["errors"]] == [
        ("/school_number", "unknown_school")
    ]
    unknown = await allocate(region.operator, "nobody", "6732118")
    assert [(e["pointer"], e["code"]) for e in unknown.json()["errors"]] == [("/person_id", "unknown_person")]
    early = await allocate(region.operator, person_id, "6732118", valid_from="2018-01-01")
    assert [(e["pointer"], e["code"]) for e in early.json()["errors"]] == [
        ("/school_number", "school_not_on_this_day")
    ]  # fmt: skip


async def test_the_gap_report(region: Register) -> None:
    """391 maintained schools and 5 PRUs of Central South are in scope; each allocation closes a gap for its days."""
    officer, person_id = await adviser(region)
    assert (await officer.get("/v1/adviser-gaps", on="2020-01-20", total=True)).json()["total"] == 391 + 5
    await allocate(officer, person_id, valid_from="2020-01-10", valid_to="2020-01-20")
    on = {
        d: (await officer.get("/v1/adviser-gaps", on=d, total=True)).json()["total"]
        for d in ("2020-01-19", "2020-01-20")
    }
    assert on == {"2020-01-19": 395, "2020-01-20": 396}
    span = (
        await officer.get("/v1/adviser-gaps", on="2020-01-06", until="2020-01-31", authority="673", limit=200)
    ).json()
    mine = [(g["valid_from"], g["valid_to"]) for g in span["items"] if g["school_number"] == "6732118"]
    assert mine == [("2020-01-06", "2020-01-10"), ("2020-01-20", "2020-02-01")]
    own = region.caller("authority_system", authority="673")
    assert {g["authority"] for g in (await own.get("/v1/adviser-gaps")).json()["items"]} == {"673"}
    pages, path = [], "/v1/adviser-gaps?limit=150"
    while path:
        page = (await officer.get(path)).json()
        pages.append([(gap["school_number"], gap["valid_from"], gap["authority"]) for gap in page["items"]])
        path = page["links"].get("next")
    assert [len(page) for page in pages] == [150, 150, 96]
    listed = [gap for page in pages for gap in page]
    assert listed == sorted(set(listed))
    assert {authority for _, _, authority in listed} == set(CENTRAL_SOUTH)
    head = region.caller("head", school="6732118", person_id="person-head")
    seen = (await head.get("/v1/adviser-gaps", on="2020-01-20")).json()["items"]
    assert [gap["school_number"] for gap in seen] == ["6732118"], "regimes bind heads as well"
    wrong = await officer.get("/v1/adviser-gaps", on="2020-01-20", until="2020-01-19")
    assert wrong.status_code == 422


async def test_an_advisers_rights_follow_the_allocation(region: Register) -> None:
    """The policy: an adviser sees the contacts of the schools that he or she leads on the day, and of no other."""
    officer, person_id = await adviser(region)
    authority = region.caller("authority_system", authority="673")
    path = "/v1/schools/6732118/contacts"
    await authority.post(path, {"post": "head_teacher", "name": "Pennaeth Prawf"})
    herself = region.caller("adviser", person_id=person_id)
    assert (await herself.get(path)).status_code == 404
    held = await allocate(officer, person_id)
    assert (await herself.get(path)).json()["items"][0]["name"] == "Pennaeth Prawf"
    assert [a["school_number"] for a in await herself.everything("/v1/adviser-allocations")] == ["6732118"]
    await officer.patch(held.headers["location"], {"valid_to": "2020-01-20"}, held.headers["etag"])
    assert (await herself.get(path)).status_code == 404


async def test_a_heads_rights_follow_the_role(region: Register) -> None:
    head_id = await region.person("Pennaeth Prawf", "673", "673", school_number="6732118")
    head = region.caller("head", person_id=head_id)
    path = "/v1/schools/6732118/contacts"
    assert (await head.get(path)).status_code == 404
    body = {"person_id": head_id, "role": "head_teacher", "authority": "673", "school_number": "6732118",
            "employer": "673", "valid_from": "2019-09-01"}  # fmt: skip
    assert (await region.operator.post("/v1/role-assignments", body)).status_code == 201
    assert (await head.get(path)).status_code == 200
