"""Surfaces that forget a part of the policy, for `test_one_policy`: each is found by holding it against the others."""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from random import Random
from typing import Any, Final

import orjson
import pytest
from policy_refusals import refusals
from policy_surfaces import SURFACES, Read, Surface
from policy_world import Asker, World, of
from sqlalchemy import func, select, true
from starlette.responses import Response

from contracts.data_class import DataClass
from exchange.api import feed_entries
from exchange.usecases import feed_policy, read_digest
from gateway.api import compositions
from service_kit import call, commands, exports, listing
from service_kit.policy.decide import Decision
from service_kit.policy.predicates import row_predicate
from service_kit.policy.rls import EVERYTHING, apply_settings
from service_kit.policy.scope import ALL_ROWS
from service_kit.problems import ProblemError

Patch = pytest.MonkeyPatch
_ALL: Final = {EVERYTHING: ",".join(DataClass)}


FEED: Final = "exchange.usecases.read_changes"
"""Its row-level security knows classes and no aggregates: it is the second lock of the log, not of each record."""
STAGES: Final = "visits.storage.visits"
"""Which stage of a visit a school sees is no matter of whose row it is: PostgreSQL is not told of it."""


def forget_predicates(patch: Patch, *but: str) -> int:
    """Every query forgets its own condition on rows, but those of these modules; gives how many modules did."""
    holding = [
        module
        for name, module in list(sys.modules.items())
        if getattr(module, "row_predicate", None) is row_predicate
        and not name.startswith((*but, FEED, "policy_", "service_kit.policy"))
    ]
    for module in holding:
        patch.setattr(module, "row_predicate", lambda *_, **__: true())
    return len(holding)


def feed_forgets_classes(patch: Patch, world: World) -> None:
    """The feed tells all fields of an entry to whoever may see its record."""
    patch.setattr(feed_entries, "held_back", lambda shown, row: frozenset())


def list_forgets_classes(patch: Patch, world: World) -> None:
    """A list shows all fields of a row, whatever their class."""
    patch.setattr(listing, "visible_classes", lambda view, row, decision: frozenset(DataClass))


def export_forgets_classes(patch: Patch, world: World) -> None:
    """An export has all fields of a row, whatever their class."""
    patch.setattr(exports, "visible_classes", lambda view, row, decision: frozenset(DataClass))


def _everything(decision: Callable[..., Decision]) -> Callable[..., Decision]:
    def careless(*arguments: Any) -> Decision:
        return dataclasses.replace(decision(*arguments), by_class=dict.fromkeys(DataClass, ALL_ROWS))

    return careless


def feed_forgets_rows(patch: Patch, world: World) -> None:
    """The feed asks for aggregates and classes, and not for whose records they are."""
    patch.setattr(feed_policy, "visible", lambda shown: true())
    patch.setattr(feed_policy, "feed_decision", _everything(feed_policy.feed_decision))


def digest_forgets_rows(patch: Patch, world: World) -> None:
    """The digest relies on row-level security, which knows classes and no aggregates."""
    patch.setattr(read_digest, "visible", lambda shown: true())


def feed_forgets_dates(patch: Patch, world: World) -> None:
    """The exchange knows who held which post, and not until when."""
    state = world.suite.apps["exchange"].state
    today = state.serving

    async def long_ago(connection: Any, principal: Any, on: date) -> Any:
        return await today.memberships(connection, principal, date(2019, 10, 1))

    patch.setitem(state._state, "serving", dataclasses.replace(today, memberships=long_ago))


def total_forgets_the_policy(patch: Patch, world: World) -> None:
    """Rows are hidden by row-level security, and counted without it."""
    forget_predicates(patch)
    list_page = call.list_page

    async def careless(asked: Any, uow: Any, view: Any, query: Any, *rest: Any) -> Response:
        answer = await list_page(asked, uow, view, query, *rest)
        body = orjson.loads(answer.body)
        if "total" in body:
            await apply_settings(uow.connection, _ALL)
            counted = select(func.count()).select_from(query.order_by(None).subquery())
            body["total"] = await uow.connection.scalar(counted)
        return Response(orjson.dumps(body), answer.status_code, media_type="application/json")

    patch.setattr(call, "list_page", careless)


def refusal_tells(patch: Patch, world: World) -> None:
    """A change of what may not be known is forbidden, of what never was not found."""
    forget_predicates(patch)

    async def careless(asked: Any, problem: ProblemError, view: Any, load: Any) -> ProblemError:
        async with asked.read_only_view() as uow:
            await apply_settings(uow.connection, _ALL)
            there = await load(uow) is not None
        return ProblemError("operation_not_permitted" if there else "not_found", {"operation": "it"})

    patch.setattr(commands, "_explained", careless)


def composition_asks_for_another(patch: Patch, world: World) -> None:
    """The gateway asks for its sections with the token of whoever came first."""
    lines = compositions._lines
    first = world.headers(of("consortium_system", body="csc"))["Authorization"]

    def careless(*arguments: Any) -> list[tuple[str, str]]:
        return [(name, first if name == "authorization" else value) for name, value in lines(*arguments)]

    patch.setattr(compositions, "_lines", careless)


@contextmanager
def planted(mutant: Callable[[Patch, World], None], world: World) -> Iterator[None]:
    """The mutant for as long as the block lasts; what was worked out before and under it is forgotten."""
    kept = (feed_policy.feed_policy, feed_policy.reading)
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch, world)
        for one in kept:
            one.cache_clear()
        yield
    for one in kept:
        one.cache_clear()


async def _all_exports(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """Whatever luck chooses, until every list was exported."""
    return [one for n in range(8) for one in await SURFACES["export"](world, asker, seen, Random(n))]


CARDIFF = of("authority_system", authority="681")
MUTANTS: Final[dict[str, tuple[Callable[[Patch, World], None], Surface, Asker]]] = {
    "the feed forgets classes": (feed_forgets_classes, SURFACES["feed"], of("welsh_government")),
    "a list forgets classes": (list_forgets_classes, SURFACES["list"], of("welsh_government")),
    "an export forgets classes": (export_forgets_classes, _all_exports, of("welsh_government")),
    "the feed forgets rows": (feed_forgets_rows, SURFACES["feed"], CARDIFF),
    "the digest forgets rows": (digest_forgets_rows, SURFACES["digest"], of("welsh_government")),
    "the feed forgets dates": (feed_forgets_dates, SURFACES["feed"], of("adviser", person="second adviser")),
    "a total forgets the policy": (total_forgets_the_policy, SURFACES["list"], CARDIFF),
    "a refusal tells": (refusal_tells, partial(refusals, only="PATCH"), CARDIFF),
    "a composition asks for another": (composition_asks_for_another, SURFACES["composition"], CARDIFF),
}
"""By what they forget: what is planted, the surface that must find it, and a caller to whom it matters."""
