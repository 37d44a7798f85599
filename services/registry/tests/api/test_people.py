"""People, their dated roles, and each authority's liaisons."""

from registry_api import Register


async def test_a_person_is_seen_by_those_who_work_with_them(region: Register) -> None:
    """Flows §1: the operator loads people and sees their ids alone; Welsh Government is refused."""
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    answer = await officer.post(
        "/v1/people", {"name": "Llinos Prawf", "authority": "674", "employer": "csc", "language": "cy"}
    )
    assert answer.status_code == 201, answer.text
    person = answer.json()
    assert person["name"] == "Llinos Prawf"
    loaded = await region.operator.post(
        "/v1/people", {"name": "Ceri Prawf", "authority": "674", "employer": "csc"}
    )
    assert loaded.status_code == 201
    assert "name" not in loaded.json()
    assert loaded.json()["id"]
    listed = await officer.everything("/v1/people")
    assert [p["name"] for p in listed] == ["Ceri Prawf", "Llinos Prawf"]
    assert await region.operator.everything("/v1/people") == []
    assert (await region.caller("welsh_government").get("/v1/people")).status_code == 403
    neighbour = region.caller("authority_system", authority="681")
    assert (await neighbour.get(f"/v1/people/{person['id']}")).status_code == 404
    assert await neighbour.everything("/v1/people") == []
    herself = region.caller("adviser", person_id=person["id"])
    assert (await herself.get(f"/v1/people/{person['id']}")).json()["name"] == "Llinos Prawf"
    said = str(await region.events("person"))
    assert "Prawf" not in said


async def test_people_are_in_the_order_of_the_welsh_alphabet(region: Register) -> None:
    for name in ("Llŷr", "Lwli", "Chloe", "Cyan", "Ddraig", "Dyfed"):
        await region.person(name)
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    assert [p["name"] for p in await officer.everything("/v1/people")] == [
        "Cyan", "Chloe", "Dyfed", "Ddraig", "Lwli", "Llŷr"
    ]  # fmt: skip


async def test_a_client_finds_people_by_its_own_references(region: Register) -> None:
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    person_id = await region.person("Llinos Prawf")
    answer = await officer.send(
        "PUT", f"/v1/people/{person_id}/external-references", json={"values": ["staff-1"]}
    )
    assert answer.json()["external_references"] == ["staff-1"]
    assert [p["id"] for p in await officer.everything("/v1/people", external_reference="staff-1")] == [
        person_id
    ]
    neighbour = region.caller("authority_system", authority="681")
    path = f"/v1/people/{person_id}/external-references"
    assert (await neighbour.send("PUT", path, json={"values": []})).status_code == 404
    twice = await officer.send("PUT", path, json={"values": ["a", "a"]})
    assert [(e["pointer"], e["code"]) for e in twice.json()["errors"]] == [("/values/1", "repeated_value")]


async def test_details_of_a_person_change_and_are_not_told(region: Register) -> None:
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    person_id = await region.person("Llinos Prawf")
    path = f"/v1/people/{person_id}"
    held = await officer.get(path)
    changed = await officer.patch(path, {"email": "llinos@csc.example"}, held.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["email"] == "llinos@csc.example"
    (event,) = await region.events("person.details_changed")
    assert event["changed"] == ["email"]
    assert "llinos" not in str(event)
    moved = await officer.patch(path, {"authority": "661"}, changed.headers["etag"])
    assert moved.status_code == 404  # not an authority of the officer's consortium
    bad = await officer.patch(path, {"employer": "nobody"}, changed.headers["etag"])
    assert [(e["pointer"], e["code"]) for e in bad.json()["errors"]] == [("/employer", "unknown_employer")]


async def test_a_role_is_dated_and_ends(region: Register) -> None:
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    person_id = await region.person("Llinos Prawf")
    body = {
        "person_id": person_id,
        "role": "adviser",
        "authority": "674",
        "employer": "csc",
        "valid_from": "2019-09-01",
    }
    assigned = await officer.post("/v1/role-assignments", body)
    assert assigned.status_code == 201, assigned.text
    path = assigned.headers["location"]
    ended = await officer.patch(path, {"valid_to": "2020-09-01"}, assigned.headers["etag"])
    assert ended.json()["valid_to"] == "2020-09-01"
    assert (await officer.patch(path, {"valid_to": "2019-09-01"}, ended.headers["etag"])).status_code == 422

    async def held(day: str) -> int:
        return len(await officer.everything("/v1/role-assignments", person_id=person_id, valid_at=day))

    assert [await held(day) for day in ("2019-08-31", "2019-09-01", "2020-08-31", "2020-09-01")] == [
        0,
        1,
        1,
        0,
    ]
    assigned_event, ended_event = await region.events("role.")
    assert assigned_event["valid_to"] is None
    assert (ended_event["valid_from"], ended_event["valid_to"]) == ("2019-09-01", "2020-09-01")


async def test_every_fault_of_a_role_is_told(region: Register) -> None:
    body = {"person_id": "nobody", "role": "head_teacher", "authority": "999", "employer": "csc",
            "valid_from": "2019-09-01"}  # fmt: skip
    answer = await region.operator.post("/v1/role-assignments", body)
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        ("/person_id", "unknown_person"), ("/authority", "unknown_authority"), ("/school_number", "role_needs_school")
    }  # fmt: skip
    backwards = await region.operator.post("/v1/role-assignments", body | {"valid_to": "2019-09-01"})
    assert [e["code"] for e in backwards.json()["errors"]] == ["ends_before_it_begins"]


async def test_exactly_one_liaison_of_a_kind_per_day(region: Register) -> None:
    """S0-06: one senior link officer and one lead officer per authority; a new one takes the place of the old."""
    one, other = await region.person("Un Prawf"), await region.person("Dau Prawf")
    officer = region.caller("consortium_officer", body="csc", person_id="p0")

    async def designate(person_id: str, day: str) -> int:
        answer = await officer.post(
            "/v1/liaisons",
            {"authority": "673", "kind": "senior_link_officer", "person_id": person_id, "valid_from": day},
        )
        return answer.status_code

    assert await designate(other, "2020-01-01") == 201
    assert await designate(one, "2019-09-01") == 201  # told later, holds earlier
    reader = region.caller("authority_system", authority="673")

    async def held(day: str) -> list[str]:
        return [row["person_id"] for row in await reader.everything("/v1/liaisons", valid_at=day)]

    assert [await held(d) for d in ("2019-08-31", "2019-09-01", "2019-12-31", "2020-01-01")] == [
        [], [one], [one], [other]
    ]  # fmt: skip
    neighbour = region.caller("authority_system", authority="681")
    assert await neighbour.everything("/v1/liaisons") == []
    refused = await neighbour.post(
        "/v1/liaisons",
        {"authority": "673", "kind": "lead_officer", "person_id": one, "valid_from": "2020-01-01"},
    )
    assert refused.status_code == 404
