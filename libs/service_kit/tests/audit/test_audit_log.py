"""The audit in a real PostgreSQL: appended with the write, chained by the sequencer, closed to the api role."""

import hashlib
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from contracts.data_class import DataClass
from service_kit import audit
from service_kit.audit.entries import digest
from service_kit.auth.principal import Principal
from service_kit.policy.decide import Decision
from service_kit.policy.rls import apply_settings, session_settings
from service_kit.policy.scope import ALL_ROWS
from testkit.statements import statements_of


async def test_the_chain_is_the_hash_of_all_that_came_before(ground: Any) -> None:
    """Design, section 6: hash-chained by one SQL aggregate; over batches and across sequencer runs."""
    entries = ground.history(7)
    await ground.append(*entries)
    assert [await ground.sequence(3) for _ in range(4)] == [3, 3, 1, 0]
    state = b""
    for place, (entry, logged) in enumerate(zip(entries, await ground.logged(), strict=True), start=1):
        state = hashlib.sha256(state + entry.entry).digest()
        assert (logged.position, logged.entry, logged.chain) == (place, entry.entry, state)
    async with ground.worker.begin() as connection:
        head = (await connection.execute(select(ground.tables.head))).one()
    assert (head.position, head.chain) == (7, state)


async def test_an_entry_says_who_for_whom_which_and_never_what(ground: Any) -> None:
    """Design, section 6: who, for whom, client, request id, record, field names and salted digests."""
    entry = ground.changed(
        "id-1", {"email": "a@x.test", "post": "head"}, {"email": "b@x.test", "post": "head"}, "she moved"
    )
    said = orjson.loads(entry.entry)
    assert (said["subject"], said["client_id"], said["request_id"]) == ("s-1", "c-1", "r-1")
    assert said["for"] == ["authority_system:673"]
    assert (said["record"], said["record_id"], said["version"]) == ("contact", "id-1", 1)
    assert list(said["fields"]) == ["email"], "what did not change is not named"
    for secret in (b"x.test", b"moved"):
        assert secret not in entry.entry
    kept = entry.values["email"]
    assert said["fields"]["email"]["old"] == digest(bytes.fromhex(kept["salt"]), '"a@x.test"')
    assert (kept["old"], kept["new"]) == ('"a@x.test"', '"b@x.test"')


async def test_equal_values_have_unequal_digests(ground: Any) -> None:
    """Salted: nobody can tell from the log that two people have one value, or try values out."""
    twice = [ground.changed("id-1", {}, {"email": "a@x.test", "second": "a@x.test"}) for _ in range(2)]
    digests = [pair["new"] for entry in twice for pair in orjson.loads(entry.entry)["fields"].values()]
    assert len(set(digests)) == 4


async def test_values_of_any_kind_are_kept_as_text(ground: Any) -> None:
    after = {
        "on": date(2019, 4, 1),
        "n": 2**63 - 1,
        "share": 0.1,
        "list": ["b", {"z": 1, "a": None}],
        "yes": True,
        "cy": "Tŷ",
    }
    await ground.append(ground.changed("id-1", {"gone": 1}, after))
    await ground.sequence()
    (logged,) = await ground.logged()
    assert {name: one.get("new") for name, one in logged.values.items()} == {
        "cy": '"Tŷ"', "gone": None, "list": '["b",{"a":null,"z":1}]', "n": "9223372036854775807",
        "on": '"2019-04-01"', "share": "0.1", "yes": "true",
    }  # fmt: skip


async def test_nothing_of_a_rolled_back_write_is_audited(ground: Any) -> None:
    """Design, section 6: every write is audited in its transaction."""
    async with ground.api.connect() as connection:
        await audit.append(connection, ground.tables, ground.history(2))
        await connection.rollback()
    assert await ground.sequence() == 0


async def test_any_number_of_entries_is_one_statement(ground: Any) -> None:
    """Gates count statements, never seconds (design, section 8)."""
    with statements_of(ground.api) as statements:
        for count in (1, 50):
            await ground.append(*ground.history(count))
        async with ground.transaction() as connection:
            await audit.append(connection, ground.tables, [])
    assert len(statements) == 2
    assert len(set(statements)) == 1


async def test_the_api_role_adds_and_cannot_read_change_or_remove(ground: Any) -> None:
    """Design, section 6: append-only; whoever serves requests cannot cover its tracks."""
    await ground.append(*ground.history(2))
    await ground.sequence()
    await ground.append(*ground.history(1))
    t = ground.tables
    refused = [
        select(t.outbox.c.entry_id),
        delete(t.outbox),
        update(t.log).values(subject="nobody"),
        delete(t.log),
        insert(t.log).values(position=9),
        update(t.head).values(position=0),
        update(t.values).values(fields={}),
        delete(t.values),
        delete(t.checkpoints),
    ]
    for statement in refused:
        with pytest.raises(DBAPIError, match="permission denied"):
            async with ground.transaction() as connection:
                await connection.execute(statement)
    for statement in (update(t.log).values(subject="nobody"), delete(t.log), delete(t.checkpoints)):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with ground.worker.begin() as connection:
                await connection.execute(statement)


async def test_only_a_decision_over_everything_confidential_reads_the_log(ground: Any) -> None:
    """Flows 1: the auditor; row security hides log and values from every other request."""
    await ground.append(*ground.history(3))
    await ground.sequence()

    async def counted(**by_class: Any) -> tuple[int, int]:
        decision = Decision(
            Principal("s", "c"), "audit.read", True, {DataClass(c): s for c, s in by_class.items()}
        )
        async with ground.transaction() as connection:
            await apply_settings(connection, session_settings(decision))
            tables = (ground.tables.log, ground.tables.values)
            one, two = [await connection.scalar(select(func.count()).select_from(table)) for table in tables]
            return one, two

    assert await counted(confidential=ALL_ROWS) == (3, 3)
    assert await counted(public=ALL_ROWS, internal=ALL_ROWS, personal=ALL_ROWS) == (0, 0)


async def test_erasing_one_field_keeps_the_others(ground: Any) -> None:
    """Design, section 6: `audit_values` may be emptied by erasure and retention."""
    await ground.append(
        ground.changed("id-1", {}, {"email": "a", "post": "b"}), ground.changed("id-2", {}, {"email": "a"})
    )
    await ground.sequence()
    async with ground.worker.begin() as connection:
        assert await audit.erase_values(connection, ground.tables, "contact", "id-1", ["email"]) == 1
    first, second = await ground.logged()
    assert (list(first.values), list(second.values)) == (["post"], ["email"])
    async with ground.worker.begin() as connection:
        assert await audit.erase_values(connection, ground.tables, "contact", "id-1") == 1
    first, second = await ground.logged()
    assert first.values is None
    assert list(second.values) == ["email"]
