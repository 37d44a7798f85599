"""R94: where a scanner is configured, a file is closed to everybody until it has passed."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from visits_api import SCHOOL, Visits

from service_kit.app import create_app
from service_kit.clock_tasks import ClockRunner, ClockTask
from service_kit.documents.opening import scanner_of, store_of
from service_kit.documents.tasks import tasks_of
from service_kit.settings import Settings
from testkit import files
from visits.api.documents import DOCUMENTS
from visits.service import service

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner:
    """A TCP server that speaks clamd's INSTREAM; `well` False: it takes connections and says nothing sensible."""

    well = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        file = b""
        while length := struct.unpack("!L", await reader.readexactly(4))[0]:
            file += await reader.readexactly(length)
        said = b"stream: Eicar-Signature FOUND" if EICAR.encode() in file else b"stream: OK"
        writer.write((said if self.well else b"stream: out of memory ERROR") + b"\0")
        await writer.drain()
        writer.close()


@pytest.fixture
async def scanner() -> AsyncIterator[tuple[Scanner, str]]:
    made = Scanner()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with listening:
        yield made, f"clamd://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@pytest.fixture
async def scanned(
    visits: Visits, scanner: tuple[Scanner, str], tmp_path: Path
) -> AsyncIterator[tuple[Visits, list[ClockTask]]]:
    """The same service with a scanner configured, and its tasks of documents."""
    settings = Settings(
        database_url=SecretStr(visits.database.api_url), cursor_secret=SecretStr("a secret of sufficient length"),
        data_dir=tmp_path, document_scanner=scanner[1],
    )  # fmt: skip
    app = create_app(service, settings, clock=visits.clock, authenticate=visits.tokens.bearer())
    tasks = tasks_of(DOCUMENTS, store_of(settings, "visits"), scanner_of(settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://visits.test") as client:
            yield replace(visits, client=client), list(tasks)


async def test_a_file_is_closed_until_the_scanner_has_passed_it(
    scanned: tuple[Visits, list[ClockTask]], scanner: tuple[Scanner, str], tmp_path: Path
) -> None:
    visits, tasks = scanned
    runner = ClockRunner("visits", tasks, visits.tasks._open_unit)
    adviser = visits.adviser()
    plan = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
    path = f"/v1/visits/{(await adviser.done('/v1/visits', plan, 201))['id']}/documents"
    ids = []
    for content in (files.pdf("clean"), files.pdf(EICAR)):
        answer = await adviser.send(
            "POST",
            path,
            params={"language": "en"},
            content=content,
            headers={"Content-Type": "application/pdf"},
        )
        assert (answer.status_code, answer.json()["state"]) == (201, "quarantined"), answer.text
        ids.append(answer.json()["id"])
    clean, infected = ids
    assert await refusal(visits, clean) == (409, "document_in_quarantine")

    scanner[0].well = False
    assert not await runner.run_all()
    assert await refusal(visits, clean) == (409, "document_in_quarantine")

    scanner[0].well = True
    assert await runner.run_all()
    assert (await adviser.get(f"/v1/documents/{clean}/link")).status_code == 200
    assert (await adviser.get(f"/v1/documents/{clean}")).json()["version"] == 2
    assert await refusal(visits, infected) == (409, "document_refused")
    assert [event["verb"] for event in await visits.events()][-4:] == [
        "document.added", "document.added", "document.released", "document.refused",
    ]  # fmt: skip
    await runner.run_all()
    assert len([file for file in (tmp_path / "documents").rglob("*") if file.is_file()]) == 1


async def refusal(visits: Visits, id_: str) -> tuple[int, str]:
    answer = await visits.adviser().get(f"/v1/documents/{id_}/link")
    return answer.status_code, answer.json().get("code", "")
