"""Rows on a real PostgreSQL: the predicate, row-level security and `RowScope.covers` show the same rows."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.data_class import DataClass
from service_kit.auth.principal import Principal
from service_kit.policy.decide import Decision
from service_kit.policy.predicates import row_predicate
from service_kit.policy.rls import RLS_SETTINGS, apply_settings, policies, protect, session_settings
from service_kit.policy.scope import ALL_ROWS, NO_ROWS, RowScope
from testkit.databases import ServiceDatabase
from testkit.fixtures import TestPostgres

AUTHORITIES = [None, "672", "673", "681"]
SCHOOLS = [None, "6722100", "6732118"]
PEOPLE = [None, "p-1", "p-2"]

metadata = MetaData()
contacts = protect(
    Table(
        "contacts",
        metadata,
        Column("id", BigInteger, primary_key=True),
        Column("authority", Text),
        Column("school", Text),
        Column("person", Text),
        Index("ix_contacts_authority", "authority"),
    ),
    DataClass.personal,
    authority="authority",
    school="school",
    person="person",
)
feed = protect(
    Table(
        "feed",
        metadata,
        Column("id", BigInteger, primary_key=True),
        Column("class", Text, nullable=False),
        Column("authority", Text),
    ),
    "class",
    authority="authority",
)
ROWS = [
    {"id": i, "authority": a, "school": s, "person": p}
    for i, (a, s, p) in enumerate((a, s, p) for a in AUTHORITIES for s in SCHOOLS for p in PEOPLE)
]
FEED = [
    {"id": i, "class": c.value, "authority": a}
    for i, (c, a) in enumerate((c, a) for c in DataClass for a in AUTHORITIES)
]


@dataclass
class Ground:
    """A database with both tables filled, and a loop of its own so that hypothesis can run many examples on it."""

    loop: asyncio.AbstractEventLoop
    api: AsyncEngine
    worker: AsyncEngine
    owner: AsyncEngine

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)


async def fill(owner: AsyncEngine, service: str) -> None:
    async with owner.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for statement in (*policies(contacts, service), *policies(feed, service)):
            await connection.execute(statement)
        await connection.execute(insert(contacts), ROWS)
        await connection.execute(insert(feed), FEED)


@pytest.fixture(scope="module")
def ground(postgres: TestPostgres) -> Iterator[Ground]:
    database: ServiceDatabase = postgres.fresh("locks")
    loop = asyncio.new_event_loop()
    engines = [
        create_async_engine(url) for url in (database.api_url, database.worker_url, database.owner_url)
    ]
    ready = Ground(loop, *engines)
    ready.run(fill(ready.owner, "locks"))
    yield ready
    for engine in engines:
        ready.run(engine.dispose())
    loop.close()
    postgres.drop(database)


def decision(**by_class: RowScope) -> Decision:
    return Decision(
        Principal("s-1", "c-1"), "contacts.read", True, {DataClass(c): s for c, s in by_class.items()}
    )


async def seen(
    engine: AsyncEngine, table: Table, given_decision: Decision | None, condition: Any = None
) -> set[int]:
    async with engine.begin() as connection:
        if given_decision is not None:
            await apply_settings(connection, session_settings(given_decision))
        where = true() if condition is None else condition
        return set(await connection.scalars(select(table.c.id).where(where)))


scopes = st.builds(
    RowScope,
    everything=st.booleans() | st.just(False),
    authorities=st.frozensets(st.sampled_from(AUTHORITIES[1:])),
    schools=st.frozensets(st.sampled_from(SCHOOLS[1:])),
    persons=st.frozensets(st.sampled_from(PEOPLE[1:])),
)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(scope=scopes)
def test_predicate_and_row_security_and_covers_agree(ground: Ground, scope: RowScope) -> None:
    """Design, section 6: rows are filtered twice, and both locks are the decision."""
    c = contacts.c
    expected = {row["id"] for row in ROWS if scope.covers(row["authority"], row["school"], row["person"])}
    first = row_predicate(scope, authority=c.authority, school=c.school, person=c.person)
    assert ground.run(seen(ground.worker, contacts, None, first)) == expected
    assert ground.run(seen(ground.api, contacts, decision(personal=scope))) == expected
    assert ground.run(seen(ground.api, contacts, decision(personal=scope), first)) == expected


@quick
@given(by_class=st.dictionaries(st.sampled_from([c.value for c in DataClass]), scopes))
def test_a_row_with_its_own_class_is_seen_under_that_class_only(
    ground: Ground, by_class: dict[str, RowScope]
) -> None:
    """The change feed: public entries of the region beside personal ones of one authority."""
    expected = {
        row["id"]
        for row in FEED
        if row["class"] in by_class and by_class[row["class"]].covers(row["authority"])
    }
    assert ground.run(seen(ground.api, feed, decision(**by_class))) == expected


def test_public_rows_of_the_region_open_no_personal_one(ground: Ground) -> None:
    assert ground.run(seen(ground.api, contacts, decision(public=ALL_ROWS, internal=ALL_ROWS))) == set()


def test_without_settings_nothing_is_seen(ground: Ground) -> None:
    """Fails closed: a transaction that forgot to say who asks, and the one after a transaction that did."""
    assert ground.run(seen(ground.api, contacts, decision(personal=ALL_ROWS))) != set()
    assert ground.run(seen(ground.api, contacts, None)) == set()
    assert ground.run(seen(ground.api, contacts, decision(personal=NO_ROWS))) == set()
    refused = Decision(Principal("s", "c"), "contacts.read", False, {DataClass.personal: ALL_ROWS})
    assert ground.run(seen(ground.api, contacts, refused)) == set()


def test_worker_and_owner_pass_by_policies_of_their_own(ground: Ground) -> None:
    """Design, section 6: three roles; nobody passes because row security is off."""
    assert len(ground.run(seen(ground.worker, contacts, None))) == len(ROWS)
    assert len(ground.run(seen(ground.owner, contacts, None))) == len(ROWS)

    async def forced() -> set[tuple[bool, bool]]:
        statement = text(
            "select relrowsecurity, relforcerowsecurity from pg_class where relname in ('contacts', 'feed')"
        )
        async with ground.owner.begin() as connection:
            return {tuple(row) for row in await connection.execute(statement)}

    assert ground.run(forced()) == {(True, True)}


def test_no_row_can_be_written_outside_the_scope(ground: Ground) -> None:
    """The second lock holds for writes as well: neither a foreign row changed nor an own one given away."""
    own = decision(personal=RowScope(authorities=frozenset({"673"})))

    async def attempt(statement: Any) -> int:
        async with ground.api.begin() as connection:
            await apply_settings(connection, session_settings(own))
            changed = (await connection.execute(statement)).rowcount
            await connection.rollback()
            return int(changed)

    foreign = update(contacts).where(contacts.c.authority == "681")
    assert ground.run(attempt(foreign.values(school="6722100"))) == 0
    assert ground.run(attempt(update(contacts).where(contacts.c.authority == "673").values(school=None))) == 9
    for statement in (
        update(contacts)
        .where(contacts.c.authority == "673")
        .values(authority="681", school=None, person=None),
        insert(contacts).values(id=9_999, authority="681"),
        insert(contacts).values(id=9_999),
    ):
        with pytest.raises(DBAPIError, match="row-level security"):
            ground.run(attempt(statement))


def test_the_second_lock_leaves_the_index_to_the_first_and_runs_once(
    postgres: TestPostgres, ground: Ground
) -> None:
    """Notes 3.16: policies are init plans, evaluated once a statement; the query's own predicate uses the index."""
    scope = RowScope(authorities=frozenset({"673"}))

    async def plan() -> str:
        async with ground.owner.begin() as connection:
            rows = func.generate_series(1_000, 30_000).table_valued("i").render_derived(name="made")
            authority = (func.mod(rows.c.i, 200) + 1_000).cast(Text)
            await connection.execute(
                insert(contacts).from_select(
                    ["id", "authority"], select(rows.c.i, authority).select_from(rows)
                )
            )
            await connection.execute(text("analyze contacts"))
        async with ground.api.begin() as connection:
            await apply_settings(connection, session_settings(decision(personal=scope)))
            lines = await connection.execute(
                text("explain (costs off) select id from contacts where authority = any(array['673'])")
            )
            return "\n".join(lines.scalars())

    try:
        explained = ground.run(plan())
    finally:
        ground.run(remove_made(ground.owner))
    assert "Index Cond: (authority = ANY ('{673}'::text[]))" in explained
    assert "Seq Scan" not in explained
    assert "SubPlan" not in explained
    assert "authority = ANY ((InitPlan 1).col1)" in explained


async def remove_made(owner: AsyncEngine) -> None:
    async with owner.begin() as connection:
        await connection.execute(contacts.delete().where(contacts.c.id >= 1_000))


def test_settings_are_one_statement_whatever_they_are(ground: Ground) -> None:
    """One prepared statement for every caller; an unknown name is a fault of the program."""

    counting = text("select count(*) from pg_prepared_statements where statement like 'SELECT set_config%'")

    async def prepared() -> set[int]:
        counts = set()
        async with ground.api.connect() as connection:
            for scope in (NO_ROWS, ALL_ROWS, RowScope(schools=frozenset({"1", "2"}))):
                await apply_settings(connection, session_settings(decision(personal=scope)))
                counts.add(await connection.scalar(counting))
            with pytest.raises(ValueError, match="not a row-level setting"):
                await apply_settings(connection, {"app.tenants": "673"})
        return counts

    assert len(ground.run(prepared())) == 1
    assert len(set(RLS_SETTINGS)) == 22


def test_a_code_with_a_comma_hides_and_never_opens() -> None:
    """Lists are joined by commas: `673,681` as one code must not become two."""
    given_settings = session_settings(decision(personal=RowScope(authorities=frozenset({"673,681", "672"}))))
    assert given_settings["app.personal_authorities"] == "672"


def test_a_table_must_have_the_columns_it_is_protected_by() -> None:
    table = Table("t", MetaData(), Column("id", BigInteger))
    with pytest.raises(ValueError, match="no such column"):
        protect(table, DataClass.public, authority="authority")
    with pytest.raises(ValueError, match="no such column"):
        protect(table, "class")
