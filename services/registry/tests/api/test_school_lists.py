"""S0-01: the address list in, previewed, applied as one dated change set; a repeated list changes nothing."""

from collections import Counter

from registry_api import CENTRAL_SOUTH, Register, edited_csv
from registry_data import ODS, csv_bytes, list_bytes


async def test_the_whole_list_is_previewed_and_applied(register: Register) -> None:
    await register.register_authorities()
    sent = await register.previewed(list_bytes(ODS))
    assert sent["state"] == "previewed"
    assert sent["counts"] == {
        "parts": {"maintained": 1521, "independent": 72, "pru": 23},
        "warnings": 37, "added": 1616, "changed": 0, "unchanged": 0, "missing": 0, "closed": 0,
    }  # fmt: skip
    assert [(s["name"], s["allowed"]) for s in sent["allowed_transitions"]] == [
        ("preview", True), ("application", True)
    ]  # fmt: skip
    assert await register.number("select count(*) from schools") == 0

    before = await register.number("select count(*) from outbox")
    answer = await register.operator.post(f"/v1/school-lists/{sent['id']}/application")
    assert answer.status_code == 202
    assert await register.jobs.run_one()
    job = (await register.operator.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    assert job["state"] == "succeeded"
    assert job["result"]["added"] == 1616
    assert await register.number("select count(*) from outbox") == before + 1617

    schools = await register.operator.everything("/v1/schools", valid_at="2018-04-10")
    assert Counter(s["sector"] for s in schools) == {
        "primary": 1261, "secondary": 195, "special": 41, "middle": 13, "nursery": 11, "independent": 72, "pru": 23
    }  # fmt: skip
    maintained = [s for s in schools if s["sector"] not in ("independent", "pru")]
    assert len(maintained) == 1521
    here = Counter(s["authority"] for s in maintained if s["authority"] in CENTRAL_SOUTH)
    assert [here[code] for code in CENTRAL_SOUTH] == [59, 55, 123, 28, 126]
    (applied,) = await register.events("list.applied")
    assert applied["added"] == 1616
    assert applied["valid_from"] == "2018-04-10"


async def test_a_repeated_list_changes_nothing(region: Register) -> None:
    """Zero writes and zero events, also for the parts as CSV in Welsh."""
    before = await region.rows("select (select count(*) from outbox), (select count(*) from school_slices)")
    for content in (list_bytes(ODS), csv_bytes("maintained-schools", "cy"), csv_bytes("prus", "cy")):
        applied = await region.applied(content)
        assert applied["state"] == "applied"
        assert (applied["counts"]["added"], applied["counts"]["changed"]) == (0, 0)
        assert applied["counts"]["missing"] == 0
    after = await region.rows("select (select count(*) from outbox), (select count(*) from school_slices)")
    assert after == before


async def test_differences_are_reported_row_by_row(region: Register) -> None:
    def change(rows: list[list[str]]) -> None:
        by_number = {row[0]: row for row in rows}
        by_number["6732118"][1] = "Gladstone Primary"
        by_number["6732118"][16] = ""
        rows.remove(by_number["6812309"])
        rows.append([*by_number["6732118"]])
        rows[-1][0:2] = ["6732399", "Ysgol Newydd y Barri"]

    sent = await region.previewed(edited_csv("maintained-schools", change), "2018-09-01")
    counts = sent["counts"]
    assert (counts["added"], counts["changed"], counts["unchanged"], counts["missing"]) == (1, 1, 1519, 1)
    path = f"/v1/school-lists/{sent['id']}/rows"
    (changed,) = await region.operator.everything(path, kind="changed")
    assert changed["school_number"] == "6732118"
    assert changed["fields"]["name"] == {"before": "Gladstone Primary School", "after": "Gladstone Primary"}
    assert list(changed["fields"]) == ["name", "pupils"]
    (missing,) = await region.operator.everything(path, kind="missing")
    assert missing["school_number"] == "6812309"
    warnings = await region.caller("operator", "cy").everything(path, kind="warning")
    assert len(warnings) == 32
    assert any(w["detail"].startswith("Tynnwyd bylchau") for w in warnings)
    everything = await region.operator.everything(path)
    assert [row["position"] for row in everything] == list(range(1, 36))

    await region.operator.post(f"/v1/school-lists/{sent['id']}/application")
    await region.jobs.run_one()
    today = (await region.operator.get("/v1/schools/6732118")).json()
    before = (await region.operator.get("/v1/schools/6732118", valid_at="2018-08-31")).json()
    assert (today["name"], today["pupils"], today["valid_from"]) == ("Gladstone Primary", None, "2018-09-01")
    assert (before["name"], before["valid_to"]) == ("Gladstone Primary School", "2018-09-01")
    gone = (await region.operator.get("/v1/schools/6812309")).json()
    assert gone["status"] == "open"  # reported, not closed
    (changed,) = await region.events("school.details_changed")
    assert changed["changed"] == ["name", "pupils"]


async def test_a_later_fact_survives_an_earlier_list(region: Register) -> None:
    """A list says what stood on its date: it does not overwrite what is known of later days."""
    school = await region.operator.get("/v1/schools/6732118")
    changed = await region.operator.patch(
        "/v1/schools/6732118", {"phone": "01446 999999", "valid_from": "2019-06-01"}, school.headers["etag"]
    )
    assert changed.status_code == 200

    def rename(rows: list[list[str]]) -> None:
        next(row for row in rows if row[0] == "6732118")[1] = "Gladstone"

    await region.applied(edited_csv("maintained-schools", rename), "2018-09-01")
    names = [
        (await region.operator.get("/v1/schools/6732118", valid_at=day)).json()
        for day in ("2018-04-10", "2018-09-01", "2019-06-01")
    ]
    assert [n["name"] for n in names] == ["Gladstone Primary School", "Gladstone", "Gladstone Primary School"]
    assert names[2]["phone"] == "01446 999999"


async def test_a_preview_is_outdated_when_the_register_moves(region: Register) -> None:
    def rename(rows: list[list[str]]) -> None:
        next(row for row in rows if row[0] == "6732118")[1] = "Gladstone"

    sent = await region.previewed(edited_csv("maintained-schools", rename), "2018-09-01")
    school = await region.operator.get("/v1/schools/6732118")
    await region.operator.patch(
        "/v1/schools/6732118", {"name": "Gladstone", "valid_from": "2018-09-01"}, school.headers["etag"]
    )
    answer = await region.operator.post(f"/v1/school-lists/{sent['id']}/application")
    await region.jobs.run_one()
    job = (await region.caller("operator", "cy").get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    assert job["state"] == "failed"
    assert job["problem"]["code"] == "preview_outdated"
    assert job["problem"]["title"] == "Mae'r gofrestr wedi newid ers y rhagolwg"
    again = await region.operator.post(f"/v1/school-lists/{sent['id']}/preview")
    assert again.status_code == 202
    await region.jobs.run_one()
    assert (await region.operator.get(f"/v1/school-lists/{sent['id']}")).json()["counts"]["changed"] == 0


async def test_an_application_needs_a_preview(register: Register) -> None:
    await register.register_authorities()
    answer = await register.send_list(csv_bytes("prus"))
    refused = await register.operator.post(f"/v1/school-lists/{answer.json()['id']}/application")
    assert refused.status_code == 409
    assert refused.json()["code"] == "transition_not_allowed"


async def test_who_may_send_a_list(register: Register) -> None:
    await register.register_authorities()
    authority = register.caller("authority_system", authority="673")
    assert (await register.send_list(csv_bytes("prus"), caller=authority)).status_code == 403
    sent = await register.previewed(csv_bytes("prus"))
    assert (await authority.get(f"/v1/school-lists/{sent['id']}")).status_code == 403
    officer = register.caller("data_officer", body="csc")
    assert (await officer.get(f"/v1/school-lists/{sent['id']}")).status_code == 200


async def test_a_dry_run_keeps_nothing(register: Register) -> None:
    await register.register_authorities()
    answer = await register.operator.send(
        "POST", "/v1/school-lists", params={"list_date": "2018-04-10", "dry_run": "true"},
        content=csv_bytes("prus"), headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert answer.status_code == 202
    assert answer.json()["counts"]["parts"] == {"pru": 23}
    assert await register.number("select count(*) from school_lists") == 0
    assert await register.number("select count(*) from jobs") == 0


async def test_a_list_sent_twice_with_one_key_is_one_list(register: Register) -> None:
    await register.register_authorities()
    key = {"Idempotency-Key": "list-of-april-2018"}
    first = await register.send_list(csv_bytes("prus"), **key)
    second = await register.send_list(csv_bytes("prus"), **key)
    assert first.json()["id"] == second.json()["id"]
    assert await register.count("school_lists") == await register.count("jobs") == 1
    other = await register.send_list(csv_bytes("prus", "cy"), **key)
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
