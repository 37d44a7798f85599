"""R35 and flows §5: a client's own ids on every kind of record that it may keep a copy of."""

from registry_api import Caller, Register, terms_of

CONTACTS = "/v1/schools/6732118/contacts"


async def records(region: Register, officer: Caller) -> dict[str, tuple[str, list[str]]]:
    """For each kind its list, and the addresses of two records."""
    people = [await region.person(f"Llinos Prawf {n}", "673", "673") for n in (1, 2)]
    roles, allocations, contacts = [], [], []
    for person_id, school, post in zip(
        people, ("6732118", "6732120"), ("head_teacher", "clerk"), strict=True
    ):
        held = {"person_id": person_id, "valid_from": "2019-09-01"}
        role = held | {"role": "adviser", "authority": "673", "employer": "673"}
        roles.append((await officer.post("/v1/role-assignments", role)).headers["location"])
        allocation = await officer.post("/v1/adviser-allocations", held | {"school_number": school})
        allocations.append(allocation.headers["location"])
        contacts.append((await officer.post(CONTACTS, {"post": post, "name": "Prawf"})).headers["location"])
    return {
        "people": ("/v1/people", [f"/v1/people/{person_id}" for person_id in people]),
        "contacts": (CONTACTS, contacts),
        "roles": ("/v1/role-assignments", roles),
        "allocations": ("/v1/adviser-allocations", allocations),
        "schools": ("/v1/schools", ["/v1/schools/6732118", "/v1/schools/6732120"]),
        "authorities": ("/v1/authorities", ["/v1/authorities/673", "/v1/authorities/681"]),
        "liaisons": ("/v1/liaisons", await liaisons_of(officer, people[0])),
        "regimes": ("/v1/regimes", ["/v1/regimes/673", "/v1/regimes/681"]),
        "footprints": ("/v1/footprint-memberships", await in_footprints(officer)),
        "calendars": ("/v1/calendars", [await calendar_of(region, code) for code in ("673", "681")]),
    }


async def liaisons_of(officer: Caller, person_id: str) -> list[str]:
    """The addresses of the two liaisons of an authority."""
    held = {"authority": "673", "person_id": person_id, "valid_from": "2019-09-01"}
    made = [
        await officer.post("/v1/liaisons", {**held, "kind": kind})
        for kind in ("senior_link_officer", "lead_officer")
    ]
    return [answer.headers["location"] for answer in made]


async def in_footprints(officer: Caller) -> list[str]:
    """The addresses of the memberships of one authority: a consortium and a health board."""
    listed = "/v1/footprint-memberships"
    return [f"{listed}/{item['id']}" for item in await officer.everything(listed, authority="673")][:2]


async def calendar_of(region: Register, authority: str) -> str:
    """The address of an authority's calendar, which is published."""
    year, terms = terms_of("school-term-dates-2019-20.csv", authority)
    body = {"authority": authority, "school_year": year, "terms": terms}
    return str((await region.operator.post("/v1/calendars", body)).headers["location"])


async def put(caller: Caller, address: str, *values: str) -> tuple[int, dict[str, object]]:
    answer = await caller.send("PUT", f"{address}/external-references", json={"values": list(values)})
    return answer.status_code, answer.json()


async def test_every_kind_of_record_takes_a_clients_own_references(region: Register) -> None:
    """Set, shown on the record and in its list, found; unique per client and kind; nobody else's business."""
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    other = region.caller("lead_officer", authority="673", person_id="p1", client_id="another")
    for kind, (listed, (first, second)) in (await records(region, officer)).items():
        before = (await officer.get(first)).headers["etag"]
        status, body = await put(officer, first, "case-1", "uprn:7")
        assert (status, body["external_references"]) == (200, ["case-1", "uprn:7"]), kind
        assert (await officer.get(first)).json()["external_references"] == ["case-1", "uprn:7"], kind
        assert (await officer.get(first, headers={"If-None-Match": before})).status_code == 200, kind
        found = await officer.everything(listed, external_reference="case-1")
        assert [item["external_references"] for item in found] == [["case-1", "uprn:7"]], kind
        status, body = await put(officer, second, "case-2", "case-1")
        assert (status, body["code"]) == (409, "external_reference_taken"), kind
        assert [error["pointer"] for error in body["errors"]] == ["/values/1"], kind
        assert [held["value"] for held in body["existing"]] == ["case-1"], kind
        assert (await officer.get(second)).json()["external_references"] == [], kind

        assert (await other.get(first)).json()["external_references"] == [], kind
        assert await other.everything(listed, external_reference="case-1") == [], kind
        assert (await put(other, second, "case-1"))[0] == 200, kind


async def test_a_taken_reference_names_only_a_record_that_the_client_may_see(region: Register) -> None:
    """The person has gone to another authority since: that one's people are not known here (404, flows §1)."""
    mine = region.caller("authority_system", authority="673")
    gone, stays = [await region.person(f"Llinos Prawf {n}", "673", "673") for n in (1, 2)]
    assert (await put(mine, f"/v1/people/{gone}", "staff-1"))[0] == 200
    _, body = await put(mine, f"/v1/people/{stays}", "staff-1")
    assert body["existing"] == [{"value": "staff-1", "id": gone}]
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    held = await officer.get(f"/v1/people/{gone}")
    moved = await officer.patch(
        f"/v1/people/{gone}", {"authority": "681", "employer": "681"}, held.headers["etag"]
    )
    assert moved.status_code == 200, moved.text
    status, body = await put(mine, f"/v1/people/{stays}", "staff-1")
    assert (status, body["existing"]) == (409, [])
    assert gone not in str(body)
    assert (await put(mine, f"/v1/people/{gone}", "staff-1"))[0] == 404
