"""Papers, appendices and minutes as files [flows 6; S0-23, S4-30, D-20]: seen as their meeting is seen."""

from datetime import UTC, datetime
from typing import Any

import httpx
from governance_api import Caller, Governance

from testkit import files

BODY = "scrutiny_vale"
CABINET = "vale_cabinet"
DAY = datetime(2020, 2, 24, 18, tzinfo=UTC)
PDF = files.pdf("Papur")
EXEMPT = {
    "matter": "report", "title_en": "Contract", "title_cy": "Contract", "exempt_paragraph": 14,
    "exclusion_resolution": "That the public be excluded",
}  # fmt: skip


async def upload(caller: Caller, path: str, **query: str) -> httpx.Response:
    return await caller.send(
        "POST", f"{path}/documents", params={"language": "both", **query}, content=PDF,
        headers={"Content-Type": "application/pdf"},
    )  # fmt: skip


async def added(caller: Caller, path: str, **query: str) -> dict[str, Any]:
    answer = await upload(caller, path, **query)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def reads(caller: Caller, document_id: str) -> bool:
    link = await caller.get(f"/v1/documents/{document_id}/link")
    shown = await caller.get(f"/v1/documents/{document_id}")
    assert link.status_code == shown.status_code
    if link.status_code != 200:
        assert link.status_code == 404
        return False
    file = await caller.send("GET", httpx.URL(link.json()["url"]).raw_path.decode())
    assert (file.status_code, file.content) == (200, PDF)
    return True


async def scrutiny(governance: Governance) -> tuple[dict[str, Any], Caller]:
    await governance.establish(BODY, "scrutiny_committee_2012", ["673"])
    for name, seat in (("elected", "elected_member"), ("observer", "observer")):
        await governance.appoint(BODY, seat, name)
    return await governance.scheduled(BODY, DAY), governance.clerk(f"clerk of {BODY}")


async def test_a_paper_is_the_bodys_until_the_agenda_is_published_then_public(governance: Governance) -> None:
    """Flows 1: meetings and papers are public once published; of a higher class the body's for good."""
    meeting, clerk = await scrutiny(governance)
    item = f"/v1/agenda-items/{meeting['item_ids'][0]}"
    paper, internal = await added(clerk, item), await added(clerk, item, classification="internal")
    assert (paper["classification"], paper["records"][0]["kind"]) == ("public", "agenda_item")
    elected, stranger = governance.member("elected"), governance.clerk("another")
    assert [await reads(caller, paper["id"]) for caller in (clerk, elected)] == [True, True]
    assert [await reads(caller, paper["id"]) for caller in (governance.public, stranger)] == [False, False]
    await clerk.done(f"/v1/meetings/{meeting['id']}/agree-agenda")
    await clerk.done(f"/v1/meetings/{meeting['id']}/give-notice")
    for caller in (governance.public, stranger, governance.operator, governance.caller("welsh_government")):
        assert await reads(caller, paper["id"])
        assert not await reads(caller, internal["id"])
    assert await reads(elected, internal["id"])
    listed = await governance.public.read("/v1/documents", record_id=meeting["item_ids"][0])
    assert [one["id"] for one in listed["items"]] == [paper["id"]]
    told = await governance.events("document")
    assert {event["body_id"] for event in told} == {BODY}


async def test_a_paper_of_an_exempt_item_is_for_those_who_stay_and_its_rendering_for_all(
    governance: Governance,
) -> None:
    """Flows 1: exempt papers by body and paragraph, an observer leaves for them; the redacted one is another file."""
    meeting, clerk = await scrutiny(governance)
    exempt = await clerk.done("/v1/agenda-items", {**EXEMPT, "meeting_id": meeting["id"]})
    path, open_item = f"/v1/agenda-items/{exempt['id']}", f"/v1/agenda-items/{meeting['item_ids'][0]}"
    paper = await added(clerk, path)
    assert paper["classification"] == "confidential"
    refused = await upload(clerk, path, classification="public")
    assert [(f["pointer"], f["code"]) for f in refused.json()["errors"]] == [("classification", "too_open")]
    rendering = await added(clerk, open_item, original_id=paper["id"], classification="public")
    assert rendering["original_id"] == paper["id"]
    await clerk.done(f"/v1/meetings/{meeting['id']}/agree-agenda")
    await clerk.done(f"/v1/meetings/{meeting['id']}/give-notice")
    assert [await reads(caller, paper["id"]) for caller in (clerk, governance.member("elected"))] == [
        True,
        True,
    ]
    for caller in (governance.public, governance.member("observer"), governance.clerk("another")):
        assert not await reads(caller, paper["id"])
        assert await reads(caller, rendering["id"])


async def test_who_does_not_write_the_agenda_adds_nothing(governance: Governance) -> None:
    meeting, clerk = await scrutiny(governance)
    path = f"/v1/agenda-items/{meeting['item_ids'][0]}"
    assert (await upload(governance.member("elected"), path)).status_code == 403
    assert (await upload(governance.clerk("another"), path)).status_code == 404
    await clerk.done(f"{path}/withdraw")
    refused = await upload(clerk, path)
    assert (refused.status_code, refused.json()["code"]) == (409, "record_closed_to_documents")


async def test_a_paper_that_names_a_document_has_it_attached(governance: Governance) -> None:
    """A document added to the meeting becomes a paper of an item; one that the clerk may not know of is refused."""
    meeting, clerk = await scrutiny(governance)
    item = f"/v1/agenda-items/{meeting['item_ids'][0]}"
    document = await added(clerk, f"/v1/meetings/{meeting['id']}")
    paper = {"title_en": "Report", "language": "en", "document_id": document["id"]}
    shown = await clerk.done(f"{item}/papers", paper)
    assert shown["papers"][0]["document_id"] == document["id"]
    attached = await clerk.read(f"/v1/documents/{document['id']}")
    assert [one["kind"] for one in attached["records"]] == ["meeting", "agenda_item"]
    assert [event["type"] for event in await governance.events("document")] == [
        "document.added.v1",
        "document.attached.v1",
    ]
    await clerk.done(f"{item}/papers", paper)
    assert (await clerk.read(f"/v1/documents/{document['id']}"))["version"] == 2
    unknown = await clerk.post(f"{item}/papers", {**paper, "document_id": "governance-unknown"})
    assert [(f["pointer"], f["code"]) for f in unknown.json()["errors"]] == [
        ("/document_id", "no_such_document")
    ]
    exempt = await clerk.done("/v1/agenda-items", {**EXEMPT, "meeting_id": meeting["id"]})
    too_open = await clerk.post(f"/v1/agenda-items/{exempt['id']}/papers", paper)
    assert [f["code"] for f in too_open.json()["errors"]] == ["too_open"]


async def test_minutes_as_a_file_are_seen_as_the_minutes_are(governance: Governance) -> None:
    """S4-30: minutes are published with their documents; published ones keep them."""
    await governance.establish(CABINET, "cabinet_2012", ["673"])
    members = [
        await governance.appoint(
            CABINET, "cabinet_member", f"m{n}", **({"office": "chair"} if n == 0 else {})
        )
        for n in range(4)
    ]
    clerk, chair = governance.clerk(f"clerk of {CABINET}"), governance.member("m0")
    meeting = await governance.opened(CABINET, datetime(2020, 2, 13, 10, tzinfo=UTC), "m0", members)
    await chair.done(f"/v1/meetings/{meeting['id']}/close")
    texts = {"meeting_id": meeting["id"], "text_en": "Minutes", "text_cy": "Cofnodion"}
    path = f"/v1/minutes/{(await clerk.done('/v1/minutes', texts))['id']}"
    file = await added(clerk, path)
    assert (await reads(chair, file["id"]), await reads(governance.public, file["id"])) == (True, False)
    following = await governance.opened(CABINET, datetime(2020, 3, 12, 10, tzinfo=UTC), "m0", members)
    await clerk.done(f"{path}/approve", {"at_meeting_id": following["id"], "amendments": []})
    await clerk.done(f"{path}/publish")
    assert await reads(governance.public, file["id"])
    assert (await upload(clerk, path)).json()["code"] == "record_closed_to_documents"
    refused = await clerk.refused(f"/v1/documents/{file['id']}/remove", {"reason": "late thought"})
    assert refused == (409, "transition_not_allowed", "record_closed")


async def test_the_scrutiny_report_goes_to_the_cabinet_as_an_appendix(governance: Governance) -> None:
    """S0-23: the report to scrutiny is attached to the reference, and read on both sides."""
    governance.on(2012, 8, 30)
    present = {}
    for body, constitution, seat in (
        (BODY, "scrutiny_committee_2012", "elected_member"), (CABINET, "cabinet_2012", "cabinet_member"),
    ):  # fmt: skip
        await governance.establish(body, constitution, ["673"])
        present[body] = [
            await governance.appoint(body, seat, f"{body} {n}", **({"office": "chair"} if n == 1 else {}))
            for n in range(1, 5)
        ]
    meeting = await governance.opened(BODY, datetime(2012, 9, 10, 18, tzinfo=UTC), f"{BODY} 1", present[BODY])
    clerk = governance.clerk(f"clerk of {BODY}")
    report = await added(clerk, f"/v1/agenda-items/{meeting['item_ids'][0]}", classification="internal")
    resolution = await governance.moved(meeting, "recommended", reason="To inform Cabinet")
    await clerk.done(f"/v1/resolutions/{resolution['id']}/assent")
    appendix = {"title_en": "Report to scrutiny", "language": "en", "document_id": report["id"]}
    reference = {
        "resolution_id": resolution["id"], "to_body": CABINET, "due_on": "2012-10-01", "reason": "To inform Cabinet",
        "appendices": [appendix],
    }  # fmt: skip
    cabinet = governance.clerk(f"clerk of {CABINET}")
    assert not await reads(cabinet, report["id"])
    await clerk.done("/v1/references", reference)
    assert (await reads(cabinet, report["id"]), await reads(governance.public, report["id"])) == (True, False)
