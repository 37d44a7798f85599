"""Finds who can meet a request, with reasons; matches one; refuses whoever is in conflict [D-14, D-17; S4-16]."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from brokerage.domain.conflicts import Involvement
from brokerage.domain.matching import BLOCKS, Match, Wanted, judged, ranked
from brokerage.storage.conventions import matching
from brokerage.storage.known import schools_of, visitor_of
from brokerage.storage.matching import candidates_for
from brokerage.storage.tables import menu_items
from brokerage.usecases.request_support import move_request
from contracts.events.brokerage import SupportRequestMatched
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, showing
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


async def matches_for(uow: UnitOfWork, request: Row, who: str) -> list[Match]:
    """Everything on the menu for a request, the best first; `who` would match it."""
    wanted = await _wanted(uow, request, request["days_wanted"], request["wanted_from"])
    involved = await _involvement(uow, request, who)
    found = await candidates_for(uow.connection, request, involved, uow.clock.today())
    return ranked(found, wanted, matching())


async def match(uow: UnitOfWork, request: Row, item_id: str, who: str) -> None:
    """Chooses an entry of the menu for a request. Raises 422 for none of its menu, 409 `match_blocked` with why."""
    query = showing(menu_items, uow.clock.today(), None, menu_items.slices.c.id == item_id)
    item = await first(uow.connection, query)
    if item is None or item["state"] != "published" or item["specialism"] != request["specialism"]:
        raise ProblemError("validation_failed", errors=[Fault("/menu_item_id", "not_on_the_menu")])
    request = {**request, "menu_item_id": item_id}
    chosen = await chosen_match(
        uow, request, who, days=request["days_wanted"], from_day=request["wanted_from"]
    )
    refuse_blocked(chosen)
    await move_request(
        uow, request, SupportRequestMatched, state="matched", provider_id=chosen.provider_id,
        menu_item_id=item_id, match_reasons=list(chosen.reasons), matched_by=who, offer_id=None,
    )  # fmt: skip


async def chosen_match(
    uow: UnitOfWork, request: Row, matched_by: str | None, *, days: int, from_day: date
) -> Match:
    """The chosen entry of the menu judged anew, as of now."""
    wanted = await _wanted(uow, request, days, from_day)
    involved = await _involvement(uow, request, matched_by)
    found = await candidates_for(
        uow.connection, request, involved, uow.clock.today(), request["menu_item_id"]
    )
    return judged(found[0], wanted, matching())


def refuse_blocked(match: Match, *, but: frozenset[str] = frozenset()) -> None:
    """Raises 409 `match_blocked` with every reason; `but` are those that somebody else decides."""
    blocked = [code for code in match.blocked if code not in but]
    if blocked:
        raise ProblemError(
            "match_blocked", {"reason": BLOCKS[blocked[0]]}, extra={"reason": blocked[0], "blocked": blocked}
        )


async def _wanted(uow: UnitOfWork, request: Row, days: int, from_day: date) -> Wanted:
    school = (await schools_of(uow.connection, [request["school_number"]]))[request["school_number"]]
    return Wanted(
        school.number,
        school.authority,
        request["phase"],
        school.postcode,
        request["language"],
        days,
        from_day,
    )


async def _involvement(uow: UnitOfWork, request: Row, matched_by: str | None) -> Involvement:
    visitor = await visitor_of(uow.connection, request["visit_id"])
    return Involvement(request["school_number"], visitor, matched_by)
