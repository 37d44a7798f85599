"""An import that is killed leaves all or none, and costs a fixed number of statements."""

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest
from registry_api import Register, edited_csv
from registry_data import ODS, csv_bytes, list_bytes

from registry.service import service
from registry.storage.tables import shared
from registry.usecases.apply_list import apply_list
from service_kit.jobs import Work
from service_kit.journal import Actor, Journal
from service_kit.problems import ProblemError
from service_kit.unit_of_work import UnitOfWork
from testkit.statements import statements_of

STATEMENTS_OF_A_PREVIEW = 11
STATEMENTS_OF_AN_APPLICATION = 22
"""Lease, progress and end of the job among them."""


async def test_statements_do_not_grow_with_the_list(register: Register) -> None:
    """The 1,616 schools of the whole list take as many statements as the 23 PRUs."""
    await register.register_authorities()
    engine = register.jobs._database.engine
    taken = []
    for content, date in ((csv_bytes("prus"), "2018-04-10"), (list_bytes(ODS), "2018-04-11")):
        answer = await register.send_list(content, date)
        with statements_of(engine) as preview:
            assert await register.jobs.run_one()
        await register.operator.post(f"/v1/school-lists/{answer.json()['id']}/application")
        with statements_of(engine) as application:
            assert await register.jobs.run_one()
        taken.append((len(preview), len(application)))
    assert await register.number("select count(*) from schools") == 1616
    assert taken == [(STATEMENTS_OF_A_PREVIEW, STATEMENTS_OF_AN_APPLICATION)] * 2


KILLED = textwrap.dedent(
    """
    import asyncio, os, signal, sys
    from service_kit.clock import SystemClock
    from service_kit.database import Database
    from service_kit.jobs.running import JobRunner
    from service_kit.journal import Journal
    from registry.service import service
    from registry.usecases import apply_list

    url, die_before = sys.argv[1], int(sys.argv[2])
    written = 0

    async def main():
        from sqlalchemy import event
        database = Database(url, pool_size=3)

        def note(_c, _cursor, statement, *_):
            global written
            if "school_slices" in statement or "outbox" in statement or "applications" in statement:
                written += 1
                if written == die_before:
                    os.kill(os.getpid(), signal.SIGKILL)

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        journal = Journal("registry", frozenset(service.publishes), service.foundation)
        runner = JobRunner(database, service.foundation.jobs, service.jobs, SystemClock(), journal)
        assert await runner.run_one()

    asyncio.run(main())
    """
)


@pytest.mark.parametrize("die_before", [2, 4, 6])
async def test_killed_while_it_applies_it_leaves_nothing_and_is_repeated(
    register: Register, die_before: int, tmp_path: Path
) -> None:
    """E-03: the worker process is killed with SIGKILL between two statements of the application."""
    await register.register_authorities()
    sent = await register.previewed(csv_bytes("independent-schools"))
    await register.operator.post(f"/v1/school-lists/{sent['id']}/application")
    before = await register.number("select count(*) from outbox")
    script = tmp_path / "worker.py"
    script.write_text(KILLED)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, str(script), register.database.worker_url, str(die_before), env=dict(os.environ)
    )
    assert await worker.wait() == -signal.SIGKILL
    counts = "select (select count(*) from schools), (select count(*) from school_slices)"
    assert tuple((await register.rows(counts))[0]) == (0, 0)
    assert await register.number("select count(*) from outbox") == before
    held = (await register.operator.get(f"/v1/school-lists/{sent['id']}")).json()
    assert held["state"] == "previewed"

    # The dead worker's lease runs out, and the next one does the whole of it.
    await register.rows_changed("update jobs set leased_until = '2000-01-01' where state = 'running'")
    assert await register.jobs.run_one()
    assert tuple((await register.rows(counts))[0]) == (72, 72)
    assert await register.number("select count(*) from outbox") == before + 73
    assert not await register.jobs.run_one()


async def test_a_change_that_comes_between_is_not_overwritten(region: Register) -> None:
    """Somebody changes a school after the application has read the register: it is refused, and changes nothing."""

    def rename(rows: list[list[str]]) -> None:
        next(row for row in rows if row[0] == "6732118")[1] = "Gladstone"

    sent = await region.previewed(edited_csv("maintained-schools", rename), "2018-09-01")
    authority = region.caller("authority_system", authority="673")
    school = await authority.get("/v1/schools/6732118")

    async def meanwhile(done: int, _total: int) -> None:
        if done == 1:
            changed = await authority.patch("/v1/schools/6732118", {"pupils": 1}, school.headers["etag"])
            assert changed.status_code == 200

    with pytest.raises(ProblemError) as refused:
        async with region.jobs._database.transaction() as connection:
            actor = Actor("operator", "operator-any", "test")
            journal = Journal("registry", frozenset(service.publishes), shared)
            uow = UnitOfWork(connection, region.clock, actor, journal)
            await apply_list(Work("test", uow, {"list": sent["id"]}, meanwhile))
    assert refused.value.code == "preview_outdated"
    after = (await authority.get("/v1/schools/6732118")).json()
    assert (after["name"], after["pupils"]) == ("Gladstone Primary School", 1)
