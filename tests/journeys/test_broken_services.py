"""Compositions over a service that is stopped, stalls, or answers rubbish: the rest is there (C-17, X-15; design §5).

Profile, dashboard and caseload are one mechanism; each is tried with each fault of one service at its own address.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import OTHER, SCHOOL, Suite, running, told

pytestmark = pytest.mark.journey
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the request and never answers; ends when the caller gives up."""
    while await reader.read(65_536):
        pass
    writer.close()


def rubbish(said: bytes) -> Answering:
    """Answers these bytes to whatever is asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    return answer


def _ok(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


FAULTS: dict[str, tuple[Answering | None, str, set[str]]] = {
    "stopped": (None, "unavailable", {"upstream_unavailable"}),
    "stalled": (stall, "timed_out", {"upstream_timeout", "deadline_passed"}),
    "no http": (rubbish(b"\x00\xff\xfe this is no HTTP\r\n\r\n"), "unavailable", {"upstream_broken"}),
    "a page": (rubbish(_ok(b"<html>It works!</html>")), "unavailable", {"upstream_broken"}),
    "half of it": (rubbish(_ok(b'{"items": [')), "unavailable", {"upstream_broken"}),
    "a list": (rubbish(_ok(b"[]")), "unavailable", {"upstream_broken"}),
    "a crash": (
        rubbish(b"HTTP/1.1 500 Oh\r\ncontent-length: 9\r\nconnection: close\r\n\r\nTraceback"), "unavailable",
        {"upstream_broken"},
    ),
}  # fmt: skip
"""What listens at the service's address, what its sections become, and the codes of their problems.

A circuit that has opened meanwhile says `upstream_unavailable`: nothing was sent."""


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service with a small region."""
    async with running(migrated_database) as started:
        await told(started)
        yield started


@asynccontextmanager
async def listening(answering: Answering | None, address: str) -> AsyncIterator[None]:
    """Somebody else at the address of a service."""
    if answering is None:
        yield
        return
    parts = urlsplit(address)
    async with await asyncio.start_server(answering, parts.hostname, parts.port):
        yield


async def test_the_rest_is_there_whatever_one_service_does(suite: Suite) -> None:
    """C-17, D-26: each section of the broken service says why it is missing, and the others are there."""
    adviser = suite.caller("adviser", person_id=suite.people["adviser"])
    paths = (
        f"/v1/schools/{SCHOOL}/profile", "/v1/authorities/673/dashboard",
        f"/v1/advisers/{suite.people['adviser']}/caseload",
    )  # fmt: skip
    await suite.until(f"/v1/school-versions/{SCHOOL}", adviser, lambda told: told["settled"])
    whole = {path: (await suite.get(path, adviser)).json()["sections"] for path in paths}
    of_visits = {
        path: {name for name, section in sections.items() if _asks_visits(suite, section["link"])}
        for path, sections in whole.items()
    }
    assert all(of_visits.values()), of_visits
    await suite.stop("visits")
    for fault, (answering, status, codes) in FAULTS.items():
        # The circuit that the former fault may have opened is closed, as by an answer.
        circuit = suite.apps["gateway"].state.composing.composer.circuit("visits")
        circuit.succeeded()
        async with asyncio.timeout(30), listening(answering, suite.addresses["visits"]):
            answers = await asyncio.gather(*(suite.get(path, adviser) for path in paths))
        told_as = {code for path, answer in zip(paths, answers, strict=True) for code in _missing(
            answer, whole[path], of_visits[path], status, codes, f"{fault}: {path}"
        )}  # fmt: skip
        assert told_as & codes, (fault, told_as)


def _missing(
    answer: httpx.Response,
    whole: dict[str, Any],
    of_visits: set[str],
    status: str,
    codes: set[str],
    where: str,
) -> set[str]:
    """By which codes the sections of the broken service say that they are missing; the others are as they were."""
    assert answer.status_code == 200, (where, answer.text)
    assert "etag" not in answer.headers
    body, found = answer.json(), set()
    assert body["complete"] is False
    for name, section in body["sections"].items():
        before = whole[name]
        if name not in of_visits or before["status"] == "not_permitted":
            assert (section["status"], section.get("data")) == (before["status"], before.get("data")), (
                where,
                name,
            )
            continue
        code = section["problem"]["code"]
        # Where the circuit opened, nothing was sent any more.
        assert (section["status"] == status and code in codes) or code == "upstream_unavailable", (
            where,
            section,
        )
        assert "data" not in section
        found.add(code)
    return found


def _asks_visits(suite: Suite, link: str) -> bool:
    return urlsplit(link).path in suite.documents["visits"]["paths"]


async def test_a_caseload_is_that_of_the_schools_led_on_the_day(suite: Suite) -> None:
    """D-26, C-17: the adviser, a senior one and a stranger ask for it; what is led by others is not in it."""
    mine, other = suite.people["adviser"], suite.people["adviser elsewhere"]
    adviser = suite.caller("adviser", person_id=mine)
    path = f"/v1/advisers/{mine}/caseload"
    body = (await suite.get(path, adviser)).json()
    assert (body["person_id"], body["complete"]) == (mine, True)
    assert {name: section["status"] for name, section in body["sections"].items()} == dict.fromkeys(
        body["sections"], "ok"
    )
    led = body["sections"]["schools"]["data"]
    assert ([one["school_number"] for one in led["items"]], led["total"]) == ([SCHOOL], 1)
    owed = body["sections"]["outstanding_visits"]["data"]
    assert {one["school_number"] for one in owed["items"]} == {SCHOOL}
    # Who sees two authorities sees in it the schools of this adviser alone.
    operator = suite.caller("operator")
    for code in ("673", "681"):
        joined = {"authority": code, "footprint": "csc", "valid_from": "2012-09-01"}
        await suite.post("/v1/footprint-memberships", joined, operator)
    senior = suite.caller("senior_adviser", body="csc", person_id=suite.people["head"])
    await suite.until(
        "/v1/outstanding-visits", senior, lambda page: {SCHOOL, OTHER} <= _numbers(page.get("items", []))
    )
    for person, number in ((mine, SCHOOL), (other, OTHER)):
        sections = (await suite.get(f"/v1/advisers/{person}/caseload", senior)).json()["sections"]
        assert _numbers(sections["schools"]["data"]["items"]) == {number}
        assert _numbers(sections["outstanding_visits"]["data"]["items"]) == {number}
    stranger = suite.caller("adviser", person_id=other)
    for path in (
        f"/v1/advisers/{mine}/caseload",
        "/v1/advisers/0199c0de-0000-7000-8000-00000000ffff/caseload",
    ):
        refused = await suite.get(path, stranger)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    # Unchanged, it is not sent again.
    tag = (await suite.get(f"/v1/advisers/{mine}/caseload", adviser)).headers["etag"]
    held = await suite.get(f"/v1/advisers/{mine}/caseload", adviser, If_None_Match=tag)
    assert (held.status_code, held.content) == (304, b"")


def _numbers(rows: list[dict[str, Any]]) -> set[str]:
    return {row["school_number"] for row in rows}
