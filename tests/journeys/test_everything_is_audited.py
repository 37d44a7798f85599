"""Nothing is written without old and new, and nothing personal or confidential is shown without an entry (O-06, O-07).

Every record of every service is held against its service's audit; every GET route is asked, and where the answer holds
a field that its own description calls personal or confidential, the audit must name the request.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import repeat
from typing import Any, Final

import httpx
import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.database import Database
from service_kit.policy.roles import roles
from testkit.fixtures import MigratedDatabase
from testkit.policy_matrix import Probe, probes
from testkit.whole_suite import SCHOOL, Suite, running, service_named, told

pytestmark = pytest.mark.journey

GUARDED: Final = frozenset({"personal", "confidential"})
ASKING: Final = ("authority_system", "consortium_system", "adviser", "clerk", "auditor")
KNOWN: Final = {"school_number": SCHOOL, "authority": "673", "first_year": "2019", "post": "head_teacher"}
NEEDED: Final = {
    "/v1/people", "/v1/people/{id}", "/v1/visits", "/v1/visits/{id}", "/v1/visits/{id}/versions",
    "/v1/audit",
}  # fmt: skip
"""Routes of which the small region has something to show, so that the test shows something."""


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service, with the small story told."""
    async with running(migrated_database) as started:
        await told(started)
        yield started


def classes_in(document: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The classes of the fields that a value holds, by its description."""
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        schema = {**document["components"]["schemas"][name], **schema}
    for one in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from classes_in(document, one, value)
    if isinstance(value, list):
        for item in value:
            yield from classes_in(document, schema.get("items", {}), item)
    elif isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if value.get(name) not in (None, [], {}):
                yield inner.get("x-data-class", "public")
                yield from classes_in(document, inner, value[name])


async def url_of(probe: Probe, client: httpx.AsyncClient, caller: Mapping[str, str]) -> str:
    """The path with what the region has: the id of the first record of its list."""
    path = probe.path
    if "{id}" in path:
        answer = await client.get(path.partition("/{id}")[0], params={"limit": "1"}, headers=caller)
        items = answer.json().get("items", []) if answer.status_code == 200 else []
        if not items or "id" not in items[0]:
            return probe.url
        path = path.replace("{id}", str(items[0]["id"]))
    for name, value in KNOWN.items():
        path = path.replace(f"{{{name}}}", value)
    return probe.url if "{" in path else path


def callers(suite: Suite, operation: str) -> Iterator[dict[str, str]]:
    for role in ASKING:
        if operation in roles().roles[role].operations:
            of: dict[str, Any] = {"authority": "673"} if role != "consortium_system" else {"body": "csc"}
            if roles().roles[role].kind == "person":
                of["person_id"] = suite.people["adviser"]
            yield suite.caller(role, client_id=f"reads-{role}", **of)


@asynccontextmanager
async def settled(suite: Suite, service: str) -> AsyncIterator[AsyncConnection]:
    """A connection of the owner's, once every audit entry so far is chained."""
    shared = service_named(service).foundation
    assert shared is not None
    await suite.apps[service].state.serving.read_audit.flush()
    owner = Database(suite.databases[service].owner_url, pool_size=1)
    async with asyncio.timeout(60), owner.transaction() as connection:
        for pause in repeat(0.05):
            if await connection.scalar(select(shared.audit.outbox.c.seq).limit(1)) is None:
                break
            await asyncio.sleep(pause)
        yield connection
    await owner.dispose()


async def entries(suite: Suite, service: str) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    """What the audit of a service says, each with the values kept beside it."""
    shared = service_named(service).foundation
    assert shared is not None
    log, values = shared.audit.log, shared.audit.values
    query = select(log.c.entry, values.c.fields).outerjoin(values, values.c.entry_id == log.c.entry_id)
    async with settled(suite, service) as connection:
        rows = await connection.execute(query.order_by(log.c.position))
        return [(orjson.loads(row.entry), row.fields or {}) for row in rows]


async def test_every_answer_that_shows_guarded_fields_is_audited(suite: Suite) -> None:
    """O-07, R15: read, list, count, export, composition of a record, by every kind of caller that may ask."""
    shown: dict[str, dict[str, str]] = {}
    for service, document in sorted(suite.documents.items()):
        transport, requests = httpx.ASGITransport(suite.apps[service]), shown.setdefault(service, {})
        gets = [probe for probe in probes(document) if probe.method.upper() == "GET"]
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{service}") as client:
            for probe in gets:
                schema = document["paths"][probe.path]["get"]["responses"]["200"]
                schema = schema.get("content", {}).get("application/json", {}).get("schema", {})
                for caller in callers(suite, probe.operation):
                    url = await url_of(probe, client, caller)
                    answer = await client.get(url, params=dict(probe.query), headers=caller)
                    if answer.status_code == 200 and GUARDED & set(
                        classes_in(document, schema, answer.json())
                    ):
                        requests[answer.headers["X-Request-Id"]] = probe.path
    assert {path for requests in shown.values() for path in requests.values()} >= NEEDED
    for service, requests in shown.items():
        audited = {
            said["request_id"] for said, _ in await entries(suite, service) if said["action"] == "read"
        }
        missing = sorted({path for id_, path in requests.items() if id_ not in audited})
        assert not missing, f"{service} showed guarded fields and left no entry: {missing}"


async def test_every_version_of_every_record_has_its_entry_with_old_and_new(suite: Suite) -> None:
    """O-06: as many entries as versions, of each record; every digest with its value, old and new."""
    counted = 0
    for service in suite.documents:
        written = [pair for pair in await entries(suite, service) if pair[0]["action"] == "write"]
        versions: dict[str, dict[str, list[int]]] = {}
        for said, values in written:
            of_kinds = versions.setdefault(said["record_id"], {})
            of_kinds.setdefault(said["record"], []).append(said["version"])
            for name, digests in said["fields"].items():
                assert values[name].keys() - {"salt"} == digests.keys(), (service, said["record"], name)
            assert said["subject"], said
            assert said["client_id"], said
            assert said["request_id"], said
        async with settled(suite, service) as connection:
            for head in heads_of(service):
                for row in await connection.execute(select(head.c.id, head.c.version)):
                    wanted = list(range(1, row.version + 1))
                    # Records of two kinds may have one id: an authority and its regime.
                    found = versions.get(row.id, {})
                    assert wanted in [sorted(one) for one in found.values()], (head.name, row.id, found)
                    counted += 1
            changed = await connection.scalar(select(func.count()).select_from(shared_values(service)))
        assert changed == len(written), f"{service}: an entry without its values, or values without an entry"
    assert counted >= 12


def heads_of(service: str) -> list[Any]:
    """The tables that hold each record's version."""
    metadata = service_named(service).metadata
    assert metadata is not None
    return [
        table for table in metadata.tables.values() if set(table.c.keys()) == {"id", "version", "known_at"}
    ]


def shared_values(service: str) -> Any:
    shared = service_named(service).foundation
    assert shared is not None
    return shared.audit.values
