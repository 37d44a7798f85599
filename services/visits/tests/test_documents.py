"""Evidence on visits and findings: added, checked, downloaded under the visit's policy [flows 6]; rules R90 to R96."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from documents_api import PDF, added, download, finalised, held, kept, rows, shared_with_school, upload
from sqlalchemy import func, select, text
from visits_api import NEIGHBOUR, SCHOOL, Caller, Visits

from service_kit.documents.serving import DocumentServing
from service_kit.problems import ProblemError
from service_kit.settings import Settings
from testkit.statements import statements_of
from visits.api.documents import DOCUMENTS
from visits.storage.documents import documents
from visits.storage.tables import shared

FINDING = {"area": "teaching", "statement": "Questioning rarely deepens understanding."}
NAME = "attachment; filename*=UTF-8''Gwers%205%20-%20Ll%C5%B7n.pdf"


async def test_evidence_is_added_and_downloaded(visits: Visits, tmp_path: Path) -> None:
    """R90, R95: metadata, link, the same bytes as an attachment that no browser runs; one event without its name."""
    adviser, visit = visits.adviser(), await held(visits)
    made = await added(adviser, f"/v1/visits/{visit}/documents", headers={"Content-Disposition": NAME})
    assert made["id"].startswith("visits-")
    assert (made["state"], made["file_name"], made["size"]) == ("available", "Gwers 5 - Llŷn.pdf", len(PDF))
    assert (made["sha256"], made["classification"]) == (sha256(PDF).hexdigest(), "confidential")
    assert made["records"] == [{"kind": "visit", "id": visit}]
    answer = await download(adviser, made["id"])
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''Gwers%205%20-%20Ll%C5%B7n.pdf" in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "no-store" in answer.headers["cache-control"]
    assert len(kept(tmp_path)) == 1
    (told,) = await visits.events("document.added")
    assert (told["document_id"], told["sha256"], told["school"]) == (made["id"], made["sha256"], SCHOOL)
    assert "Gwers" not in str(told)
    listed = await adviser.everything("/v1/documents", record_kind="visit", record_id=visit)
    assert [one["id"] for one in listed] == [made["id"]]


async def test_a_range_an_unchanged_file_and_a_range_behind_the_end(visits: Visits) -> None:
    adviser, visit = visits.adviser(), await held(visits)
    id_ = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    part = await download(adviser, id_, {"Range": "bytes=5-7"})
    assert (part.status_code, part.content) == (206, PDF[5:8])
    assert part.headers["content-range"] == f"bytes 5-7/{len(PDF)}"
    last = await download(adviser, id_, {"Range": "bytes=-6"})
    assert (last.status_code, last.content) == (206, PDF[-6:])
    assert (await download(adviser, id_, {"Range": "lines=1-2"})).status_code == 200
    behind = await download(adviser, id_, {"Range": f"bytes={len(PDF)}-"})
    assert (behind.status_code, behind.json()["code"]) == (416, "range_not_satisfiable")
    same = await download(adviser, id_, {"If-None-Match": part.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_evidence_follows_the_visits_state(visits: Visits) -> None:
    """Flows §1: the head from `shared` on, the chair once final, neighbours never; 404 for all of them before."""
    adviser, visit = visits.adviser(), await held(visits)
    id_ = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    head, chair = visits.head(), visits.caller("chair_of_governors", school=SCHOOL, person_id="chair-1")
    always = [
        visits.senior(), visits.system(), visits.caller("lead_officer", authority="673", person_id="officer"),
        visits.caller("director", authority="673", person_id="director"),
        visits.caller("consortium_officer", body="central_south", person_id="officer-2"),
        visits.caller("consortium_system", body="central_south"),
    ]  # fmt: skip
    never = [
        visits.adviser("adviser-2"), visits.system("681"), visits.head(NEIGHBOUR), visits.caller("operator"),
        visits.caller("welsh_government"), visits.caller("auditor", person_id="auditor"),
        visits.caller("data_officer", body="central_south", person_id="data"),
    ]  # fmt: skip

    async def reading(caller: Caller) -> bool:
        one = await caller.get(f"/v1/documents/{id_}")
        listed = (await caller.get("/v1/documents", record_id=visit)).json()["items"]
        link = await caller.get(f"/v1/documents/{id_}/link")
        assert one.status_code == link.status_code
        assert bool(listed) is (one.status_code == 200)
        assert one.status_code in (200, 404)
        return one.status_code == 200

    assert [await reading(caller) for caller in (adviser, head, chair)] == [True, False, False]
    await shared_with_school(visits, visit)
    assert [await reading(caller) for caller in (adviser, head, chair)] == [True, True, False]
    await finalised(visits, visit)
    assert [await reading(caller) for caller in (adviser, head, chair)] == [True, True, True]
    assert all([await reading(caller) for caller in always])
    assert not any([await reading(caller) for caller in never])


async def test_only_who_writes_the_visit_adds_and_removes(visits: Visits, tmp_path: Path) -> None:
    """403 for who may read the visit, 404 for who may not know of it; nothing is left behind."""
    visit = await held(visits)
    path = f"/v1/visits/{visit}/documents"
    id_ = (await added(visits.adviser(), path))["id"]
    for caller, status in (
        (visits.adviser("adviser-2"), 404), (visits.senior(), 403), (visits.head(), 403), (visits.system(), 403),
        (visits.caller("clerk", person_id="clerk"), 404),
    ):  # fmt: skip
        assert (await upload(caller, path)).status_code == status
        assert (await caller.post(f"/v1/documents/{id_}/remove", {"reason": "x"})).status_code == status
    assert (await upload(visits.adviser(), "/v1/visits/nothing/documents")).status_code == 404
    assert (len(kept(tmp_path)), await rows(visits)) == (1, 1)


async def test_a_final_visit_keeps_its_evidence(visits: Visits) -> None:
    """Flows §2: a final record is never edited; a redacted rendering of its evidence may still be added."""
    adviser, visit = visits.adviser(), await held(visits)
    path = f"/v1/visits/{visit}/documents"
    finding = (await adviser.done(f"/v1/visits/{visit}/findings", FINDING, 201))["id"]
    id_ = (await added(adviser, path))["id"]
    of_finding = (await added(adviser, f"/v1/findings/{finding}/documents"))["id"]
    await shared_with_school(visits, visit)
    await finalised(visits, visit)
    for closed in (path, f"/v1/findings/{finding}/documents"):
        refused = await upload(adviser, closed)
        assert (refused.status_code, refused.json()["code"]) == (409, "record_closed_to_documents")
    for one in (id_, of_finding):
        problem = await adviser.refused(f"/v1/documents/{one}/remove", {"reason": "no longer wanted"})
        assert (problem["code"], problem["reason"]) == ("transition_not_allowed", "record_closed")
        steps = (await adviser.get(f"/v1/documents/{one}")).json()["allowed_transitions"]
        assert [(step["name"], step["barred"]["code"]) for step in steps] == [("remove", "record_closed")]
    redacted = await added(adviser, path, original_id=id_, classification="internal")
    assert (redacted["original_id"], redacted["classification"]) == (id_, "internal")
    again = await upload(adviser, path, original_id=redacted["id"])
    assert [fault["code"] for fault in again.json()["errors"]] == ["no_such_document"]
    welsh = await upload(Caller(adviser.client, adviser.bearer, "cy"), path)
    assert welsh.json()["title"] == "Mae ffeiliau'r cofnod hwn wedi'u pennu"


async def test_a_removed_file_is_gone_and_what_is_known_of_it_stays(visits: Visits, tmp_path: Path) -> None:
    adviser, visit = visits.adviser(), await held(visits)
    id_ = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    before = visits.clock.now()
    visits.clock.moment += timedelta(minutes=1)
    removed = await adviser.done(f"/v1/documents/{id_}/remove", {"reason": "Names a pupil."})
    assert (removed["state"], removed["version"], removed["allowed_transitions"]) == ("removed", 2, [])
    problem = (await adviser.get(f"/v1/documents/{id_}/link")).json()
    assert (problem["status"], problem["code"]) == (410, "document_removed")
    assert await adviser.everything("/v1/documents", record_id=visit) == []
    as_known = await adviser.get(f"/v1/documents/{id_}", known_at=before.isoformat())
    assert as_known.json()["state"] == "available"
    again = await adviser.refused(f"/v1/documents/{id_}/remove", {"reason": "again"})
    assert again["reason"] == "not_from_this_state"
    await visits.tasks.run_all()
    assert kept(tmp_path) == []
    (told,) = await visits.events("document.removed")
    assert "pupil" not in str(told)


async def test_a_link_is_short_lived_and_its_callers_alone(visits: Visits) -> None:
    """R95: over after five minutes, worthless to others and without a token, and of no other document."""
    adviser, visit = visits.adviser(), await held(visits)
    one = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    other = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    link = httpx.URL((await adviser.get(f"/v1/documents/{one}/link")).json()["url"]).raw_path.decode()
    assert (await visits.client.get(link)).status_code == 401
    assert (await visits.senior().get(link)).status_code == 404
    assert (await adviser.get(link.replace(one, other))).status_code == 404
    assert (await adviser.get(link[:-2] + "xx")).status_code == 404
    assert (await adviser.get(f"/v1/documents/{one}/content")).status_code == 422
    assert (await adviser.get(link)).content == PDF
    visits.clock.moment += timedelta(minutes=5, seconds=1)
    over = await adviser.get(link)
    assert (over.status_code, over.json()["code"]) == (410, "link_expired")


async def test_every_read_of_a_confidential_file_is_audited(visits: Visits) -> None:
    """R96: who downloaded what; also what was only looked at."""
    adviser, visit = visits.adviser(), await held(visits)
    id_ = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    await adviser.get(f"/v1/documents/{id_}")
    await download(adviser, id_)
    outbox = shared.audit.outbox
    of_document = select(outbox.c.record, outbox.c.subject).where(
        outbox.c.action == "read", outbox.c.record_id == id_
    )
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(10):
        while ("document_content", "adviser-1") not in found:
            await asyncio.sleep(0.1)  # entries are written in batches, every half second
            async with visits.superuser.connect() as connection:
                found = [(row.record, row.subject) for row in await connection.execute(of_document)]
    assert ("document", "adviser-1") in found


async def test_row_level_security_hides_documents_of_records_that_are_hidden(visits: Visits) -> None:
    """Invariant 16: the second lock asks the records themselves."""
    visit = await held(visits)
    await added(visits.adviser(), f"/v1/visits/{visit}/documents")
    statement = select(func.count()).select_from(documents.documents.slices)
    for setting, value, seen in (
        ("app.confidential_schools", SCHOOL, 1), ("app.confidential_authorities", "673", 1),
        ("app.confidential_schools", NEIGHBOUR, 0), ("app.public_schools", SCHOOL, 0),
    ):  # fmt: skip
        async with visits.api.connect() as connection:
            await connection.execute(
                text("select set_config(:name, :value, true)"), {"name": setting, "value": value}
            )
            assert await connection.scalar(statement) == seen, (setting, value)


async def test_reading_costs_the_same_statements_whatever_is_there(visits: Visits) -> None:
    """R16: one statement for the settings and one for the page or the record, beside the caller's memberships."""
    adviser, visit = visits.adviser(), await held(visits)
    counts = []
    for _ in range(2):
        for _ in range(3):
            id_ = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
        for path in (f"/v1/documents?record_id={visit}", f"/v1/documents/{id_}"):
            with statements_of(visits.api) as statements:
                assert (await visits.system().send("GET", path)).status_code == 200
            # The audit of the reads before is written beside.
            counts.append(len([one for one in statements if "audit" not in one]))
    assert counts == [2, 2, 2, 2]


async def test_the_tag_turns_on_the_steps_too(visits: Visits) -> None:
    """R10: the document is the same version when its visit becomes final; what may be done with it is not."""
    adviser, visit = visits.adviser(), await held(visits)
    path = f"/v1/documents/{(await added(adviser, f'/v1/visits/{visit}/documents'))['id']}"
    tag = (await adviser.get(path)).headers["etag"]
    assert (await adviser.send("GET", path, headers={"If-None-Match": tag})).status_code == 304
    await shared_with_school(visits, visit)
    await finalised(visits, visit)
    changed = await adviser.send("GET", path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["version"]) == (200, 1)


async def test_a_clients_own_reference_finds_the_document(visits: Visits) -> None:
    adviser, visit = visits.adviser(), await held(visits)
    id_ = (await added(adviser, f"/v1/visits/{visit}/documents"))["id"]
    answer = await adviser.send("PUT", f"/v1/documents/{id_}/external-references", json={"values": ["EV-7"]})
    assert answer.json()["external_references"] == ["EV-7"]
    assert [one["id"] for one in await adviser.everything("/v1/documents", external_reference="EV-7")] == [
        id_
    ]
    another = visits.caller("senior_adviser", body="central_south", person_id="s", client_id="another")
    assert len(await another.everything("/v1/documents", record_id=visit)) == 1
    assert await another.everything("/v1/documents", external_reference="EV-7") == []


def test_without_a_store_no_file_is_taken() -> None:
    """A service without a place for files starts; whoever sends one is told that there is none."""
    serving = DocumentServing.of(DOCUMENTS, Settings(), "visits", b"a secret of sufficient length")
    with pytest.raises(ProblemError) as refused:
        _ = serving.open_store
    assert refused.value.code == "document_store_missing"
