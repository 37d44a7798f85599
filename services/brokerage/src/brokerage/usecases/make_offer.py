"""Puts an offer to both sides and takes their answers [D-14; flows 2]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from brokerage.domain.caller import Caller
from brokerage.domain.offers import Parties, answers_for, first_answers, state_after
from brokerage.domain.requests import FOLLOWS_FROM_OFFER
from brokerage.storage.conventions import answer_working_days
from brokerage.storage.tables import menu_items, offers, providers, support_requests
from brokerage.usecases.event_writes import offer_write
from brokerage.usecases.match_request import chosen_match, refuse_blocked
from brokerage.usecases.refusing import days_not_listed, refuse_reversed
from brokerage.usecases.request_support import move_request
from brokerage.usecases.reserve_capacity import period_for
from contracts.events.brokerage import (
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    SupportRequestAgreed,
    SupportRequestExpired,
    SupportRequestFacts,
    SupportRequestOffered,
    SupportRequestTriaged,
)
from contracts.identifiers import new_id
from contracts.school_year import school_year_of
from contracts.working_days import WORKING_DAYS, YearNotListedError
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, locked, showing, values_of
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]
_TOLD_AS: Mapping[str, type[SupportRequestFacts]] = {
    "agreed": SupportRequestAgreed,
    "triaged": SupportRequestTriaged,
    "expired": SupportRequestExpired,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of an offer. `cost_pence` None: the days at the price on the menu."""

    days: int
    first_day: date
    last_day: date
    paid_by: str
    cost_pence: int | None


async def make_offer(uow: UnitOfWork, request: Row, terms: Terms, who: str) -> str:
    """Offers the matched support on terms, and gives the offer's id.

    Raises 422 for days that cannot be, 409 `match_blocked` and `capacity_exceeded`.
    """
    refuse_reversed(terms.first_day, terms.last_day)
    if school_year_of(terms.first_day) != school_year_of(terms.last_day):
        raise ProblemError("validation_failed", errors=[Fault("/last_day", "crosses_school_years")])
    chosen = await chosen_match(
        uow, request, request["matched_by"], days=terms.days, from_day=terms.first_day
    )
    refuse_blocked(chosen, but=frozenset({"no_capacity"}))
    await period_for(uow, request["provider_id"], terms.first_day, terms.last_day, terms.days)
    id_ = new_id()
    values = await _values(uow, request, terms, who)
    await uow.write(offers, [offer_write(id_, OfferMade, values, create=True)])
    await move_request(uow, request, SupportRequestOffered, state="offered", offer_id=id_)
    return id_


async def _values(uow: UnitOfWork, request: Row, terms: Terms, who: str) -> dict[str, Any]:
    today = uow.clock.today()
    item = await first(
        uow.connection, showing(menu_items, today, None, menu_items.slices.c.id == request["menu_item_id"])
    )
    provider = await first(
        uow.connection, showing(providers, today, None, providers.slices.c.id == request["provider_id"])
    )
    if item is None or provider is None:
        raise ProblemError("not_found")
    try:
        expires_on = WORKING_DAYS.after(today, answer_working_days())
    except YearNotListedError as error:
        raise days_not_listed(error) from error
    cost = terms.cost_pence if terms.cost_pence is not None else terms.days * item["day_price_pence"]
    return {
        **{name: request[name] for name in ("school_number", "authority", "provider_id", "menu_item_id")},
        **{name: provider[name] for name in ("provider_school", "provider_authority", "provider_person")},
        "request_id": request["id"],
        "support_type": item["support_type"],
        "days": terms.days,
        "first_day": terms.first_day,
        "last_day": terms.last_day,
        "cost_pence": cost,
        "paid_by": terms.paid_by,
        "state": "made",
        **first_answers(terms.paid_by),
        "expires_on": expires_on,
        "made_by": who,
        "reason": None,
    }


def sides_of(offer: Row, caller: Caller) -> frozenset[str]:
    """The sides of an offer for which a caller answers."""
    parties = Parties(
        offer["school_number"], offer["authority"], offer["provider_school"], offer["provider_person"]
    )
    return answers_for(caller, parties)


async def answer_offer(
    uow: UnitOfWork, offer: Row, caller: Caller, side: str, *, accepted: bool, reason: str | None
) -> None:
    """Takes one side's answer. Raises 409 where the offer is not open, the side has answered, or it is not yours."""
    if offer["state"] != "made" or offer["expires_on"] < uow.clock.today():
        raise ProblemError("offer_not_open", extra={"state": offer["state"]})
    if side not in sides_of(offer, caller):
        raise ProblemError("operation_not_permitted", {"operation": "offers.answer"})
    if offer[side] != "awaited":
        raise ProblemError("side_has_answered", extra={"answer": offer[side]})
    if not accepted and reason is None:
        raise ProblemError("validation_failed", errors=[Fault("/reason", "missing")])
    answers = {name: offer[name] for name in ("supported", "supporting", "paying_authority")}
    answers[side] = "accepted" if accepted else "declined"
    state = state_after(answers)
    values = values_of(offers, offer, **answers, state=state, reason=reason)
    kind = OfferAccepted if accepted else OfferDeclined
    await uow.write(offers, [offer_write(offer["id"], kind, values, answered_by=side)])
    if state in FOLLOWS_FROM_OFFER:
        await follow_offer(uow, offer["request_id"], offer["id"], state)


async def follow_offer(uow: UnitOfWork, request_id: str, offer_id: str, offer_state: str) -> None:
    """Moves the request as its offer went; one that was withdrawn in between stays so."""
    columns = support_requests.slices.c
    query = showing(support_requests, uow.clock.today(), None, columns.id == request_id)
    request = await locked(uow.connection, support_requests, request_id, query)
    if request is None or request["state"] != "offered" or request["offer_id"] != offer_id:
        return
    state = FOLLOWS_FROM_OFFER[offer_state]
    await move_request(uow, request, _TOLD_AS[state], state=state)
