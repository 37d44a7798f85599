"""Poison and repair through the gateway: a bad event parks its key and only its key; every decision is audited (E-11).

The events are those of a register that runs; the poison is a row in its outbox that no release of ours would write,
and a consumer's database that refuses one school.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from itertools import count, repeat
from typing import Any

import httpx
import orjson
import pytest
from joserfc.jwk import KeySet
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.registry import SchoolDetailsChanged
from contracts.identifiers import new_id
from eventing import outbox
from eventing.envelope import envelope_of
from gwella.exits import Exit
from service_kit.audit.verifying import LoggedEntry, verify
from service_kit.database import Database
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import MOMENT, NEIGHBOUR, OTHER, SCHOOL, Suite, running, service_named

pytestmark = pytest.mark.journey
HERE = "/v1/consumers/visits"
_keys = count(1)


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service; the authority of the schools is registered."""
    async with running(migrated_database) as started:
        vale = {"authority": "673", "gss_code": "W06000014", "name_en": "Vale", "name_cy": "Bro Morgannwg"}
        cardiff = {"authority": "681", "gss_code": "W06000015", "name_en": "Cardiff", "name_cy": "Caerdydd"}
        await started.post("/v1/authorities", {"authorities": [vale, cardiff]}, operator(started))
        yield started


def operator(suite: Suite) -> dict[str, str]:
    return suite.caller("operator", client_id="house-operator")


async def register(suite: Suite, number: str) -> None:
    school = {
        "school_number": number,
        "name": f"Ysgol {number}",
        "sector": "primary",
        "valid_from": "2018-09-01",
    }
    await suite.post("/v1/schools", school, operator(suite))


async def asked(suite: Suite, path: str, body: Mapping[str, Any], status: int) -> dict[str, Any]:
    """One command of the operator's, refused or not."""
    headers = {**operator(suite), "Idempotency-Key": f"parked-{next(_keys)}"}
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        answer = await client.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def shown(suite: Suite, path: str) -> dict[str, Any]:
    answer = await suite.get(path, operator(suite))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def eventually(suite: Suite, path: str, holds: Any) -> dict[str, Any]:
    """What the operator is shown, once it is as it must become."""
    async with asyncio.timeout(90):
        while True:
            found = await shown(suite, path)
            if holds(found):
                return found
            await asyncio.sleep(0.1)


async def redriven(suite: Suite, key: str, why: str) -> dict[str, Any]:
    begun = await asked(suite, f"{HERE}/redrives", {"key": key, "reason": why}, 202)
    job = await eventually(
        suite, f"/v1/jobs/{begun['id']}", lambda job: job["state"] in ("succeeded", "failed")
    )
    assert job["state"] == "succeeded", job
    result: dict[str, Any] = job["result"]
    return result


async def commanded(suite: Suite, *words: str) -> tuple[int, dict[str, Any]]:
    """`gwella parked ...` against the running suite: its exit status and what it says to a script."""
    token = operator(suite)["Authorization"].removeprefix("Bearer ")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gwella.main", "parked", *words, "--gateway", suite.url, "--json",
        env={**os.environ, "GWELLA_TOKEN": token}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(90):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, orjson.loads(said)


async def in_visits(suite: Suite, statement: str) -> list[Any]:
    owner = Database(suite.databases["visits"].owner_url, pool_size=1)
    async with owner.transaction() as connection:
        found = await connection.execute(text(statement))
        rows = found.all() if found.returns_rows else []
    await owner.dispose()
    return list(rows)


async def known(suite: Suite) -> dict[str, str]:
    """The schools that visits knows, each with its name."""
    return {row.number: row.name for row in await in_visits(suite, "select number, name from known_schools")}


async def poison(suite: Suite, keys: list[str], version: int) -> None:
    """Rows in the register's outbox whose data are not what their type promises."""
    shared = service_named("registry").foundation
    assert shared is not None
    example = SchoolDetailsChanged.model_validate(SchoolDetailsChanged.EXAMPLE)
    rows = []
    for key in keys:
        envelope = envelope_of(
            example, event_id=new_id(), key=key, version=version, subject=f"/schools/{key}", time=MOMENT,
            recorded_time=MOMENT,
        )  # fmt: skip
        good = outbox.OutboxRow.of(envelope)
        rows.append(
            outbox.OutboxRow(
                good.event_id, good.type, good.key, good.subject, version, good.headers, b'{"status": 7}'
            )
        )
    worker = Database(suite.databases["registry"].worker_url, pool_size=1)
    async with worker.transaction() as connection:
        await outbox.append(connection, shared.published.outbox, rows)
    await worker.dispose()


async def audited(suite: Suite, service: str = "visits") -> list[dict[str, Any]]:
    """What the verified audit of a service says of decisions on parked events, each with its values."""
    shared = service_named(service).foundation
    assert shared is not None
    worker = Database(suite.databases[service].owner_url, pool_size=1)
    log, values = shared.audit.log, shared.audit.values

    async def moved(connection: AsyncConnection) -> bool:
        waiting = await connection.scalar(select(shared.audit.outbox.c.seq).limit(1))
        return waiting is None

    async with asyncio.timeout(60), worker.transaction() as connection:
        for pause in repeat(0.1):
            if await moved(connection):
                break
            await asyncio.sleep(pause)
        query = select(log, values.c.fields).outerjoin(values, values.c.entry_id == log.c.entry_id)
        rows = (await connection.execute(query.order_by(log.c.position))).all()
    await worker.dispose()
    report = verify([LoggedEntry.of(row, row.fields) for row in rows], [], KeySet([]))
    assert report.sound, report.findings
    kinds = ("parked_event", "parked_key", "consumer")
    return [{**orjson.loads(row.entry), "values": row.fields} for row in rows if row.record in kinds]


def told(entry: Mapping[str, Any]) -> tuple[str, str, str, Any, str]:
    """Who decided what on which thing and why."""
    (field,) = (name for name in entry["values"] if name != "/reason")
    why = orjson.loads(entry["values"]["/reason"]["new"])
    return entry["record"], entry["record_id"], entry["subject"], field, why


async def mended(suite: Suite) -> list[int]:
    """A consumer's database refuses one school: seen, shown, redriven, mended, redriven. The events' numbers."""
    refusing = "alter table known_schools add constraint broken check (number <> '6732119') not valid"
    await in_visits(suite, refusing)
    for number in (SCHOOL, NEIGHBOUR, OTHER):
        await register(suite, number)
    await suite.post(
        "/v1/school-openings", {"school_number": NEIGHBOUR, "valid_from": "2018-09-02"}, operator(suite)
    )
    backlog = await eventually(suite, f"{HERE}/backlog", lambda found: found["parked"] == 2)
    assert (backlog["parked_keys"], backlog["stopped_because"]) == (1, None)
    assert set(await known(suite)) == {SCHOOL, OTHER}, "a key was held up by another's poison"

    listed = (await shown(suite, f"{HERE}/parked-events"))["items"]
    assert [(one["key"], one["reason"]) for one in listed] == [(NEIGHBOUR, "failed"), (NEIGHBOUR, "behind")]
    first = await shown(suite, f"{HERE}/parked-events/{listed[0]['number']}")
    assert (first["queued"], [one["number"] for one in first["queue"]]) == (1, [listed[1]["number"]])
    assert first["error"].startswith("IntegrityError")
    assert (first["topic"], first["resolved_by"], "data" in first) == ("registry.events", None, False)

    assert await redriven(suite, NEIGHBOUR, "to see whether it helps") == {
        "done": 0, "left": 2, "error": first["error"], "waits_for": None,
    }  # fmt: skip
    assert (await shown(suite, f"{HERE}/parked-events/{first['number']}"))["attempts"] == first[
        "attempts"
    ] + 1
    await in_visits(suite, "alter table known_schools drop constraint broken")
    command = ("redrive", "visits", NEIGHBOUR, "--reason", "the constraint is gone")
    status, said = await commanded(suite, *command)
    assert (status, said["done"], said["left"]) == (Exit.OK, 2, 0)
    status, said = await commanded(suite, *command)
    assert (status, said["problem"]["code"]) == (Exit.REFUSED, "not_found")
    assert NEIGHBOUR in await known(suite)
    await asked(suite, f"{HERE}/redrives", {"key": NEIGHBOUR, "reason": "once more"}, 404)
    return [one["number"] for one in listed]


async def given_up(suite: Suite) -> int:
    """Data that nobody can read: no repair, so they are given up, and what came behind goes on. The event's number."""
    await poison(suite, [OTHER], 2)
    await eventually(suite, f"{HERE}/backlog", lambda found: found["parked"] == 1)
    await suite.post(
        "/v1/school-openings", {"school_number": OTHER, "valid_from": "2018-09-02"}, operator(suite)
    )
    await eventually(suite, f"{HERE}/backlog", lambda found: found["parked"] == 2)
    bad = (await shown(suite, f"{HERE}/parked-events"))["items"][0]
    assert (bad["reason"], bad["key"]) == ("undecodable", OTHER)
    await asked(suite, f"{HERE}/discards", {"number": bad["number"], "reason": "  "}, 422)
    await asked(suite, f"{HERE}/discards", {"number": bad["number"], "reason": "not ours: a test row"}, 200)
    await asked(suite, f"{HERE}/discards", {"number": bad["number"], "reason": "not ours: a test row"}, 404)
    gone = await shown(suite, f"{HERE}/parked-events/{bad['number']}")
    assert (gone["resolution"], gone["resolved_because"]) == ("discarded", "not ours: a test row")
    assert (gone["resolved_by"], gone["queued"]) == ("house-operator", 1)
    assert (await redriven(suite, OTHER, "the row before it is given up"))["done"] == 1
    assert (await shown(suite, f"{HERE}/backlog"))["parked"] == 0
    number: int = bad["number"]
    return number


async def test_a_bad_event_is_seen_mended_redriven_and_given_up(suite: Suite) -> None:
    """E-11: list, show, redrive, discard with a reason; the other keys flow all the while; who decided is audited."""
    numbers, bad = await mended(suite), await given_up(suite)
    entries = await audited(suite)
    who = "house-operator"
    assert [told(entry) for entry in entries] == [
        ("parked_key", f"visits/{NEIGHBOUR}", who, "redrive", "to see whether it helps"),
        ("parked_event", f"visits/{numbers[0]}", who, "attempts", "to see whether it helps"),
        ("parked_key", f"visits/{NEIGHBOUR}", who, "redrive", "the constraint is gone"),
        ("parked_event", f"visits/{numbers[0]}", who, "resolution", "the constraint is gone"),
        ("parked_event", f"visits/{numbers[1]}", who, "resolution", "the constraint is gone"),
        ("parked_event", f"visits/{bad}", who, "resolution", "not ours: a test row"),
        ("parked_key", f"visits/{OTHER}", who, "redrive", "the row before it is given up"),
        ("parked_event", f"visits/{bad + 1}", who, "resolution", "the row before it is given up"),
    ]
    assert {(entry["client_id"], bool(entry["request_id"])) for entry in entries} == {(who, True)}
    assert all(entry["for"] == ["operator"] for entry in entries if entry["record"] == "parked_key")
    by_request = {entry["request_id"]: entry["for"] for entry in entries if entry["for"]}
    assert {entry["request_id"] for entry in entries} == set(by_request), "a decision without its request"


async def test_a_consumer_that_parked_too_much_waits_for_somebody(suite: Suite) -> None:
    """E-08, E-11: twenty bad keys in a row stop it in every process, also a new one; a reasoned request starts it."""
    await register(suite, SCHOOL)
    await poison(suite, [f"bad-{n}" for n in range(20)], 1)
    hearing = ("visits", "brokerage", "governance")
    for service in hearing:
        path = f"/v1/consumers/{service}/backlog"
        stopped = await eventually(suite, path, lambda found: found["stopped_because"] is not None)
        assert stopped["stopped_because"] == "20 events in a row were parked"
        assert stopped["stopped_at"] is not None
    assert (await suite.apps["visits"].state.health.ready())["background"] is False
    await register(suite, OTHER)
    await asyncio.sleep(2.5)
    assert OTHER not in await known(suite), "it went on by itself"
    status, said = await commanded(suite, "list")
    assert status == Exit.FAILED
    assert {one["consumer"] for one in said["consumers"] if one["stopped_because"]} == set(hearing)
    why = "a test row; the publisher is mended"
    status, said = await commanded(suite, "resume", "visits", "--reason", why)
    assert (status, said["resumed_by"], said["resumed_because"]) == (Exit.OK, "house-operator", why)
    for service in hearing[1:]:
        path = f"/v1/consumers/{service}/resumptions"
        assert (await asked(suite, path, {"reason": why}, 200))["resumed_by"] == "house-operator"
        assert (await asked(suite, path, {"reason": why}, 409))["code"] == "consumer_not_stopped"
    async with asyncio.timeout(60):
        for pause in repeat(0.1):
            if OTHER in await known(suite):
                break
            await asyncio.sleep(pause)
    assert (await suite.apps["visits"].state.health.ready())["background"] is True
    assert (await shown(suite, f"{HERE}/backlog"))["parked_keys"] == 20
    number = (await shown(suite, f"{HERE}/parked-events"))["items"][0]["number"]
    status, said = await commanded(suite, "discard", "visits", str(number), "--reason", "a test row")
    assert (status, said["resolution"]) == (Exit.OK, "discarded")
    status, said = await commanded(suite, "show", "visits", str(number))
    assert (status, said["resolved_by"], said["resolved_because"]) == (
        Exit.OK,
        "house-operator",
        "a test row",
    )
    entries = await audited(suite)
    assert [told(entry) for entry in entries] == [
        ("consumer", "visits", "house-operator", "stopped_because", why),
        ("parked_event", f"visits/{number}", "house-operator", "resolution", "a test row"),
    ]
    assert all(entry["for"] == ["operator"] for entry in entries)
