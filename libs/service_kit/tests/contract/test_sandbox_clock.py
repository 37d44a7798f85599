"""A sandbox whose clock jumps: what is kept for a while, or leased, keeps to the machine's time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from service_kit import idempotency
from service_kit.clock import SandboxClock, SystemClock, set_offset
from service_kit.forgetting import forgetting
from service_kit.jobs import queue
from service_kit.journal import Actor
from service_kit.unit_of_work import UnitOfWork

SPRING = datetime(2020, 1, 6, 8, tzinfo=UTC)
NEW = {"number": "6732118", "authority": "673", "name": "Gladstone"}


async def test_a_repeat_is_answered_after_the_clock_was_set_a_term_forward(bench, tmp_path: Path) -> None:
    """R45 with a set clock: records are known at the day it shows; the answer is kept by the machine's hours."""
    file = tmp_path / "clock.json"
    set_offset(file, SPRING)
    serving = bench.app.state.serving
    clock = SandboxClock(file)
    bench.app.state.serving = replace(serving, clock=clock)
    first = await bench.ask("POST", "/v1/schools", "operator", json=NEW, key="k")
    assert first.status_code == 201, first.text
    set_offset(file, SPRING + timedelta(days=90))
    clock = SandboxClock(file)
    bench.app.state.serving = replace(serving, clock=clock)
    async with bench.worker.transaction() as connection:
        uow = UnitOfWork(connection, clock, Actor("service:x", "service:x", "r"), serving.journal)
        assert await forgetting(serving.foundation).run(uow) == 0
        known = await connection.scalar(text("select lower(known) from school_slices"))
        assert known.date() == SPRING.date()
    again = await bench.ask("POST", "/v1/schools", "operator", json=NEW, key="k")
    assert again.headers["idempotency-replayed"] == "true"
    async with bench.worker.transaction() as connection:
        later = SystemClock().now() + idempotency.KEPT + timedelta(minutes=1)
        assert await idempotency.purge(connection, serving.foundation.answers, later) == 1


async def test_a_lease_does_not_run_out_when_the_clock_is_set(bench, tmp_path: Path) -> None:
    """R53 with a set clock: a job under way is nobody else's, whatever day is shown."""
    file = tmp_path / "clock.json"
    set_offset(file, SPRING)
    clock, serving = SandboxClock(file), bench.app.state.serving
    bench.app.state.serving = replace(serving, clock=clock)
    await bench.school("6732118")
    begun = await bench.ask("POST", "/v1/lists", "operator", content=b"a,b\n", key="j",
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert begun.status_code == 202, begun.text
    table = serving.foundation.jobs
    async with bench.worker.transaction() as connection:
        assert await queue.lease(connection, table, "one", clock.system_now()) is not None
    set_offset(file, SPRING + timedelta(days=90))
    async with bench.worker.transaction() as connection:
        assert await queue.lease(connection, table, "other", SandboxClock(file).system_now()) is None
