"""Idempotency-Key: done once, answered as often as asked, for 24 hours."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from service_kit import idempotency
from service_kit.forgetting import forgetting
from service_kit.journal import Actor
from service_kit.unit_of_work import UnitOfWork

NEW = {"number": "6732118", "authority": "673", "name": "Gladstone"}


async def open_school(bench: Any, key: str | None = "k", caller: str = "operator", **values: Any) -> Any:
    """One command."""
    options = {} if key is None else {"key": key}
    return await bench.ask("POST", "/v1/schools", caller, json=NEW | values, **options)


async def events(bench: Any) -> int:
    """How many effects there were."""
    async with bench.worker.transaction() as connection:
        return await connection.scalar(text("select count(*) from outbox"))


async def test_a_repeat_gets_the_first_answer(bench) -> None:
    """R40: the same key and request: same status, body, ETag and Location; one effect."""
    first = await open_school(bench)
    second = await open_school(bench)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for header in ("etag", "location", "content-type", "content-language"):
        assert first.headers[header] == second.headers[header]
    assert first.headers["location"] == "/v1/schools/6732118"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await events(bench) == 1


async def test_the_key_is_required_and_well_formed(bench) -> None:
    """R41: 400 without a key, or with one that is not 1 to 128 visible ASCII characters."""
    for key in (None, "", "a b", "é", "x" * 129):
        headers = {} if key is None else {"Idempotency-Key": key.encode("utf-8")}
        answer = await bench.ask("POST", "/v1/schools", "operator", json=NEW, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required"), key
    assert await events(bench) == 0


async def test_another_request_under_the_key_is_refused(bench) -> None:
    """R42: another body, query or path under the same key is 422; other clients and routes are apart."""
    await open_school(bench)
    other = await open_school(bench, name="Another")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    query = await bench.ask("POST", "/v1/schools?lang=cy", "operator", json=NEW, key="k")
    assert query.json()["code"] == "idempotency_key_reused"
    own = await open_school(bench, caller="vale")
    assert own.json()["code"] == "already_exists"
    closed = await bench.ask("POST", "/v1/schools/6732118/closure", "operator", key="k")
    assert (closed.status_code, "idempotency-replayed" in closed.headers) == (200, False)


async def test_a_refusal_is_not_remembered(bench) -> None:
    """R43: a 4xx is evaluated again, and so is what failed on our side."""
    closing = "/v1/schools/6732118/closure"
    assert (await bench.ask("POST", closing, "operator", key="c")).status_code == 404
    await open_school(bench)
    assert (await bench.ask("POST", closing, "operator", key="c")).status_code == 200
    broken = {"number": "6732119", "name": "Broken"}
    assert (await open_school(bench, "b", **broken)).status_code == 500
    assert (await bench.ask("GET", "/v1/schools/6732119")).status_code == 404
    assert (await open_school(bench, "b", number="6732119")).status_code == 201


async def test_a_rival_is_told_at_once(bench) -> None:
    """R44: while the first is under way the second gets 409 with Retry-After, and never does it again."""
    slow = asyncio.create_task(open_school(bench, name="Slow"))
    await asyncio.sleep(0.25)
    rival = await open_school(bench, name="Slow")
    assert (rival.status_code, rival.json()["code"], rival.headers["retry-after"]) == (
        409, "request_in_progress", "1",
    )  # fmt: skip
    assert (await slow).status_code == 201
    after = await open_school(bench, name="Slow")
    assert after.headers["idempotency-replayed"] == "true"
    assert await events(bench) == 1


async def test_many_rivals_one_effect(bench) -> None:
    """R44: eight at once: one does it, the others are told to wait or get its answer."""
    answers = await asyncio.gather(*(open_school(bench) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len([a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]) == 1
    assert await events(bench) == 1


async def test_answers_are_kept_for_24_hours(bench) -> None:
    """R45: replayed within 24 hours, evaluated afterwards; the worker removes what has passed."""
    await open_school(bench)
    bench.clock.advance(timedelta(hours=23, minutes=59))
    assert (await open_school(bench)).headers["idempotency-replayed"] == "true"
    bench.clock.advance(timedelta(minutes=1))
    assert (await open_school(bench)).json()["code"] == "already_exists"
    serving = bench.app.state.serving
    async with bench.worker.transaction() as connection:
        unit = UnitOfWork(connection, bench.clock, Actor("worker", "worker", "r"), serving.journal)
        assert await forgetting(serving.foundation).run(unit) == 1
        assert await forgetting(serving.foundation).run(unit) == 0


async def test_erased_answers_stay_done(bench) -> None:
    """R46: erasure empties the stored answer; the command is still not done twice."""
    await open_school(bench)
    table = bench.app.state.serving.foundation.answers
    async with bench.worker.transaction() as connection:
        assert await idempotency.erase(connection, table, ["6732118"]) == 1
    refused = await open_school(bench)
    assert (refused.status_code, refused.json()["code"]) == (409, "answer_erased")
    assert await events(bench) == 1


async def test_stored_answers_are_hidden_from_other_clients(bench) -> None:
    """R47: row-level security: the api role sees the stored answers of the asking client only."""
    await open_school(bench)
    database = bench.app.state.serving.database
    for client, seen in (("operator", 1), ("vale", 0), ("", 0)):
        async with database.transaction({"app.client": client}) as connection:
            assert await connection.scalar(text("select count(*) from idempotent_answers")) == seen
