"""Jobs: long work as a resource, done once in one transaction, repeated safely after a kill."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from service_kit.jobs import queue
from service_kit.jobs.running import JobRunner


def runner(bench: Any, **options: Any) -> JobRunner:
    """A worker of the example."""
    serving = bench.app.state.serving
    return JobRunner(bench.worker, serving.foundation.jobs, _kinds(), bench.clock, serving.journal, **options)


def _kinds() -> Any:
    import contract_example

    return contract_example.service.jobs


async def begin(bench: Any, lines: int, key: str = "k", caller: str = "operator") -> Any:
    """Uploads a list of so many lines."""
    answer = await bench.ask(
        "POST",
        "/v1/lists",
        caller,
        content=b"a,b\n" * lines,
        headers={"Content-Type": "text/csv"},
        key=key,
    )
    assert answer.status_code == 202, answer.text
    return answer


async def pupils(bench: Any) -> Any:
    """The effect of the example's job."""
    return (await bench.ask("GET", "/v1/schools/6732118")).json()["pupils"]


async def test_a_job_from_upload_to_result(bench) -> None:
    """R50: 202 with the job's address; its state, progress and result are read there, in both languages."""
    await bench.school("6732118")
    begun = await begin(bench, 3)
    path = begun.headers["location"]
    assert begun.json() | {"id": "", "created_at": ""} == {
        "id": "", "kind": "line_count", "kind_title": "Counting lines", "state": "queued", "state_title": "Waiting",
        "version": 1, "progress": {"done": 0, "total": None}, "result": None, "problem": None, "created_at": "",
        "started_at": None, "finished_at": None,
    }  # fmt: skip
    tag = (await bench.ask("GET", path, "operator")).headers["etag"]
    assert (await bench.ask("GET", path, "operator", headers={"If-None-Match": tag})).status_code == 304
    assert await runner(bench).run_one() is True
    done = (await bench.ask("GET", path, "operator", language="cy")).json()
    assert (done["state"], done["state_title"], done["kind_title"]) == (
        "succeeded",
        "Wedi llwyddo",
        "Cyfrif llinellau",
    )
    assert (done["progress"], done["result"]) == ({"done": 3, "total": 3}, {"lines": 3})
    assert await pupils(bench) == 3
    assert await runner(bench).run_one() is False


async def test_a_job_is_its_callers_own(bench) -> None:
    """R51: another caller gets 404 for a job and does not find it in its list."""
    path = (await begin(bench, 1)).headers["location"]
    assert (await bench.ask("GET", path, "vale")).status_code == 404
    assert (await bench.ask("GET", "/v1/jobs", "vale")).json()["items"] == []
    assert len((await bench.ask("GET", "/v1/jobs", "operator")).json()["items"]) == 1
    replayed = await begin(bench, 1)
    assert replayed.headers["idempotency-replayed"] == "true"


async def test_a_job_that_fails_says_why(bench) -> None:
    """R52: a problem of the work is the job's problem in the reader's language; nothing of the run stays."""
    await bench.school("6732118")
    expected = await begin(bench, 13, "a")
    ours = await begin(bench, 14, "b")
    worker = runner(bench)
    assert await worker.run_one()
    assert await worker.run_one()
    failed = (await bench.ask("GET", expected.headers["location"], "operator", language="cy")).json()
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "transition_not_allowed")
    assert failed["problem"]["detail"] == "Mae tri ar ddeg yn anlwcus."
    broken = (await bench.ask("GET", ours.headers["location"], "operator")).json()
    assert (broken["state"], broken["problem"]["code"]) == ("failed", "job_failed")
    assert "fault of ours" not in str(broken)
    assert await pupils(bench) is None


async def test_a_killed_run_leaves_nothing_and_is_repeated(bench) -> None:
    """R53: a run cancelled in its transaction has no effect; after the lease another worker does it, once."""
    await bench.school("6732118")
    path = (await begin(bench, 2)).headers["location"]
    reached = asyncio.Event()

    async def hang(work: Any) -> Any:
        await work.uow.connection.execute(text("update school_slices set pupils = 99"))
        reached.set()
        await asyncio.sleep(60)
        return {}

    serving = bench.app.state.serving
    (kind,) = _kinds()
    hanging = type(kind)(kind.name, kind.title, hang)
    killed = JobRunner(bench.worker, serving.foundation.jobs, [hanging], bench.clock, serving.journal)
    task = asyncio.create_task(killed.run_one())
    await asyncio.wait_for(reached.wait(), 5)
    assert await runner(bench).run_one() is False
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await pupils(bench) is None
    bench.clock.advance(queue.LEASE + timedelta(seconds=1))
    assert await runner(bench).run_one() is True
    assert (await bench.ask("GET", path, "operator")).json()["state"] == "succeeded"
    assert await pupils(bench) == 2


async def test_a_run_that_lost_its_lease_is_rolled_back(bench) -> None:
    """R53: overtaken or cancelled while it runs, a job cannot commit its effect."""
    await bench.school("6732118")
    begun = (await begin(bench, 2)).json()
    table = bench.app.state.serving.foundation.jobs
    (kind,) = _kinds()

    async def cancelled_meanwhile(work: Any) -> Any:
        await work.uow.connection.execute(text("update school_slices set pupils = 99"))
        async with bench.worker.transaction() as beside:
            assert await queue.cancel(beside, table, begun["id"], bench.clock.now())
        return {}

    cancelling = type(kind)(kind.name, kind.title, cancelled_meanwhile)
    serving = bench.app.state.serving
    await JobRunner(bench.worker, table, [cancelling], bench.clock, serving.journal).run_one()
    shown = (await bench.ask("GET", f"/v1/jobs/{begun['id']}", "operator")).json()
    assert (shown["state"], shown["result"]) == ("cancelled", None)
    assert await pupils(bench) is None


async def test_the_operator_cancels_the_job_of_another(bench) -> None:
    """R51, R56: by the roles file: the operator has every job, everybody else their own, also within one client."""
    await bench.school("6732118")
    path = (await begin(bench, 2, caller="officer")).headers["location"]
    for stranger in ("colleague", "vale"):
        seen = await bench.ask("GET", path, stranger)
        tried = await bench.ask("POST", f"{path}/cancel", stranger, key="c")
        assert (seen.status_code, tried.status_code, tried.json()["code"]) == (404, 404, "not_found"), (
            stranger
        )
        listed = (await bench.ask("GET", "/v1/jobs", stranger)).json()["items"]
        assert listed == [], stranger
    assert (await bench.ask("GET", path, "operator")).json()["state"] == "queued"
    answer = await bench.ask("POST", f"{path}/cancel", "operator", key="c")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert (await bench.ask("GET", path, "officer")).json()["state"] == "cancelled"
    assert await runner(bench).run_one() is False
    assert await pupils(bench) is None
    async with bench.worker.transaction() as connection:
        noted = await connection.execute(
            text("select subject, client_id from audit_outbox where record = 'job' and record_id = :id"),
            {"id": path.rpartition("/")[2]},
        )
        assert noted.all() == [("operator", "operator")]


async def test_a_job_that_waits_is_cancelled_by_whoever_began_it(bench) -> None:
    """R56: cancelled before it runs it never runs; a second wish is 409, a stranger's 404, the audit has one entry."""
    await bench.school("6732118")
    path = (await begin(bench, 2)).headers["location"]
    stranger = await bench.ask("POST", f"{path}/cancel", "vale", key="c")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    tried = await bench.ask("POST", f"{path}/cancel?dry_run=true", "operator", key="c")
    assert tried.json()["state"] == "cancelled"
    assert (await bench.ask("GET", path, "operator")).json()["state"] == "queued"
    answer = await bench.ask("POST", f"{path}/cancel", "operator", key="c", language="cy")
    assert (answer.status_code, answer.json()["state_title"]) == (200, "Wedi'i chanslo")
    repeated = await bench.ask("POST", f"{path}/cancel", "operator", key="c", language="cy")
    assert repeated.headers["idempotency-replayed"] == "true"
    again = await bench.ask("POST", f"{path}/cancel", "operator", key="other")
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")
    assert await runner(bench).run_one() is False
    assert await pupils(bench) is None
    async with bench.worker.transaction() as connection:
        noted = await connection.execute(
            text("select count(*) from audit_outbox where record = 'job' and record_id = :id"),
            {"id": path.rpartition("/")[2]},
        )
        assert noted.scalar_one() == 1


async def test_a_job_that_runs_stops_at_its_next_step(bench) -> None:
    """R56: cancelled while it runs, a job goes no further than its next progress step, and nothing of it stays."""
    await bench.school("6732118")
    path = (await begin(bench, 2)).headers["location"]
    table, serving = bench.app.state.serving.foundation.jobs, bench.app.state.serving
    (kind,) = _kinds()
    steps: list[int] = []

    async def stepping(work: Any) -> Any:
        for step in range(1, 6):
            await work.uow.connection.execute(text("update school_slices set pupils = 99"))
            steps.append(step)
            if step == 2:
                answer = await bench.ask("POST", f"{path}/cancel", "operator", key="c")
                assert answer.json()["state"] == "cancelled", answer.text
            await work.progress(step, 5)
        return {}

    stepping_kind = type(kind)(kind.name, kind.title, stepping)
    await JobRunner(bench.worker, table, [stepping_kind], bench.clock, serving.journal).run_one()
    assert steps == [1, 2]
    shown = (await bench.ask("GET", path, "operator")).json()
    assert (shown["state"], shown["progress"], shown["result"]) == (
        "cancelled",
        {"done": 1, "total": 5},
        None,
    )
    assert await pupils(bench) is None
    assert await runner(bench).run_one() is False


async def test_a_job_that_kills_its_worker_is_given_up(bench) -> None:
    """R54: after its attempts a job fails instead of killing one worker after the other."""
    path = (await begin(bench, 2)).headers["location"]
    table = bench.app.state.serving.foundation.jobs
    for _ in range(2):
        async with bench.worker.transaction() as connection:
            assert await queue.lease(connection, table, "dies", bench.clock.now()) is not None
        bench.clock.advance(queue.LEASE + timedelta(seconds=1))
    assert await runner(bench).run_one() is True
    assert (await bench.ask("GET", path, "operator")).json()["problem"]["code"] == "job_failed"


async def test_two_workers_share_the_work(bench) -> None:
    """R53: two workers at once never take the same job."""
    for position in range(6):
        await begin(bench, 1, f"k{position}")

    async def work(worker: JobRunner) -> int:
        done = 0
        while await worker.run_one():
            done += 1
        return done

    assert sum(await asyncio.gather(work(runner(bench)), work(runner(bench)))) == 6


async def test_a_heartbeat_keeps_the_lease(bench) -> None:
    """R53: a run that takes longer than its lease keeps it as long as it lives."""
    begun = (await begin(bench, 2)).json()
    (kind,) = _kinds()
    table = bench.app.state.serving.foundation.jobs

    async def slow(work: Any) -> Any:
        for _ in range(4):
            bench.clock.advance(queue.LEASE * 0.8)
            await asyncio.sleep(0.1)
        async with bench.worker.transaction() as connection:
            assert await queue.lease(connection, table, "rival", bench.clock.now()) is None
        return {"done": True}

    serving = bench.app.state.serving
    worker = JobRunner(
        bench.worker, table, [type(kind)(kind.name, kind.title, slow)], bench.clock, serving.journal,
        heartbeat_seconds=0.02,
    )  # fmt: skip
    await worker.run_one()
    assert (await bench.ask("GET", f"/v1/jobs/{begun['id']}", "operator")).json()["state"] == "succeeded"


async def test_uploads_are_limited(bench) -> None:
    """R55: a file that is announced or found too large is refused, whatever its name; other types are 415."""
    big = await bench.ask(
        "POST", "/v1/lists", "operator", content=b"x" * 100_001, headers={"Content-Type": "text/csv"}, key="k"
    )
    assert (big.status_code, big.json()["code"]) == (413, "body_too_large")
    other = await bench.ask(
        "POST", "/v1/lists", "operator", content=b"x", headers={"Content-Type": "application/json"}, key="k"
    )
    assert other.status_code == 415
