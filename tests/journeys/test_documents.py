"""Files through the gateway: sent and fetched in pieces, to the service that keeps them, under its records' policy."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any

import httpx
import pytest

from service_kit.settings import Settings
from testkit import files
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import SCHOOL, Suite, running, told

pytestmark = pytest.mark.journey
LIMIT = Settings().max_upload_bytes
PIECE = 65_536
BODY = "csc_scrutiny"


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service with a small region."""
    async with running(migrated_database) as started:
        await told(started)
        yield started


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


async def sent(
    suite: Suite, path: str, caller: Mapping[str, str], content: bytes, **query: str
) -> httpx.Response:
    headers = {**caller, "Content-Type": "application/pdf", "Idempotency-Key": sha256(content).hexdigest()}
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        return await client.post(
            path, content=in_pieces(content), headers=headers, params={"language": "en", **query}
        )


async def fetched(suite: Suite, id_: str, caller: Mapping[str, str], **headers: str) -> httpx.Response:
    link = await suite.get(f"/v1/documents/{id_}/link", dict(caller))
    assert link.status_code == 200, link.text
    return await suite.get(httpx.URL(link.json()["url"]).raw_path.decode(), dict(caller), **headers)


def as_large_as(size: int) -> bytes:
    head = files.pdf()
    return head + bytes(size - len(head))


async def test_a_file_of_25_megabytes_passes_in_both_directions(suite: Suite) -> None:
    """R71, R90: as sent in pieces without a length, so received; one byte more is refused and leaves nothing."""
    adviser = suite.caller("adviser", person_id=suite.people["adviser"])
    (visit,) = (await suite.get(f"/v1/visits?school_number={SCHOOL}", adviser)).json()["items"]
    path, content = f"/v1/visits/{visit['id']}/documents", as_large_as(LIMIT)
    made = await sent(suite, path, adviser, content)
    assert made.status_code == 201, made.text
    document: dict[str, Any] = made.json()
    assert (document["size"], document["sha256"]) == (LIMIT, sha256(content).hexdigest())
    whole = await fetched(suite, document["id"], adviser)
    assert (whole.status_code, sha256(whole.content).hexdigest()) == (200, document["sha256"])
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = await fetched(suite, document["id"], adviser, Range="bytes=0-4")
    assert (part.status_code, part.content) == (206, b"%PDF-")
    refused = await sent(suite, path, adviser, as_large_as(LIMIT + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert len([file for file in suite.folder.rglob("*") if file.is_file()]) == 1
    head = suite.caller("head", school=SCHOOL, person_id=suite.people["head"])
    assert (await suite.get(f"/v1/documents/{document['id']}", head)).status_code == 404


async def test_an_upload_that_breaks_off_leaves_nothing(suite: Suite) -> None:
    """R91: a line that is lost half-way, of a request that said how long it would be."""
    adviser = suite.caller("adviser", person_id=suite.people["adviser"])
    (visit,) = (await suite.get(f"/v1/visits?school_number={SCHOOL}", adviser)).json()["items"]
    address = httpx.URL(suite.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    lines = {
        "Host": "gwella", **adviser, "Content-Type": "application/pdf", "Idempotency-Key": "half",
        "Content-Length": "2000000",
    }  # fmt: skip
    head = f"POST /v1/visits/{visit['id']}/documents?language=en HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    writer.write(head.encode() + as_large_as(1_000_000))
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""
    again = await sent(suite, f"/v1/visits/{visit['id']}/documents", adviser, files.pdf())
    assert again.status_code == 201, again.text
    assert await listed(suite, adviser) == [again.json()["id"]]
    assert len([file for file in suite.folder.rglob("*") if file.is_file()]) == 1


async def test_documents_of_several_services_have_one_address(suite: Suite) -> None:
    """R70: the id's prefix names the service, reading, linking and removing; the list is walked over all of them."""
    adviser = suite.caller("adviser", person_id=suite.people["adviser"])
    (visit,) = (await suite.get(f"/v1/visits?school_number={SCHOOL}", adviser)).json()["items"]
    evidence = (await sent(suite, f"/v1/visits/{visit['id']}/documents", adviser, files.pdf())).json()
    operator, clerk = suite.caller("operator"), suite.caller("clerk", person_id=suite.people["head"])
    body = {
        "id": BODY, "constitution": "scrutiny_committee_2012", "name_en": "Scrutiny", "name_cy": "Craffu",
        "authorities": ["673"], "valid_from": "2012-04-01",
    }  # fmt: skip
    await suite.post("/v1/bodies", body, operator)
    seat = {"body_id": BODY, "seat": "clerk", "person_id": suite.people["head"], "valid_from": "2012-05-01"}
    await suite.post("/v1/body-members", seat, operator)
    meeting = {"body_id": BODY, "starts_at": "2020-02-24T18:00:00+00:00", "place": "Ty Dysgu"}
    path = f"/v1/meetings/{(await suite.post('/v1/meetings', meeting, clerk))['id']}/documents"
    paper = (await sent(suite, path, clerk, files.pdf("Papur"))).json()
    assert [one["id"].partition("-")[0] for one in (evidence, paper)] == ["visits", "governance"]
    assert (await fetched(suite, evidence["id"], adviser)).content == files.pdf()
    assert (await fetched(suite, paper["id"], clerk)).content == files.pdf("Papur")
    assert (await suite.get(f"/v1/documents/{evidence['id']}", clerk)).status_code == 404
    assert await listed(suite, adviser) == [evidence["id"]]
    assert await listed(suite, clerk) == [paper["id"]]
    removed = await suite.post(f"/v1/documents/{paper['id']}/remove", {"reason": "wrong paper"}, clerk)
    assert removed["state"] == "removed"
    assert await listed(suite, clerk) == []


async def listed(suite: Suite, caller: Mapping[str, str]) -> list[str]:
    found, address = [], "/v1/documents?limit=1"
    while address:
        page = (await suite.get(address, dict(caller))).json()
        found += [one["id"] for one in page["items"]]
        address = page["links"].get("next", "")
    return found
