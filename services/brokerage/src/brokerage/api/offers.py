"""Offers of support: put to both sides, answered by both heads and by the authority where it pays [D-14; flows 2]."""

from datetime import date

from pydantic import Field
from starlette.responses import Response

from brokerage.api.asking import Asking
from brokerage.api.fields import (
    Days,
    Line,
    OfferState,
    Payer,
    Pence,
    Reasoned,
    RecordId,
    SchoolNumber,
    Side,
    TwoSidedView,
)
from brokerage.api.shaping import offers_listed, one_offer, shaped_offer
from brokerage.api.support_requests import step_within
from brokerage.storage.tables import offers, support_requests
from brokerage.usecases.following import beyond_the_caller
from brokerage.usecases.make_offer import Terms, answer_offer, make_offer
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import descending
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, lock, locked
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("offers", Text("Offers of support", "Cynigion cymorth"))


class OfferView(TwoSidedView, data_class=DataClass.internal):
    """Support on terms, as both sides see it. The finding behind it is the supported side's alone."""

    request_id: str
    menu_item_id: str
    support_type: str
    days: int
    first_day: date
    last_day: date
    cost_pence: int
    paid_by: str
    """Who pays: a code of `payers`."""
    state: str
    """State of the offer: a code of `offer_states`."""
    supported: str
    """Answer of the supported school: a code of `offer_answers`."""
    supporting: str
    """Answer of the provider: a code of `offer_answers`."""
    paying_authority: str
    """Answer of the authority: a code of `offer_answers`; needed only where it pays."""
    expires_on: date
    """Last day for the answers."""
    reason: str | None
    """Why it was declined."""
    you_answer_for: list[Side]
    """The sides whose answer is awaited from you."""
    external_references: ExternalReferences = Field(default_factory=list)


class NewOffer(Model):
    """The terms of an offer for a matched request."""

    request_id: RecordId
    days: Days
    first_day: date
    last_day: date
    paid_by: Payer
    cost_pence: Pence | None = None
    """The days at the price on the menu when left out."""


class Acceptance(Model):
    """Which side accepts."""

    side: Side


class Refusal(Reasoned):
    """Which side declines, and why."""

    side: Side


@router.page("/offers", operation="offers.read", response_model=Page[OfferView], referenced=True)
async def list_offers(
    call: Call,
    request_id: RecordId | None = None,
    school_number: SchoolNumber | None = None,
    provider_id: RecordId | None = None,
    state: OfferState | None = None,
) -> Response:
    """Lists offers of which you may see either side, the latest answer day first."""
    columns = offers.slices.c
    async with call.read() as uow:
        asking, query = Asking(call), offers_listed(call)
        for column, value in (
            (columns.request_id, request_id),
            (columns.school_number, school_number),
            (columns.provider_id, provider_id),
            (columns.state, state),
        ):
            query = query if value is None else query.where(column == value)
        order = [descending(columns.expires_on), descending(columns.id)]
        return await call.page(uow, OfferView, query, order, shape=lambda row: shaped_offer(asking, row))


@router.get("/offers/{id}", operation="offers.read", response_model=OfferView)
async def read_offer(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one offer."""
    async with call.read() as uow:
        return call.record(OfferView, await one_offer(call, uow, id))


@router.post(
    "/offers", operation="support_requests.broker", response_model=OfferView,
    problems=["transition_not_allowed", "match_blocked", "capacity_exceeded", "working_days_unknown"],
)  # fmt: skip
async def offer_support(new: NewOffer, call: Call) -> Response:
    """Puts the matched support to both sides on terms."""

    async def do(uow: UnitOfWork) -> Row:
        terms = Terms(new.days, new.first_day, new.last_day, new.paid_by, new.cost_pence)
        made: list[str] = []

        async def take(unit: UnitOfWork, row: Row) -> None:
            made.append(await make_offer(unit, row, terms, Asking(call).who))

        await step_within(call, uow, new.request_id, "offer", take)
        return await one_offer(call, uow, made[0])

    return await call.command(OfferView, do, location="/v1/offers/{id}", shown_under="offers.read")


@router.post(
    "/offers/{id}/accept", operation="offers.answer", response_model=OfferView, status=200,
    problems=["offer_not_open", "side_has_answered"],
)  # fmt: skip
async def accept_offer(id: RecordId, given: Acceptance, call: Call) -> Response:  # noqa: A002
    """Accepts for one side. With the last answer that is needed, the request is agreed."""
    return await _answer(call, id, given.side, accepted=True, reason=None)


@router.post(
    "/offers/{id}/decline", operation="offers.answer", response_model=OfferView, status=200,
    problems=["offer_not_open", "side_has_answered"],
)  # fmt: skip
async def decline_offer(id: RecordId, given: Refusal, call: Call) -> Response:  # noqa: A002
    """Declines for one side. The request goes back to triage, to be matched again."""
    return await _answer(call, id, given.side, accepted=False, reason=given.reason)


async def _answer(call: RequestCall, id_: str, side: Line, *, accepted: bool, reason: str | None) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        query = offers_listed(call).where(offers.slices.c.id == id_)
        found = await first(uow.connection, query)
        if found is None:
            raise ProblemError("not_found")
        await lock(uow.connection, support_requests, found["request_id"])
        offer = await locked(uow.connection, offers, id_, query)
        if offer is None:
            raise ProblemError("not_found")
        caller = Asking(call).about(offer)
        await beyond_the_caller(uow)
        await answer_offer(uow, offer, caller, side, accepted=accepted, reason=reason)
        return await one_offer(call, uow, id_)

    return await call.command(OfferView, do, status=200, shown_under="offers.read")


takes_references(router, "/offers/{id}", OfferView, "offer", "offers.read", one_offer)
