"""Contacts: the own authority, consortium officers and the own school; for others they do not exist."""

from registry_api import Caller, Register

PATH = "/v1/schools/6732118/contacts"


async def head_recorded(region: Register) -> Caller:
    authority = region.caller("authority_system", authority="673")
    answer = await authority.post(
        PATH, {"post": "head_teacher", "name": "Pennaeth Prawf", "email": "pennaeth@ysgol.example"}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{PATH}/head_teacher"
    return authority


async def test_a_head_teachers_contact_is_changed_under_if_match(region: Register) -> None:
    authority = await head_recorded(region)
    held = await authority.get(f"{PATH}/head_teacher")
    changed = await authority.patch(
        f"{PATH}/head_teacher", {"telephone": "01446 111111", "email": None}, held.headers["etag"]
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["telephone"], changed.json()["email"]) == ("01446 111111", None)
    assert changed.json()["name"] == "Pennaeth Prawf"
    stale = await authority.patch(f"{PATH}/head_teacher", {"email": "a@b.example"}, held.headers["etag"])
    assert stale.status_code == 412
    assert stale.json()["current"]["telephone"] == "01446 111111"


async def test_an_event_names_personal_fields_and_never_carries_them(region: Register) -> None:
    authority = await head_recorded(region)
    held = await authority.get(f"{PATH}/head_teacher")
    await authority.patch(f"{PATH}/head_teacher", {"telephone": "01446 111111"}, held.headers["etag"])
    recorded, changed = await region.events("contact.changed")
    assert recorded["changed"] == ["name", "email"]
    assert changed["changed"] == ["telephone"]
    assert (changed["authority"], changed["school"], changed["post"]) == ("673", "6732118", "head_teacher")
    said = str([recorded, changed])
    assert "Prawf" not in said
    assert "01446" not in said
    assert "@" not in said


async def test_who_sees_a_contact(region: Register) -> None:
    """Flows §1."""
    await head_recorded(region)
    own = [
        region.caller("authority_system", authority="673"),
        region.caller("consortium_officer", body="csc", person_id="p1"),
        region.caller("consortium_system", body="csc"),
        region.caller("head", school="6732118", person_id="p2"),
        region.caller("lead_officer", authority="673", person_id="p3"),
    ]
    for caller in own:
        answer = await caller.get(f"{PATH}/head_teacher")
        assert answer.status_code == 200, answer.text
        assert answer.json()["name"] == "Pennaeth Prawf"
        assert len((await caller.get(PATH)).json()["items"]) == 1
    others = [
        region.caller("authority_system", authority="681"),
        region.caller("consortium_system", body="gwe"),
        region.caller("head", school="6812309", person_id="p4"),
        region.caller("adviser", person_id="p5"),
    ]
    for caller in (*others, region.operator):
        assert (await caller.get(f"{PATH}/head_teacher")).status_code == 404
        assert (await caller.get(PATH)).status_code == 404
    for caller in others:
        patched = await caller.patch(f"{PATH}/head_teacher", {"email": None}, '"1-000000000000"')
        assert patched.status_code in (403, 404)
    assert (await region.caller("welsh_government").get(PATH)).status_code == 403


async def test_a_contact_is_recorded_once_and_for_a_known_school(region: Register) -> None:
    authority = await head_recorded(region)
    again = await authority.post(PATH, {"post": "head_teacher", "name": "X"})
    assert again.status_code == 409
    unknown = await authority.post("/v1/schools/6739999/contacts", {"post": "clerk"})
    assert unknown.status_code == 404
    neighbour = await authority.post("/v1/schools/6812309/contacts", {"post": "clerk"})
    assert neighbour.status_code == 404
    bad = await authority.post(PATH, {"post": "caretaker", "email": "nobody", "name": ""})
    assert {(e["pointer"], e["code"]) for e in bad.json()["errors"]} == {
        ("/post", "not_in_list"), ("/email", "pattern_mismatch"), ("/name", "too_short")
    }  # fmt: skip


async def test_the_same_post_repeated_with_its_key_is_answered_and_not_done(region: Register) -> None:
    authority = region.caller("authority_system", authority="673")
    key = {"Idempotency-Key": "one-contact"}
    first = await authority.post(PATH, {"post": "clerk", "name": "Clerc"}, headers=key)
    second = await authority.post(PATH, {"post": "clerk", "name": "Clerc"}, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert len(await region.events("contact.changed")) == 1
