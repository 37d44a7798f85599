"""Nothing is written that is in no contract: each way around the registration, tried on the register's own database.

The transaction is committed after every refusal, so that what was written before it would stay and be found.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from sqlalchemy import func, select

from contracts.event import EVENTS, Change, Event, UnregisteredEventError
from contracts.events.registry import AuthorityRegistered, SchoolRegistered
from contracts.events.visits import FindingPublished
from contracts.identifiers import new_id
from eventing import outbox
from eventing.envelope import envelope_of
from registry.service import service
from registry.storage.tables import authorities
from service_kit.clock import FixedClock
from service_kit.database import Database
from service_kit.journal import Actor, Journal
from service_kit.migrations.upgrade import migrate
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.statements import statements_of

NOW = datetime(2020, 1, 6, 9, tzinfo=UTC)
SHARED: Any = service.foundation
PUBLISHED = frozenset(service.publishes)


class AuthorityRenamed(AuthorityRegistered):
    """A subclass of a registered event, with a field that no schema knows."""

    former_name: str = "before"


class Undeclared(Event):
    """A class that was never given to `@event`; its type looks like any other."""

    TYPE: ClassVar[str] = "cymru.gwella.registry.authority.undeclared.v1"
    PUBLISHER: ClassVar[str] = "registry"
    AGGREGATE: ClassVar[str] = "authority"
    CHANGE: ClassVar[Change] = Change.upsert
    DATA_CLASS = AuthorityRegistered.DATA_CLASS


class Typeless(Event):
    """A class without even a type."""


class NoCheck(Journal):
    """The mutant: a journal as it would be without the check."""

    def __post_init__(self) -> None:
        """Takes any index."""

    def ensure_published(self, writes: Any) -> None:
        """Lets everything through."""


class Everything(dict[str, type[Event]]):
    """The other mutant, in the place of the registered types: an outbox that takes any."""

    def __contains__(self, key: object) -> bool:
        return True


@dataclass
class Register:
    """The register's database, and who writes into it."""

    database: Database

    async def held(self) -> dict[str, Any]:
        """What a write leaves: heads, audit entries, and the events by type and fields."""
        sent = SHARED.published.outbox
        async with self.database.transaction() as connection:
            events = (await connection.execute(select(sent.c.type, sent.c.key))).all()
            return {
                "heads": await connection.scalar(select(func.count()).select_from(authorities.heads)),
                "audited": await connection.scalar(select(func.count()).select_from(SHARED.audit.outbox)),
                "events": [tuple(row) for row in events],
            }

    async def write(self, journal: Journal, event: Event) -> str | None:
        """Registers an authority with this event, and commits whatever came of it; gives what refused it."""
        values = {"authority": "673", "gss_code": "W06000014", "name_en": "V", "name_cy": "B"}
        write = Write("673", "/authorities/673", values, event, None, create=True)
        async with self.database.transaction() as connection:
            unit = UnitOfWork(connection, FixedClock(NOW), Actor("tester", "tests", "request-1"), journal)
            return await refusal(unit.write(authorities, [write]))

    async def append(self, row: outbox.OutboxRow) -> str | None:
        """Writes a raw row past the unit of work, and commits."""
        async with self.database.transaction() as connection:
            return await refusal(outbox.append(connection, SHARED.published.outbox, [row]))


async def refusal(attempt: Any) -> str | None:
    try:
        await attempt
    except UnregisteredEventError as refused:
        return str(refused)
    return None


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template."""
    await migrate(database.owner_url, service)


@pytest.fixture
async def register(migrated_database: MigratedDatabase) -> AsyncIterator[Register]:
    database = Database(migrated_database("registry", migrated).worker_url, pool_size=2)
    yield Register(database)
    await database.dispose()


NOTHING = {"heads": 0, "audited": 0, "events": []}

REFUSED: dict[str, tuple[frozenset[type[Event]], type[Event], str]] = {
    "a class without @event": (PUBLISHED, Undeclared, "Undeclared is no registered event"),
    "a class without a type": (PUBLISHED, Typeless, "Typeless is no registered event"),
    "an event of another publisher": (
        PUBLISHED, FindingPublished, f"{FindingPublished.TYPE} is an event of visits, not of registry",
    ),
    "an event that the service does not name": (
        PUBLISHED - {AuthorityRegistered}, AuthorityRegistered, "registry does not publish AuthorityRegistered",
    ),
    "an unregistered subclass": (
        PUBLISHED, AuthorityRenamed,
        f"AuthorityRenamed is no registered event, only AuthorityRegistered is, as {AuthorityRegistered.TYPE}",
    ),
}  # fmt: skip


def instance(cls: type[Event]) -> Event:
    return cls.model_validate(getattr(cls, "EXAMPLE", {}))


@pytest.mark.parametrize("way", REFUSED)
async def test_what_is_in_no_contract_of_the_service_is_refused_before_anything_is_written(
    register: Register, way: str
) -> None:
    """E-08, invariant 7: refused by name, without a single statement, and so nothing stays of it."""
    publishes, cls, said = REFUSED[way]
    with statements_of(register.database.engine) as statements:
        assert await register.write(Journal("registry", publishes, SHARED), instance(cls)) == said
    assert [one for one in statements if "insert" in one.lower() or "select" in one.lower()] == []
    assert await register.held() == NOTHING


@pytest.mark.parametrize("way", ["an event of another publisher", "an unregistered subclass"])
async def test_a_journal_without_the_check_lets_it_through(register: Register, way: str) -> None:
    """The mutant: the same attempt leaves an aggregate, and an event that the register has no contract for."""
    publishes, cls, _ = REFUSED[way]
    assert await register.write(NoCheck("registry", publishes, SHARED), instance(cls)) is None
    assert await register.held() == {"heads": 1, "audited": 1, "events": [(cls.TYPE, "673")]}


@pytest.mark.parametrize(
    ("publishes", "said"),
    [
        ({SchoolRegistered, FindingPublished}, "is an event of visits, not of registry"),
        ({SchoolRegistered, Undeclared}, "Undeclared is no registered event"),
        ({SchoolRegistered, AuthorityRenamed}, "AuthorityRenamed is no registered event"),
    ],
)
def test_a_service_whose_index_names_what_it_may_not_publish_does_not_start(
    publishes: set[type[Event]], said: str
) -> None:
    with pytest.raises(UnregisteredEventError, match=said):
        Journal("registry", frozenset(publishes), SHARED)


def row_of(event_type: str) -> outbox.OutboxRow:
    """A row as it is stored, of a type that may be nobody's."""
    made = envelope_of(
        instance(AuthorityRegistered), event_id=new_id(), key="673", version=1, subject="/authorities/673", time=NOW,
        recorded_time=NOW,
    )  # fmt: skip
    return outbox.OutboxRow.of(replace(made, type=event_type))


UNKNOWN = [Undeclared.TYPE, f"{AuthorityRegistered.TYPE}0", AuthorityRegistered.TYPE.upper(), ""]


@pytest.mark.parametrize("event_type", UNKNOWN)
async def test_a_raw_row_of_an_unknown_type_is_refused(register: Register, event_type: str) -> None:
    """Also past the unit of work: the outbox takes no type that no event class is registered for."""
    said = await register.append(row_of(event_type))
    assert said is not None
    assert said.startswith(f"no event is registered as {event_type!r}: event ")
    assert await register.held() == NOTHING
    assert await register.append(row_of(AuthorityRegistered.TYPE)) is None
    assert (await register.held())["events"] == [(AuthorityRegistered.TYPE, "673")]


async def test_an_outbox_without_the_check_takes_it(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: the same row is in the outbox, and would be sent."""
    monkeypatch.setattr(outbox, "EVENTS", Everything(EVENTS))
    assert await register.append(row_of(Undeclared.TYPE)) is None
    assert (await register.held())["events"] == [(Undeclared.TYPE, "673")]
