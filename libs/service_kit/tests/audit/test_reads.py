"""Reads of confidential data are audited beside the read: in batches, and none is lost."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from contracts.data_class import DataClass
from service_kit import audit
from service_kit.audit.entries import AuditEntry
from service_kit.audit.reads import ReadAudit
from service_kit.database import Database
from testkit.fixtures import TestPostgres
from testkit.statements import statements_of


def read(ground: Any, *ids: str) -> AuditEntry:
    return audit.reading(
        actor=ground.actor,
        at=ground.now,
        operation="contacts.read",
        record="contact",
        record_ids=ids,
        data_class=DataClass.personal,
    )


async def logged(ground: Any) -> list[dict[str, Any]]:
    while await ground.sequence():
        pass
    return [orjson.loads(one.entry) for one in await ground.logged()]


async def test_a_read_waits_for_no_statement_and_is_stored_in_a_batch(ground: Any) -> None:
    reads = ReadAudit(ground.transaction, ground.tables)
    with statements_of(ground.api) as statements:
        for i in range(30):
            await reads.note(read(ground, f"id-{i}"))
        assert (statements, reads.waiting) == ([], 30)
        await reads.close()
    assert (len(statements), reads.waiting) == (1, 0)
    said = await logged(ground)
    assert [one["record_id"] for one in said] == [f"id-{i}" for i in range(30)]
    assert {one["action"] for one in said} == {"read"}


async def test_a_page_is_one_entry_that_names_all_its_records(ground: Any) -> None:
    reads = ReadAudit(ground.transaction, ground.tables)
    await reads.note(read(ground, "id-2", "id-1"))
    await reads.close()
    (said,) = await logged(ground)
    assert (said["records"], said["record_id"], said["operation"]) == (["id-1", "id-2"], "", "contacts.read")
    assert said["data_class"] == "personal"


async def test_what_no_longer_fits_is_written_at_once(ground: Any) -> None:
    reads = ReadAudit(ground.transaction, ground.tables, capacity=2)
    for i in range(3):
        await reads.note(read(ground, f"id-{i}"))
    assert reads.waiting == 2
    assert [one["record_id"] for one in await logged(ground)] == ["id-2"]
    await reads.close()
    assert len(await logged(ground)) == 3


async def test_the_task_empties_the_queue(ground: Any) -> None:
    reads = ReadAudit(ground.transaction, ground.tables, every=0.01)
    reads.start()
    stored = asyncio.Event()
    event.listen(ground.api.sync_engine, "commit", lambda *_: stored.set())
    await reads.note(read(ground, "id-1"))
    await asyncio.wait_for(stored.wait(), 10)
    await reads.close()
    assert len(await logged(ground)) == 1


async def test_a_database_that_fails_loses_no_entry(ground: Any) -> None:
    """The entries stay in the queue in order; closing on a broken database is loud."""
    failing = True

    def break_it(*_: Any) -> None:
        if failing:
            raise OperationalError("insert", {}, Exception("the database is away"))

    event.listen(ground.api.sync_engine, "before_cursor_execute", break_it)
    reads = ReadAudit(ground.transaction, ground.tables, capacity=3, every=0.01)
    reads.start()
    for i in range(3):
        await reads.note(read(ground, f"id-{i}"))
    await asyncio.sleep(0.05)
    with pytest.raises(OperationalError):
        await reads.note(read(ground, "id-3"))
    with pytest.raises(OperationalError):
        await reads.close()
    assert reads.waiting == 3
    failing = False
    await reads.flush()
    assert [one["record_id"] for one in await logged(ground)] == ["id-0", "id-1", "id-2"]


async def test_concurrent_flushes_store_each_entry_once(ground: Any) -> None:
    reads = ReadAudit(ground.transaction, ground.tables)
    for i in range(20):
        await reads.note(read(ground, f"id-{i}"))
    await asyncio.gather(*(reads.flush() for _ in range(4)))
    assert len(await logged(ground)) == 20


async def test_an_error_of_the_database_shows_no_value(postgres: TestPostgres) -> None:
    """House rule: no person's name in logs. An entry's values are parameters of its statement."""
    database = Database(postgres.superuser_url)
    statement = text("select * from nowhere where name = :name").bindparams(name="Heledd")
    with pytest.raises(ProgrammingError) as caught:
        async with database.transaction() as connection:
            await connection.execute(statement)
    await database.dispose()
    assert "Heledd" not in str(caught.value)
    assert "nowhere" in str(caught.value)
