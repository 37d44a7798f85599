"""The audit from outside: what the auditor is shown, and an export verified offline (O-06..O-08)."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import select, text

from gwella.exits import Exit
from service_kit.audit.checkpoints import sign_checkpoint
from service_kit.database import Database
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import MOMENT, Suite, running, service_named, told

pytestmark = pytest.mark.journey
KEY = OKPKey.generate_key("Ed25519", auto_kid=True)
SECRET = "Head"
"""The name of a person in the story; it must stand in no entry."""


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service, with the small story told."""
    async with running(migrated_database) as started:
        await told(started)
        yield started


def auditor(suite: Suite) -> dict[str, str]:
    return suite.caller("auditor", client_id="front-end", sub="the-auditor")


async def settled(suite: Suite, service: str) -> None:
    """Waits until every entry written so far is chained."""
    shared = service_named(service).foundation
    assert shared is not None
    queue = suite.apps[service].state.serving.read_audit
    await queue.flush()
    owner = Database(suite.databases[service].owner_url, pool_size=1)
    async with asyncio.timeout(60):
        for pause in repeat(0.05):
            async with owner.transaction() as connection:
                if await connection.scalar(select(shared.audit.outbox.c.seq).limit(1)) is None:
                    break
            await asyncio.sleep(pause)
    await owner.dispose()


async def listed(suite: Suite, query: str, services: tuple[str, ...] = ("registry",)) -> list[dict[str, Any]]:
    """Every entry that the auditor is shown, page after page."""
    for service in services:
        await settled(suite, service)
    path, found = f"/v1/audit?limit=3&{query}", []
    while path:
        answer = await suite.get(path, auditor(suite))
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        path = answer.json()["links"].get("next", "")
    return found


async def commanded(suite: Suite, *words: str) -> tuple[int, Mapping[str, Any]]:
    """`gwella audit ...`: its exit status and what it says to a script."""
    token = auditor(suite)["Authorization"].removeprefix("Bearer ")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gwella.main", "audit", *words, "--json",
        env={**os.environ, "GWELLA_TOKEN": token}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(90):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, orjson.loads(said)


async def altered(suite: Suite, statement: str, **values: str) -> None:
    """What the keeper of the database could do."""
    owner = Database(suite.databases["registry"].owner_url, pool_size=1)
    async with owner.transaction() as connection:
        await connection.execute(text(statement), values)
    await owner.dispose()


async def signed(suite: Suite) -> None:
    """What the relay does once an hour."""
    shared = service_named("registry").foundation
    assert shared is not None
    worker = Database(suite.databases["registry"].worker_url, pool_size=1)
    async with worker.transaction() as connection:
        assert await sign_checkpoint(connection, shared.audit, KEY, suite.clock, "registry")
    await worker.dispose()


async def test_the_auditor_sees_who_did_and_read_what(suite: Suite) -> None:
    """O-06, O-07: old and new, who, as whom, client, request; reads by record, also on a page of several."""
    person = suite.people["head"]
    (made,) = await listed(suite, f"record=person&record_id={person}&action=write")
    assert (made["service"], made["version"], made["client_id"]) == ("registry", 1, "operator-")
    assert made["on_behalf_of"] == ["operator"]
    name = next(one for one in made["fields"] if one["name"] == "name")
    assert (name["old"], name["old_digest"], name["new"]) == (None, None, f'"{SECRET}"')
    assert len(name["new_digest"]) == 64
    assert name["kept"]

    system = suite.caller("authority_system", authority="673")
    one = await suite.get(f"/v1/people/{person}", system)
    page = await suite.get("/v1/people", system)
    assert one.status_code == page.status_code == 200
    reads = await listed(suite, f"record_id={person}&action=read")
    assert [(read["request_id"], read["record_id"], person in read["records"]) for read in reads] == [
        (page.headers["X-Request-Id"], "", True),
        (one.headers["X-Request-Id"], person, True),
    ], "the newest first, and the page that showed it among others"
    assert {(read["operation"], read["data_class"], read["client_id"]) for read in reads} == {
        ("people.read", "personal", "authority_system-673")
    }

    everything = await listed(suite, "", ("registry", "visits"))
    assert {"registry", "visits"} <= {entry["service"] for entry in everything}
    assert {entry["action"] for entry in everything} == {"write", "read"}
    request = made["request_id"]
    assert [entry["id"] for entry in await listed(suite, f"request_id={request}&subject=operator-")] == [
        made["id"]
    ]
    assert await listed(suite, f"from={MOMENT.year + 1}-01-01T00:00:00Z") == []
    assert len(await listed(suite, f"to={MOMENT.year + 1}-01-01T00:00:00Z&record=person")) >= 3
    looked = await listed(suite, "record=audit_entry&subject=the-auditor")
    assert looked, "looking at the audit is audited"
    assert made["id"] in {id_ for entry in looked for id_ in entry["records"]}
    await nobody_else_sees_it(suite)
    await erased_values_are_shown_no_more(suite)


async def nobody_else_sees_it(suite: Suite) -> None:
    """Flows 1: whoever operates is watched by the auditor."""
    for role, of in (("operator", {}), ("authority_system", {"authority": "673"}), ("welsh_government", {})):
        for path in ("/v1/audit", "/v1/audit/registry/log", "/v1/audit/registry/checkpoints"):
            answer = await suite.get(path, suite.caller(role, **of))
            assert (answer.status_code, answer.json()["code"]) == (403, "operation_not_permitted"), role
    assert (await suite.get("/v1/audit?action=destroy", auditor(suite))).status_code == 422
    assert (await suite.get("/v1/audit?from=yesterday", auditor(suite))).status_code == 422


async def erased_values_are_shown_no_more(suite: Suite) -> None:
    """O-06, O-10: digests stay, values are only shown while they are kept."""
    person = suite.people["head"]
    await settled(suite, "registry")
    await altered(suite, "delete from audit_values where record_id = :person", person=person)
    (made,) = await listed(suite, f"record=person&record_id={person}&action=write")
    name = next(one for one in made["fields"] if one["name"] == "name")
    assert (name["new"], name["kept"], len(name["new_digest"])) == (None, False, 64)


async def test_an_export_is_verified_offline(suite: Suite, tmp_path: Path) -> None:
    """O-08: file and public key are enough; then a row is changed, one removed."""
    public = tmp_path / "public.pem"
    public.write_bytes(KEY.as_pem(private=False))
    await settled(suite, "registry")
    await signed(suite)

    async def verified(name: str) -> tuple[int, Mapping[str, Any]]:
        file = str(tmp_path / name)
        status, said = await commanded(suite, "export", "registry", "--to", file, "--gateway", suite.url)
        assert (status, said["checkpoints"]) == (Exit.OK, 1), said
        return await commanded(suite, "verify", file, "--key", str(public))

    status, said = await verified("good.ndjson")
    assert (status, said["sound"], said["vouched"], said["service"]) == (Exit.OK, True, True, "registry")
    assert 10 < said["signed_up_to"] <= said["last_position"]
    assert SECRET.encode() in (tmp_path / "good.ndjson").read_bytes(), "values are there while they are kept"
    for place, (statement, position) in enumerate(
        (
            ("update audit_log set subject = 'nobody' where position = 3", 3),
            ("update audit_log set entry = overlay(entry placing 'X' from 30) where position = 4", 4),
            ("delete from audit_log where position = 6", 7),
        )
    ):  # fmt: skip
        await altered(suite, statement)
        status, said = await verified(f"{place}.ndjson")
        assert (status, said["sound"]) == (Exit.FAILED, False)
        assert position in {one["position"] for one in said["findings"]}, said["findings"]
