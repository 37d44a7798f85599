"""Every projection of every service rebuilt while the suite runs: equal by digest, damage mended, no gap seen."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from gwella.exits import Exit
from service_kit.database import Database
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import NAMES, SCHOOL, Suite, running, service_named, told

pytestmark = pytest.mark.journey
KEEPING = [name for name in NAMES if service_named(name).projections]


@pytest.fixture
async def suite(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """Every service, with schools, people and a visit."""
    async with running(migrated_database) as started:
        await told(started)
        yield started


def _operator(suite: Suite) -> dict[str, str]:
    return suite.caller("operator", client_id="house-operator")


async def _register(suite: Suite, number: int) -> None:
    school = {
        "school_number": f"681{number}", "name": f"Ysgol {number}", "sector": "primary", "valid_from": "2018-09-01"
    }  # fmt: skip
    await suite.post("/v1/schools", school, _operator(suite))


async def _commanded(suite: Suite, *words: str) -> tuple[int, dict[str, Any]]:
    token = _operator(suite)["Authorization"].removeprefix("Bearer ")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gwella.main", "replay", *words, "--gateway", suite.url, "--json",
        env={**os.environ, "GWELLA_TOKEN": token}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(300):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, orjson.loads(said) if said else {}


async def _in(suite: Suite, service: str, statement: str, **values: str) -> list[Any]:
    owner = Database(suite.databases[service].owner_url, pool_size=1)
    try:
        async with owner.transaction() as connection:
            found = await connection.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []
    finally:
        await owner.dispose()


async def test_every_projection_is_rebuilt_while_writers_write_and_readers_read(suite: Suite) -> None:
    """E-11: `gwella replay` of each service; one table of each was damaged and is mended, all others are equal."""
    names = "select string_agg(number, ',' order by number) from known_schools"
    before = set((await _in(suite, "visits", names))[0][0].split(","))
    assert SCHOOL in before
    await _in(
        suite, "visits", "update known_schools set name = 'damaged' where number = :school", school=SCHOOL
    )
    await _in(suite, "exchange", "delete from posts_at_schools")
    going, gaps = True, []

    async def write() -> None:
        number = 2100
        while going:
            await _register(suite, number)
            number += 1
            await asyncio.sleep(0.1)

    async def read() -> None:
        while going:
            missing = before - set((await _in(suite, "visits", names))[0][0].split(","))
            gaps.extend(missing)
            await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(write()), asyncio.create_task(read())]
    try:
        outcomes = {name: await _commanded(suite, name, "--reason", "a test of replays") for name in KEEPING}
    finally:
        going = False
        await asyncio.gather(*tasks)
    assert gaps == []
    found = {}
    for name, (status, said) in outcomes.items():
        assert status == Exit.OK, said
        expected = [projection.name for projection in service_named(name).projections]
        assert [one["projection"] for one in said["projections"]] == expected
        found |= {(name, one["projection"]): one for one in said["projections"]}
    mended = {place: one["mended"] for place, one in found.items() if not one["equal"]}
    assert mended.keys() == {("visits", "known_schools"), ("exchange", "rights")}, mended
    assert mended["visits", "known_schools"] == 1
    # Of governance and of findings nothing was told in this story.
    silent = {"body_seats", "known_findings", "known_visits", "known_categories"}
    assert {name for (_, name), one in found.items() if one["read"] == 0} <= silent
    filled = {"known_schools", "rights", "known_regimes"}
    assert all(one["rows"] > 0 for (_, name), one in found.items() if name in filled), found
    named = await _in(suite, "visits", "select name from known_schools where number = :school", school=SCHOOL)
    assert named[0][0] != "damaged"
    status, said = await _commanded(suite, "visits", "known_schools", "--reason", "once more")
    assert (status, said["projections"][0]["equal"]) == (Exit.OK, True)


async def test_what_is_asked_wrongly_is_refused(suite: Suite) -> None:
    """Only the operator, only what there is, only with a reason; without one the command lists."""
    path = "/v1/consumers/visits/replays"
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        for caller, body, status in (
            (_operator(suite), {"projection": "nothing", "reason": "a test"}, 404),
            (_operator(suite), {"projection": "rights", "reason": "  "}, 422),
            (
                suite.caller("consortium_officer", body="csc"),
                {"projection": "rights", "reason": "a test"},
                403,
            ),
        ):
            headers = {**caller, "Idempotency-Key": f"replay-{status}"}
            assert (await client.post(path, json=body, headers=headers)).status_code == status
    status, said = await _commanded(suite, "visits")
    assert (status, said["items"][0]["name"]) == (Exit.OK, "known_schools")
    assert said["items"][0]["topics"] == ["registry.events"]
    assert (await _commanded(suite, "nobody", "--reason", "a test"))[0] == Exit.USAGE
    assert (await _commanded(suite, "visits", "nothing", "--reason", "a test"))[0] == Exit.USAGE
