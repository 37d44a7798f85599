"""The suite in this process, asked by schemathesis in others: which role asks what, in a long and in a bounded way."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from service_kit.policy.roles import roles
from testkit.fuzzing.parts import Described, described
from testkit.fuzzing.running import Outcome, Plan, run
from testkit.whole_suite import SCHOOL, Suite

GENERATED: Final = ("coverage", "fuzzing")
LINKED: Final = ("stateful",)


def bearers(suite: Suite) -> dict[str, str]:
    """The Authorization line of each role of the roles file: each with what it is usually held for."""
    found = {}
    for role in roles().roles.values():
        person = {"person_id": suite.people["head" if role.name == "head" else "adviser"]}
        of = {
            "authority": "673",
            "school": SCHOOL,
            "body": "csc",
            **(person if role.kind == "person" else {}),
        }
        found[role.name] = suite.caller(role.name, client_id=f"fuzz-{role.name}", **of)["Authorization"]
    return found


def permitted(document: Mapping[str, Any], role: str) -> list[Described]:
    """The operations that a role lists."""
    return [one for one in described(document) if one.operation in roles().roles[role].operations]


def long_plans(document: Mapping[str, Any], examples: int, seed: int) -> Iterator[Plan]:
    """Every role: what it may ask, in depth and by links; then everything that it may not ask."""
    for role in sorted(roles().roles):
        may = dict.fromkeys((one.id for one in permitted(document, role)), role)
        yield Plan(role, may, GENERATED, examples, seed)
        yield Plan(f"{role}-linked", may, LINKED, examples * 10, seed, steps=8)
    for number, asks in enumerate(_refused(document, Random(seed))):  # noqa: S311 - chosen again by its seed
        yield Plan(f"refused-{number}", asks, ("fuzzing",), 1, seed, mode="positive")


def bounded_plans(document: Mapping[str, Any], seed: int) -> Iterator[Plan]:
    """Every operation by a role that lists it; by links as the operator; some with what is wrong, some by another role.

    Which roles and operations follow from the seed. That every role is refused what it does not list, `policy_matrix`
    shows for all of them.
    """
    luck = Random(seed)  # noqa: S311 - chosen again by its seed
    names, asks = sorted(roles().roles), {}
    for one in described(document):
        asks[one.id] = luck.choice(
            [name for name in names if one.operation in roles().roles[name].operations]
        )
    yield Plan("permitted", asks, ("fuzzing",), 1, seed, mode="positive")
    linked = dict.fromkeys((one.id for one in permitted(document, "operator")), "operator")
    yield Plan("linked", linked, LINKED, 15, seed)
    refused = next(_refused(document, luck))
    some = luck.sample(sorted(refused), len(refused) // 5)
    yield Plan("refused", {one: refused[one] for one in some}, ("fuzzing",), 1, seed, mode="positive")
    wrong = luck.sample(sorted(asks), len(asks) // 6)
    yield Plan("wrong", {one: asks[one] for one in wrong}, ("fuzzing",), 2, seed, mode="negative")


def _refused(document: Mapping[str, Any], luck: Random) -> Iterator[dict[str, str]]:
    """Turns in each of which every operation is asked by a role that does not list it, until each role had its turn."""
    without = {
        one.id: [name for name, role in roles().roles.items() if one.operation not in role.operations]
        for one in described(document)
    }
    for names in without.values():
        luck.shuffle(names)
    for turn in range(max(map(len, without.values()))):
        yield {id_: names[turn] for id_, names in without.items() if turn < len(names)}


async def bounded(suite: Suite, seed: int, names: Collection[str]) -> Outcome:
    """The plans of these names of the bounded way, as the tests ask."""
    document = await _document(suite)
    plans = (plan for plan in bounded_plans(document, seed) if plan.name in names)
    return await performed(suite, document, plans)


async def long(
    suite: Suite, seed: int, at_least: int, examples: int, told: Callable[[str, Outcome], None]
) -> Outcome:
    """The long way, with the next seed for as long as there are not `at_least` cases. `told`: after each plan."""
    document, whole = await _document(suite), Outcome()
    while sum(whole.cases.values()) < at_least:
        whole.add(await performed(suite, document, long_plans(document, examples, seed), told))
        seed += 1
    return whole


async def performed(
    suite: Suite,
    document: Mapping[str, Any],
    plans: Iterable[Plan],
    told: Callable[[str, Outcome], None] = lambda name, outcome: None,
) -> Outcome:
    """What came of the plans on the running suite, one after the other."""
    whole, bearer = Outcome(), bearers(suite)
    for plan in plans:
        with TemporaryDirectory(prefix="gwella-fuzz-") as folder:
            outcome = await run(plan, document, suite.url, bearer, Path(folder))
        whole.add(outcome)
        told(plan.name, outcome)
    return whole


async def _document(suite: Suite) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found
