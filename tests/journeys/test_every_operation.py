"""Every operation of the published description, through the gateway: bad input of every kind, and both languages.

What is tried is read from the description, so that a new operation is tried as soon as it is described.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service_kit.database import Database
from service_kit.policy.roles import roles
from service_kit.problems import generic_catalogue
from testkit.fixtures import MigratedDatabase
from testkit.policy_matrix import GRANT, PERSON, Probe, probes
from testkit.raw_http import request, spoken
from testkit.whole_suite import SCHOOL, Suite, running, told

pytestmark = pytest.mark.journey
JSON, PATCH = "application/json", "application/merge-patch+json"
Job = Callable[[], Awaitable[list[str]]]
TOO_LARGE = 26_214_400 + 1_048_576
_STATE = text(
    "select (select count(*) from outbox) + (select count(*) from event_log) as events,"
    " (select count(*) from idempotent_answers) as answers"
)
WISHES = (("cy;q=0.9, en;q=0.1", "cy"), ("fr, en;q=0.2", "en"), ("en;q=0", "cy"))
MANY_FAULTS = (
    b'{"nul": "a\\u0000b", "half": "\\ud800", "large": 1e999, "long": 123456789012345678901234, "nan": NaN,'
    b' "twice": 1, "twice": 2, "below": {"a\\u0000": 1, "list": ["\\u0000"]}}'
)
THEIR_PLACES = {
    ("/nul", "nul_character"), ("/half", "invalid_text"), ("/large", "number_out_of_range"),
    ("/long", "number_out_of_range"), ("/nan", "number_out_of_range"), ("/twice", "duplicate_key"),
    ("/below", "nul_character"), ("/below/list/0", "nul_character"),
}  # fmt: skip


@dataclass(frozen=True)
class Bad:
    """One bad body: how it is sent, and which refusal it must meet."""

    name: str
    body: bytes
    status: int
    code: str
    places: frozenset[tuple[str, str]] = frozenset()
    headers: Mapping[str, str | None] = field(default_factory=dict)


def bad_bodies(media_type: str, example: Mapping[str, Any], turn: int) -> list[Bad]:
    """For an operation that takes JSON: what may differ by operation, and of the rest two in turn."""
    good = json.dumps(example).encode()

    def faulty(name: str, body: bytes, *places: tuple[str, str]) -> Bad:
        return Bad(name, body, 422, "validation_failed", frozenset(places))

    def typed(sent: str | None) -> Bad:
        return Bad(f"as {sent}", good, 415, "unsupported_media_type", headers={"Content-Type": sent})

    unknown = json.dumps({**example, "no_such_field": 1}).encode()
    rest = [
        Bad("nothing", b"", 400, "malformed_json"),
        Bad("UTF-16", good.decode().encode("utf-16"), 400, "malformed_json"),
        Bad("two values", good + b" {}", 400, "malformed_json"),
        faulty("a list", b"[1]", ("", "must_be_object")),
        faulty("null", b"null", ("", "must_not_be_null")),
        faulty("far too deep", b"[" * 50_000 + b"]" * 50_000, ("", "too_deep")),
        Bad("packed", b"\x1f\x8b", 415, "unsupported_media_type", headers={"Content-Encoding": "gzip"}),
        *map(typed, ("text/plain", "application/xml", f"{media_type}; charset=latin-1", "nothing", None)),
    ]
    return [
        Bad("cut off", good[:-1] or b"{", 400, "malformed_json"),
        Bad("bad UTF-8", b'{"a": "\xff\xfe"}', 400, "malformed_json"),
        faulty("many faults", MANY_FAULTS, *THEIR_PLACES),
        faulty("an unknown field", unknown, ("/no_such_field", "unknown_field")),
        faulty("too deep", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", ("/a" + "/0" * 31, "too_deep")),
        typed(PATCH if media_type == JSON else JSON),
        rest[turn % len(rest)],
        rest[(turn + len(rest) // 2) % len(rest)],
        *(without_version(good) if media_type == PATCH else ()),
    ]


def without_version(good: bytes) -> Iterator[Bad]:
    """A change that does not say from which version it was made, or not in the one way (R30)."""
    for sent in (None, "*", 'W/"1-000000000000"', '"1-000000000000", "2-000000000000"'):
        yield Bad(f"If-Match {sent}", good, 428, "precondition_required", headers={"If-Match": sent})


def other_bodies(upload: bool) -> Iterator[Bad]:
    """For an operation that takes a file, or no body at all."""
    if upload:
        for sent in ("application/x-unknown", "multipart/form-data; boundary=x", None):
            yield Bad(f"as {sent}", b"a", 415, "unsupported_media_type", headers={"Content-Type": sent})
    else:
        yield Bad("a body", b'{"a": 1}', 422, "validation_failed", frozenset({("", "unknown_field")}))


def resolved(document: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in entry:
        found: Any = document
        for step in entry["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        entry = found
    return entry


def writing(document: Mapping[str, Any]) -> Iterator[tuple[Probe, list[Bad]]]:
    """Each operation that writes, with the bad bodies for what it takes."""
    for turn, probe in enumerate(probes(document)):
        if probe.method == "get":
            continue
        declared = document["paths"][probe.path][probe.method].get("requestBody", {})
        content = resolved(document, declared).get("content", {})
        media_type = next((one for one in content if one in (JSON, PATCH)), None)
        if media_type is None:
            yield located(probe), list(other_bodies(bool(content)))
            continue
        shown = next(iter(content[media_type]["examples"].values()))
        yield located(probe), bad_bodies(media_type, resolved(document, shown)["value"], turn)


def located(probe: Probe) -> Probe:
    """The same for paths that several services share, where the id begins with its service's name."""
    shared = probe.path.startswith(("/v1/documents/{", "/v1/jobs/{"))
    return replace(probe, url=probe.url.replace(PERSON, f"visits-{PERSON}")) if shared else probe


def caller(suite: Suite, operation: str) -> dict[str, str]:
    """Somebody of a role that has the operation."""
    role = next(role for role in roles().roles.values() if operation in role.operations)
    person = {"person_id": PERSON} if role.kind == "person" else {}
    return suite.caller(role.name, client_id=f"bad-{role.name}", **GRANT, **person)


async def state(suite: Suite) -> dict[str, Any]:
    """What a command would leave behind, per service."""
    found = {}
    for name, database in suite.databases.items():
        worker = Database(database.worker_url, pool_size=1)
        async with worker.transaction() as connection:
            found[name] = dict((await connection.execute(_STATE)).mappings().one())
        await worker.dispose()
    return found


async def all_of(jobs: Iterable[Job]) -> list[str]:
    """Does everything, some at once; gives what is wrong."""
    places = asyncio.Semaphore(12)

    async def one(job: Job) -> list[str]:
        async with places:
            return await job()

    return [wrong for found in await asyncio.gather(*map(one, jobs)) for wrong in found]


def faults_of(answer: httpx.Response, bad: Bad) -> list[str]:
    """What is wrong with the refusal of a bad body."""
    document = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    title = generic_catalogue().problems[bad.code].title
    if (answer.status_code, document.get("code"), document.get("title")) != (bad.status, bad.code, title.cy):
        return [
            f"{answer.status_code} {document.get('code')} {document.get('title')}, not {bad.status} {bad.code}"
        ]
    found = {(one["pointer"], one["code"]) for one in document.get("errors", ())}
    if not bad.places <= found:
        return [f"faults not named: {sorted(bad.places - found)} in {sorted(found)}"]
    return []


@asynccontextmanager
async def client_of(suite: Suite) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends what it is told, and no media type of its own."""
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        yield client


async def test_bad_input_is_refused_by_every_writing_operation(migrated_database: MigratedDatabase) -> None:
    """R02, R03, R04: the right code, every fault with its place, in the caller's language, and nothing changed."""
    async with running(migrated_database, requests_per_minute=1_000_000) as suite, client_of(suite) as client:
        document = (await client.get("/openapi.json")).json()
        before, tried = await state(suite), list(writing(document))

        async def attempt(probe: Probe, number: int, bad: Bad) -> list[str]:
            headers: dict[str, str | None] = {
                **caller(suite, probe.operation), "Accept-Language": "cy", "Content-Type": probe.media_type,
                "Idempotency-Key": f"bad-{number}", "If-Match": '"1-000000000000"', **bad.headers,
            }  # fmt: skip
            sent = {name: value for name, value in headers.items() if value is not None}
            answer = await client.request(
                probe.method, probe.url, params=dict(probe.query), content=bad.body, headers=sent
            )
            return [f"{probe.name}, {bad.name}: {wrong}" for wrong in faults_of(answer, bad)]

        async def too_large(probe: Probe) -> list[str]:
            (line,) = (f"{name}: {value}" for name, value in caller(suite, probe.operation).items())
            announced = request(probe.method.upper(), probe.url, line, f"Content-Length: {TOO_LARGE}")
            exchange = await spoken(suite.url, [announced], until=lambda e: bool(e.replies), wait=30)
            return [] if exchange.statuses == [413] else [f"{probe.name}, too large: {exchange.statuses}"]

        jobs: list[Job] = []
        for probe, bodies in tried:
            jobs.append(partial(too_large, probe))
            jobs += [partial(attempt, probe, number, bad) for number, bad in enumerate(bodies)]
        wrong = await all_of(jobs)
        assert not wrong, "\n".join([f"{len(wrong)} of {len(jobs)}", *wrong[:30]])
        assert await state(suite) == before
        assert len(tried) > 120
        assert len(jobs) > 1_000


def unsaid(answer: httpx.Response, language: str) -> list[str]:
    """What an answer does not say of its language."""
    varies = {name.strip().lower() for name in answer.headers.get("vary", "").split(",")}
    wrong = []
    if answer.headers.get("content-language") != language:
        wrong.append(f"{answer.status_code}: Content-Language {answer.headers.get('content-language')}")
    if "accept-language" not in varies:
        wrong.append(f"{answer.status_code}: Vary {answer.headers.get('vary')}")
    return wrong


async def test_every_answer_says_its_language(migrated_database: MigratedDatabase) -> None:
    """R05: before and after it is known who asks, for what is there, refused, unchanged or nowhere."""
    async with running(migrated_database, requests_per_minute=1_000_000) as suite, client_of(suite) as client:
        await told(suite)
        document = (await client.get("/openapi.json")).json()
        seen: set[int] = set()

        async def ask(
            method: str, url: str, wish: str, language: str, headers: Mapping[str, str]
        ) -> list[str]:
            sent = {**headers, "Accept-Language": wish}
            answer = await client.request(method, url, headers=sent)
            seen.add(answer.status_code)
            wrong = unsaid(answer, language)
            if method == "get" and answer.status_code == 200 and "etag" in answer.headers:
                held = await client.get(url, headers={**sent, "If-None-Match": answer.headers["etag"]})
                seen.add(held.status_code)
                wrong += unsaid(held, language)
                if held.status_code != 304 and held.headers.get("etag") == answer.headers["etag"]:
                    wrong.append(f"{held.status_code}, not 304")
            return [f"{method} {url} {wish}: {one}" for one in wrong]

        jobs: list[Job] = []

        def plan(method: str, url: str, headers: Mapping[str, str]) -> None:
            wish, language = WISHES[len(jobs) % len(WISHES)]
            jobs.append(partial(ask, method, url, wish, language, headers))

        for probe in probes(document):
            url = str(httpx.URL(probe.url, params=dict(probe.query))) if probe.query else probe.url
            plan(probe.method, url, {})
            plan(probe.method, url, caller(suite, probe.operation))
        operator = suite.caller("operator")
        for url in ("/v1/authorities/673", f"/v1/schools/{SCHOOL}", "/v1/schools", "/v1/me", "/v1/nothing"):
            plan("get", url, operator)
        for method, url in (
            ("get", "/"), ("get", "/docs"), ("get", "/openapi.json"), ("get", "/problems"), ("get", "/nothing"),
            ("get", "/problems/not_found"), ("get", "/problems/nothing"), ("delete", "/v1/me"),
            ("delete", "/v1/schools"),
        ):  # fmt: skip
            for _ in WISHES:
                plan(method, url, {})
        plan("get", "/v1/people", suite.caller("adviser", person_id=PERSON, scope="schools.read"))
        wrong = await all_of(jobs)
        assert not wrong, "\n".join([f"{len(wrong)} of {len(jobs)}", *wrong[:30]])
        assert {200, 304, 400, 401, 403, 404, 405, 422} <= seen
