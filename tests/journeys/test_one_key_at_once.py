"""R40 to R44 under a real race: fifty sends of one Idempotency-Key through the gateway have one effect and one answer.

The suite runs as it is. The mutant is the same suite whose database gives the key's lock to whoever asks: PostgreSQL
then finds a function of that name before its own. What holds with the lock must not hold without it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service_kit.database import Database
from testkit.databases import ServiceDatabase, run_sql
from testkit.fixtures import Migrate, MigratedDatabase
from testkit.whole_suite import Suite, running

pytestmark = pytest.mark.journey
SENDS = 50
NEW = {"name": "Mari Huws", "authority": "673", "employer": "673"}
"""Nothing of a person is unique: only the key keeps a second one away."""
_EFFECTS = text(
    "select (select count(*) from people) as records, (select count(*) from person_slices) as slices,"
    " (select count(*) from outbox where type like '%registry.person.%')"
    " + (select count(*) from event_log where type like '%registry.person.%') as events"
)
# Found before PostgreSQL's own, because the path below names its schema after ours.
_NO_LOCK = """
create function public.pg_try_advisory_xact_lock(bigint) returns boolean language sql as 'select true';
alter database :"name" set search_path = public, pg_catalog;
"""


async def at_once(suite: Suite, bodies: Sequence[Mapping[str, Any]], key: str) -> list[httpx.Response]:
    """The requests all together, each on a connection of its own."""
    headers = {**suite.caller("operator"), "Idempotency-Key": key}
    ready = asyncio.Event()
    limits = httpx.Limits(max_connections=len(bodies))
    async with httpx.AsyncClient(base_url=suite.url, timeout=60, limits=limits) as client:

        async def send(body: Mapping[str, Any]) -> httpx.Response:
            await ready.wait()
            return await client.post("/v1/people", json=body, headers=headers)

        sending = [asyncio.create_task(send(body)) for body in bodies]
        ready.set()
        return await asyncio.gather(*sending)


async def effects(suite: Suite) -> dict[str, int]:
    """How many people there are, and of how many the log tells or will tell."""
    database = Database(suite.databases["registry"].worker_url, pool_size=1)
    try:
        async with database.transaction() as connection:
            return dict((await connection.execute(_EFFECTS)).mappings().one())
    finally:
        await database.dispose()


def outcome(answer: httpx.Response) -> str:
    """What became of one send; a refusal says when to come back."""
    if answer.status_code == 201:
        return "replayed" if "idempotency-replayed" in answer.headers else "done"
    code: str = answer.json()["code"]
    if code == "request_in_progress":
        assert answer.headers["retry-after"] == "1"
    return code


def done_once(answers: Sequence[httpx.Response], found: Mapping[str, int], before: int = 0) -> bool:
    """One effect, one answer: what the lock is for."""
    succeeded = [answer for answer in answers if answer.status_code == 201]
    return (
        set(found.values()) == {before + 1}
        and Counter(map(outcome, answers))["done"] == 1
        and len(
            {(answer.content, answer.headers["etag"], answer.headers["location"]) for answer in succeeded}
        )
        == 1
    )


@asynccontextmanager
async def region(migrated_database: MigratedDatabase) -> AsyncIterator[Suite]:
    """The suite with one authority."""
    async with running(migrated_database) as suite:
        authority = {
            "authority": "673",
            "gss_code": "W06000014",
            "name_en": "Vale of Glamorgan",
            "name_cy": "Bro",
        }
        await suite.post("/v1/authorities", {"authorities": [authority]}, suite.caller("operator"))
        yield suite


async def test_fifty_sends_of_one_key_have_one_effect_and_one_answer(
    migrated_database: MigratedDatabase,
) -> None:
    """R40, R42, R44, C-11: one is carried out; the others get its answer, or are told to come back for it.

    Of two different requests under one key whichever comes first has it, and the other is refused, however they mix.
    """
    async with region(migrated_database) as suite:
        answers = await at_once(suite, [NEW] * SENDS, "one-key")
        assert done_once(answers, await effects(suite))
        assert {outcome(answer) for answer in answers} <= {"done", "replayed", "request_in_progress"}
        again = await at_once(suite, [NEW], "one-key")
        assert outcome(again[0]) == "replayed"
        assert done_once([*answers, *again], await effects(suite))

        other = {**NEW, "name": "Siôn Prys"}
        answers = await at_once(suite, [NEW, other] * (SENDS // 2), "another-key")
        assert done_once(answers, await effects(suite), before=1)
        assert {outcome(answer) for answer in answers} <= {
            "done", "replayed", "request_in_progress", "idempotency_key_reused",
        }  # fmt: skip
        after = [(await at_once(suite, [body], "another-key"))[0] for body in (NEW, other)]
        assert sorted(map(outcome, after)) == ["idempotency_key_reused", "replayed"]
        answers += after
        assert done_once(answers, await effects(suite), before=1)


async def test_without_the_lock_the_same_request_is_done_more_than_once(
    migrated_database: MigratedDatabase,
) -> None:
    """R44: the mutant. Were the lock for nothing, `done_once` would hold here as well."""

    def unlocked(service: str, migrate: Migrate) -> ServiceDatabase:
        database = migrated_database(service, migrate)
        if service == "registry":
            run_sql(database.owner_url, _NO_LOCK, name=database.name)
        return database

    async with region(unlocked) as suite:
        answers = await at_once(suite, [NEW] * SENDS, "one-key")
        assert not done_once(answers, await effects(suite))
        assert (await effects(suite))["records"] > 1
