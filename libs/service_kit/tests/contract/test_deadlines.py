"""A request ends when its caller's time is over: in the process, and in Postgres (R64)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from sqlalchemy import text

from service_kit.database import Database
from service_kit.deadline import within
from service_kit.problems import ProblemError

WAITING = text(
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)
LIMIT = text("select current_setting('statement_timeout')")


@asynccontextmanager
async def locked(bench) -> AsyncIterator[Database]:
    """While the block runs, nobody reads the schools: every query of them is slow."""
    owner = Database(bench.database.owner_url, pool_size=2)
    async with owner.transaction() as connection:
        await connection.execute(text("lock table school_slices in access exclusive mode"))
        yield owner
    await owner.dispose()


async def test_a_slow_query_ends_at_the_deadline(bench) -> None:
    """R64: 504 in the caller's language, at once; Postgres has stopped, and the pool is as good as new."""
    await bench.school("6732118")
    async with locked(bench) as owner:
        for language, words in (("en", "took too long"), ("cy", "ormod o amser")):
            # More of them than the pool has connections: none is lost.
            for _ in range(4):
                began = monotonic()
                answer = await bench.ask(
                    "GET", "/v1/schools/6732118", language=language, headers={"X-Deadline-Ms": "150"}
                )
                assert monotonic() - began < 1.5
                assert (answer.status_code, answer.json()["code"]) == (504, "deadline_passed"), answer.text
                assert words in answer.json()["title"]
                assert answer.headers["retry-after"] == "1"
        async with owner.transaction() as connection:
            for _ in range(50):
                if not await connection.scalar(WAITING):
                    break
                await asyncio.sleep(0.02)
            assert await connection.scalar(WAITING) == 0
    answer = await bench.ask("GET", "/v1/schools/6732118", headers={"X-Deadline-Ms": "5000"})
    assert answer.status_code == 200, answer.text


async def test_what_was_begun_and_not_finished_in_time_is_not_there(bench) -> None:
    """R64, R43: a command that was too late keeps nothing, not even its key."""
    new = {"number": "6732118", "authority": "673", "name": "Slow"}
    for limit, status in (("100", 504), ("10000", 201)):
        answer = await bench.ask(
            "POST", "/v1/schools", "operator", json=new, key="open-6732118", headers={"X-Deadline-Ms": limit}
        )
        assert answer.status_code == status, answer.text
        found = await bench.ask("GET", "/v1/schools/6732118")
        assert found.status_code == (404 if status == 504 else 200)


async def test_postgres_keeps_the_deadline_by_itself(bench) -> None:
    """R64: the transaction carries what is left, also where the process does not come to cancel; the next does not."""
    database = bench.app.state.serving.database
    async with within(3):
        await asyncio.sleep(0.05)
        async with database.transaction({"app.client": "vale"}) as connection:
            limit = await connection.scalar(LIMIT)
            assert limit.endswith("ms"), limit
            assert 1000 < int(limit.removesuffix("ms")) <= 2950
    async with database.transaction({"app.client": "vale"}) as connection:
        assert await connection.scalar(LIMIT) == "0"


async def test_a_timeout_of_something_else_is_not_the_deadlines(bench) -> None:
    """R64: only the request's own limit is answered as such."""
    with pytest.raises(TimeoutError):
        async with within(5):
            raise TimeoutError
    with pytest.raises(ProblemError, match="deadline_passed"):
        async with within(0.01):
            await asyncio.sleep(1)


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "soon", "99999999"])
async def test_a_deadline_has_one_written_form(bench, limit: str) -> None:
    """R64, R03: milliseconds as a whole number."""
    answer = await bench.ask("GET", "/v1/schools/6732118", headers={"X-Deadline-Ms": limit})
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert (fault["in"], fault["pointer"]) == ("header", "X-Deadline-Ms")
