"""One policy on every surface [design §6, C-09, E-15]: random callers, random data, and one set of records and fields.

Real PostgreSQL, every service, the local transport and the gateway in one process. The region grows by random acts;
after each, what a random caller may read record by record is the measure for lists, totals, filters, search, counts,
the feed, the digest and composed views, and for what a refusal gives away. `GWELLA_POLICY_EXAMPLES=500` looks longer,
with other luck each time.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import sys  # isort: skip
from pathlib import Path  # isort: skip

sys.path.insert(0, str(Path(__file__).parent))

from policy_callers import askers, known
from policy_mutants import MUTANTS, STAGES, forget_predicates, planted
from policy_refusals import operations_of, refusals
from policy_region import (
    BODIES,
    PEOPLE,
    SCHOOLS,
    SPANS,
    act,
    appoint,
    contact,
    evaluate,
    meet,
    support,
    told,
    visit,
)
from policy_surfaces import LATE_READERS, LISTS, SURFACES, kind_of, read
from policy_world import Asker, World, of, standing

from testkit.databases import ServiceDatabase
from testkit.fixtures import Migrate, TestPostgres

LONG = int(os.environ.get("GWELLA_POLICY_EXAMPLES", "0"))
EXAMPLES = LONG or 6
NAMED = (
    of("adviser", person="second adviser"), of("authority_system", authority="681"), of("clerk", person="clerk"),
    of("body_member", person="leader"), of("managing_director", body="csc", person="observer"),
    of("head", person="second head"), of("consortium_system", body="csc"), of("provider", person="provider"),
)  # fmt: skip
"""Callers who are tried whatever luck brings: of each kind of rows, with dates that have passed."""
Act = Callable[[World], Awaitable[None]]


@dataclass
class House:
    """The suite with its region, and the loop on which it lives, so that hypothesis can try many examples on it."""

    runner: asyncio.Runner
    world: World
    seen: Counter[str]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)


@pytest.fixture(scope="module")
def house(postgres: TestPostgres) -> Iterator[House]:
    """A region with one of everything."""
    made: list[ServiceDatabase] = []

    def migrated(service: str, migrate: Migrate) -> ServiceDatabase:
        made.append(postgres.migrated(service, migrate))
        return made[-1]

    worlds: list[World] = []

    async def hold(stands: asyncio.Event, leave: asyncio.Event) -> None:
        async with standing(migrated) as world:
            await told(world)
            document = (await world.gateway.get("/openapi.json")).json()
            world.fields = {kind_of(listing.record): _fields(document, listing.record) for listing in LISTS}
            world.operations = operations_of(document)
            worlds.append(world)
            stands.set()
            await leave.wait()

    with asyncio.Runner() as runner:
        leave = asyncio.Event()

        async def begin() -> asyncio.Task[None]:
            stands = asyncio.Event()
            holding = asyncio.create_task(hold(stands, leave))
            arrived = asyncio.create_task(stands.wait())
            await asyncio.wait([holding, arrived], return_when=asyncio.FIRST_COMPLETED)
            if holding.done():
                await holding
            return holding

        async def end(holding: asyncio.Task[None]) -> None:
            leave.set()
            await holding

        holding = runner.run(begin())
        yield House(runner, worlds[0], Counter())
        runner.run(end(holding))
    for database in made:
        postgres.drop(database)


def _fields(document: dict[str, Any], record: str) -> frozenset[str]:
    """Every field that the description gives a kind of record."""
    described = document["paths"].get(f"/v1{record}")
    if described is None:
        return frozenset()
    schema = described["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    return frozenset(document["components"]["schemas"][schema.rsplit("/", 1)[1]]["properties"])


def acts() -> st.SearchStrategy[Act]:
    """Something that happens in the region, at random; the rules may refuse it."""
    number, person, span = st.sampled_from(SCHOOLS), st.sampled_from(PEOPLE), st.sampled_from(SPANS)
    led, body = st.sampled_from(SCHOOLS[:3]), st.sampled_from(BODIES)
    post = st.sampled_from(["head_teacher", "chair_of_governors"])
    return st.one_of(
        st.builds(lambda n, w, p, s: lambda world: appoint(world, w, n, p, s), number, person, post, span),
        st.builds(lambda n: lambda world: contact(world, n, "chair_of_governors"), number),
        st.builds(lambda n, stage: lambda world: visit(world, n, stage), led, st.integers(1, 6)),
        st.builds(lambda n: lambda world: act(world, n), led),
        st.builds(lambda n, stage: lambda world: evaluate(world, n, stage), led, st.integers(1, 4)),
        st.builds(lambda b, e: lambda world: meet(world, b, exempt=e), body, st.booleans()),
        st.builds(lambda stage: lambda world: support(world, stage), st.integers(1, 6)),
    )


async def disagreements(world: World, asker: Asker, luck: Random) -> tuple[set[str], dict[str, list[str]]]:
    """Which kinds of records the caller reads, and where a surface shows it anything else."""
    seen = await read(world, asker)
    every = {**SURFACES, "refusals": refusals}
    found = {name: await surface(world, asker, seen, luck) for name, surface in every.items()}
    return {kind_of(path) for path in seen}, {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.journey
@pytest.mark.parametrize("asker", NAMED, ids=lambda one: one.grants[0].role)
def test_a_caller_of_each_kind_sees_one_set_of_records(house: House, asker: Asker) -> None:
    """E-15, X-02: whose rows turn on an authority, a post, a seat, a consortium, a person."""
    kinds, wrong = house.run(disagreements(house.world, known(house.world, asker), Random(1)))
    assert not wrong, wrong
    assert len(kinds) > 5
    house.seen.update(kinds)


@pytest.mark.journey
def test_every_surface_shows_the_same_set(house: House) -> None:
    """E-15, X-02: any caller, after anything that may happen."""
    kinds: set[str] = set()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=not LONG, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(happening=st.lists(acts(), max_size=2), asker=askers(), luck=st.integers(0, 2**32))
    def agree(happening: list[Act], asker: Asker, luck: int) -> None:
        async def example() -> dict[str, list[str]]:
            for happens in happening:
                await happens(house.world)
                await house.world.settle()
            read_kinds, wrong = await disagreements(house.world, known(house.world, asker), Random(luck))
            kinds.update(read_kinds)
            return wrong

        wrong = house.run(example())
        assert not wrong, f"{asker}: {wrong}"

    agree()
    assert {"schools", "visits"} & kinds, kinds
    # What the region holds is of every kind that is guarded, and refusals were held against each other.
    held = {kind_of(path) for path in house.world.universe}
    assert held >= {
        "people", "contacts", "role-assignments", "adviser-allocations", "visits", "findings", "actions", "categories",
        "support-requests", "offers", "interests", "commissions", "deliveries", "body-members", "meetings",
        "agenda-items", "resolutions", "attendances",
    }, held  # fmt: skip
    assert house.world.compared > 20, house.world.compared


@pytest.mark.journey
@pytest.mark.parametrize("name", MUTANTS)
def test_a_surface_that_forgets_is_found(house: House, name: str) -> None:
    """E-15: classes, rows, dates, the total's policy, the caller: each forgotten by one surface alone."""
    mutant, surface, somebody = MUTANTS[name]
    asker = known(house.world, somebody)

    async def compared() -> list[str]:
        return await surface(house.world, asker, await read(house.world, asker), Random(3))

    assert house.run(compared()) == []
    with planted(mutant, house.world):
        seen = house.run(compared())
    assert seen, f"nobody noticed: {name}"


@pytest.mark.journey
def test_row_security_holds_where_queries_forget_their_rows(house: House) -> None:
    """Design §6: PostgreSQL shows each caller the same records when no query of any service asks whose they are."""
    for somebody in NAMED if LONG else NAMED[::2]:
        asker = known(house.world, somebody)
        before = house.run(read(house.world, asker))
        but = (STAGES,) if asker.roles & LATE_READERS else ()
        with planted(lambda patch, _: _forgetful(patch, but), house.world):  # noqa: B023
            wrong = house.run(SURFACES["list"](house.world, asker, before, Random(1)))
            assert house.run(read(house.world, asker)) == before
        assert not wrong, (somebody, wrong)


def _forgetful(patch: pytest.MonkeyPatch, but: tuple[str, ...]) -> None:
    assert forget_predicates(patch, *but) >= 12
