"""Governance as a whole: its migration, its second lock, every route with every role, what it hears, its texts."""

import asyncio
import dataclasses
import re
from datetime import UTC, datetime

from governance_api import JOINT_COMMITTEE, Governance
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.events.registry import SchoolDetailsChanged, SchoolRegistered
from contracts.governance_codes import COMPOSITION_FAULTS
from contracts.identifiers import new_id
from eventing.envelope import envelope_of, packed_headers
from eventing.transports.local import LocalTransport
from eventing.transports.port import PublishError, Record
from governance.domain.constitutions import Constitution
from governance.domain.refusals import APPOINTMENT_REFUSALS, VOTE_REFUSALS
from governance.service import service
from governance.storage.conventions import constitutions
from governance.storage.tables import known_schools, metadata
from service_kit.migrations.draft import draft
from service_kit.policy.roles import roles
from service_kit.process import Runtime
from service_kit.settings import Settings
from testkit.policy_matrix import report, violations


async def test_the_migration_makes_the_declared_tables(governance: Governance) -> None:
    engine = create_async_engine(governance.database.owner_url)
    async with engine.begin() as connection:
        said = await connection.run_sync(draft, metadata)
    await engine.dispose()
    assert "op." not in said, said


async def test_without_a_decision_the_api_role_sees_nothing(governance: Governance) -> None:
    """Row-level security is the second lock: a transaction that says nothing about its caller sees no row."""
    await governance.joint_committee()
    await governance.scheduled(JOINT_COMMITTEE, datetime(2020, 2, 13, 10, tzinfo=UTC))
    engine = create_async_engine(governance.database.api_url)
    async with engine.connect() as connection, governance.superuser.connect() as everything:
        for table in ("body_slices", "member_slices", "meeting_slices", "agenda_item_slices"):
            query = select(func.count()).select_from(metadata.tables[table])
            assert (await everything.scalar(query) or 0) > 0
            assert await connection.scalar(query) == 0
    await engine.dispose()


async def test_every_route_with_every_role(governance: Governance) -> None:
    """Every route answers what roles.toml says, for every role and for no token."""
    document = (await governance.client.get("/openapi.json")).json()
    wrong = await violations(governance.client, document, governance.tokens, roles())
    assert not wrong, report(wrong)


async def test_it_hears_of_schools(governance: Governance) -> None:
    """A school told twice, and an older telling after a newer one, leave what is newest."""
    settings = Settings(
        database_url=SecretStr(governance.database.api_url),
        worker_database_url=SecretStr(governance.database.worker_url),
        cursor_secret=SecretStr("a secret of sufficient length"),
    )
    transport = LocalTransport({topic: frozenset({"governance"}) for topic in service.hears})
    runtime = Runtime(dataclasses.replace(service, clock_tasks=()), settings, transport, governance.clock)
    await runtime.start(["consumer"])
    registered = SchoolRegistered.model_validate(SchoolRegistered.EXAMPLE)
    closed = SchoolDetailsChanged.model_validate({**SchoolDetailsChanged.EXAMPLE, "status": "closed"})
    key, now = registered.school_number, governance.clock.now()
    records = []
    for position, (version, told) in enumerate([(1, registered), (2, closed), (1, registered)], start=1):
        envelope = envelope_of(
            told,
            event_id=new_id(),
            key=key,
            version=version,
            subject=f"/schools/{key}",
            time=now,
            recorded_time=now,
        ).at(position)
        records.append(Record(position, key, packed_headers(envelope), envelope.data))
    for _ in range(200):
        try:
            await transport.publish("registry.events", records)
            break
        except PublishError:  # the consumer has not subscribed yet
            await asyncio.sleep(0.05)
    await runtime.stop()
    async with governance.superuser.connect() as connection:
        (row,) = (await connection.execute(select(known_schools))).all()
    assert (row.number, row.of_authority, row.status, row.told) == (key, key[:3], "closed", 2)


def test_every_reason_of_a_refusal_is_said_in_both_languages() -> None:
    """R01: each code that the rules give has its sentence, in Welsh as in English, and no sentence lacks a code."""

    def given(pattern: str, *files: str) -> set[str]:
        text = "".join((service.package / name).read_text("utf-8") for name in files)
        return set(re.findall(pattern, text))

    votes = given(r'Refused\(\s*"(\w+)"', "domain/voting.py", "usecases/resolutions.py")
    faults = given(r'(?:Fault\(\s*|code = |wanted else )"(\w+)"', "domain/constitutions.py")
    composition = {code.code for code in COMPOSITION_FAULTS.codes}
    assert votes == VOTE_REFUSALS.keys()
    assert faults == composition | (APPOINTMENT_REFUSALS.keys() - {"already_member"})
    for code, text in {**VOTE_REFUSALS, **APPOINTMENT_REFUSALS}.items():
        assert [text.en[-1], text.cy[-1]] == [".", "."], code
        assert text.en != text.cy, code


def test_constitutions_are_whole() -> None:
    """S1-20 to S1-29: who agrees to the agenda and who chairs are seats; a joint committee needs both officers."""
    for rules in constitutions().values():
        assert isinstance(rules, Constitution)
        assert set(rules.agenda_agreed_by) <= set(rules.seats)
        assert rules.chair_from is None or rules.chair_from in rules.seats
        assert "clerk" in rules.seats
        assert not rules.seats["clerk"].member
        assert "noted" in rules.resolution_kinds
        if rules.body_type == "joint_committee":
            assert set(rules.agenda_agreed_by) == {"managing_director", "lead_chief_executive"}
