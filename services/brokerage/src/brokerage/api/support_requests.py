"""Requests for support from a published finding: made, read, matched and moved on [D-14; flows 2]."""

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import Field
from sqlalchemy import Select
from starlette.responses import Response

from brokerage.api.asking import Asking
from brokerage.api.fields import (
    AuthorityCode,
    Days,
    Narrative,
    Reasoned,
    RecordId,
    RequestState,
    SchoolNumber,
    Specialism,
    StatedView,
    SupportLanguage,
)
from brokerage.api.shaping import one_request, requests_listed, shaped_request
from brokerage.domain.matching import BLOCKS, REASONS, Match
from brokerage.storage.tables import RIGHTS, support_requests
from brokerage.usecases import request_support
from brokerage.usecases.following import beyond_the_caller
from brokerage.usecases.machines import REQUEST, request_why_not
from brokerage.usecases.match_request import match, matches_for
from contracts.data_class import DataClass
from contracts.text import Language, Text
from service_kit import caseload
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending, descending
from service_kit.permitting import demand
from service_kit.policy.predicates import row_predicate
from service_kit.problems import ProblemError
from service_kit.reading import Row, locked, versions
from service_kit.routing import Router
from service_kit.transitions import TransitionView, demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("support-requests", Text("Support requests", "Ceisiadau am gymorth"))

Take = Callable[[UnitOfWork, Row], Awaitable[object]]


class SupportRequestVersionView(StatedView, data_class=DataClass.confidential):
    """A request for support as of one version."""

    finding_id: str
    visit_id: str
    area: str
    """Area of the finding: a code of `finding_areas`."""
    specialism: str
    phase: str
    language: str
    days_wanted: int
    wanted_from: date
    need: str
    state: str
    """State of the request: a code of `support_request_states`."""
    requested_on: date
    provider_id: str | None
    menu_item_id: str | None
    match_reasons: list[str]
    """Why the provider was matched: codes of the reasons of a match."""
    offer_id: str | None
    commission_id: str | None
    reason: str | None
    """Why it was declined or withdrawn."""


class SupportRequestView(SupportRequestVersionView, data_class=DataClass.confidential):
    """A request for support."""

    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class ReasonView(View, data_class=DataClass.public):
    """A reason for or against a match."""

    code: str
    detail: str


class MatchView(View, data_class=DataClass.confidential):
    """An entry of the menu judged for a request; one with anything under `blocked` cannot be chosen."""

    menu_item_id: str
    provider_id: str
    score: int
    reasons: list[ReasonView]
    blocked: list[ReasonView]


class Matches(View, data_class=DataClass.confidential):
    """What is on the menu for a request, the best first, what is blocked last."""

    items: list[MatchView]


class NewSupportRequest(Model):
    """What a school needs, from a published finding."""

    finding_id: RecordId
    specialism: Specialism
    days: Days
    need: Narrative
    language: SupportLanguage | None = None
    """By the school's Welsh-medium type when left out."""
    wanted_from: date | None = None
    """From today when left out."""


class ChosenMatch(Model):
    """The entry of the menu that is chosen."""

    menu_item_id: RecordId


@router.page(
    "/support-requests", operation="support_requests.read", response_model=Page[SupportRequestView], referenced=True
)  # fmt: skip
async def list_support_requests(
    call: Call,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    state: RequestState | None = None,
    specialism: Specialism | None = None,
    finding_id: RecordId | None = None,
    lead_adviser_id: RecordId | None = None,
) -> Response:
    """Lists requests for support, the latest first."""
    columns = support_requests.slices.c
    async with call.read(operations=[caseload.OPERATION]) as uow:
        asking = Asking(call)
        query = requests_listed(call)
        for column, value in (
            (columns.school_number, school_number),
            (columns.authority, authority),
            (columns.state, state),
            (columns.specialism, specialism),
            (columns.finding_id, finding_id),
        ):
            query = query if value is None else query.where(column == value)
        if lead_adviser_id is not None:
            led = await caseload.schools_led(call, uow, RIGHTS, lead_adviser_id)
            query = query.where(columns.school_number.in_(led))
        order = [descending(columns.requested_on), descending(columns.id)]
        return await call.page(
            uow,
            SupportRequestView,
            query,
            order,
            shape=lambda row: shaped_request(asking, row, call.language),
        )


@router.get("/support-requests/{id}", operation="support_requests.read", response_model=SupportRequestView)
async def read_support_request(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one request."""
    async with call.read() as uow:
        return call.record(SupportRequestView, await one_request(call, uow, id))


@router.page(
    "/support-requests/{id}/versions", operation="support_requests.read",
    response_model=Page[SupportRequestVersionView], dated=False,
)  # fmt: skip
async def list_support_request_versions(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Lists every version of a request, the first one first."""
    columns = support_requests.slices.c
    async with call.read() as uow:
        covered = row_predicate(
            call.rows(DataClass.confidential), authority=columns.authority, school=columns.school_number
        )
        query: Select[tuple[object, ...]] = versions(support_requests, id, covered)
        return await call.page(uow, SupportRequestVersionView, query, [ascending(columns.version)])


@router.get(
    "/support-requests/{id}/matches", operation="support_requests.broker", response_model=Matches, dated=False
)
async def read_matches(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Ranks what is on the menu for a request, each with its reasons, and says what blocks the others."""
    async with call.read() as uow:
        request = await one_request(call, uow, id)
        await beyond_the_caller(uow)
        found = await matches_for(uow, request, Asking(call).who)
    return call.answer(Matches(items=[_match_view(one, call.language) for one in found]))


@router.post(
    "/support-requests", operation="support_requests.write", response_model=SupportRequestView,
    problems=["school_is_closed"],
)  # fmt: skip
async def request_support_for_finding(new: NewSupportRequest, call: Call) -> Response:
    """Requests support for a published finding."""

    async def do(uow: UnitOfWork) -> Row:
        finding = await request_support.published_finding(uow, new.finding_id)
        demand(call, DataClass.confidential, authority=finding["authority"], school=finding["school"])
        wanted = request_support.WantedSupport(
            new.specialism, new.days, new.need, new.language, new.wanted_from
        )
        id_ = await request_support.request_support(uow, finding, wanted, Asking(call).who)
        return await one_request(call, uow, id_)

    return await call.command(SupportRequestView, do, location="/v1/support-requests/{id}")


async def step(call: RequestCall, id_: str, name: str, take: Take) -> Response:
    """Takes one step of a request, refused with the reason and the steps that are possible."""

    async def do(uow: UnitOfWork) -> Row:
        await step_within(call, uow, id_, name, take)
        return await one_request(call, uow, id_)

    return await call.command(SupportRequestView, do, status=200)


async def step_within(call: RequestCall, uow: UnitOfWork, id_: str, name: str, take: Take) -> None:
    """The same within a transaction that answers with another record."""
    query = requests_listed(call).where(support_requests.slices.c.id == id_)
    row = await locked(uow.connection, support_requests, id_, query)
    if row is None:
        raise ProblemError("not_found")
    demanded(REQUEST, row["state"], name, request_why_not(row, Asking(call).about(row)))
    await beyond_the_caller(uow)
    await take(uow, row)


@router.post(
    "/support-requests/{id}/triage", operation="support_requests.broker", response_model=SupportRequestView,
    status=200, problems=["transition_not_allowed"],
)  # fmt: skip
async def triage_request(id: RecordId, call: Call) -> Response:  # noqa: A002
    """Takes a request up."""
    return await step(call, id, "triage", lambda uow, row: request_support.triage(uow, row, Asking(call).who))


@router.post(
    "/support-requests/{id}/match", operation="support_requests.broker", response_model=SupportRequestView,
    status=200, problems=["transition_not_allowed", "match_blocked"],
)  # fmt: skip
async def match_request(id: RecordId, chosen: ChosenMatch, call: Call) -> Response:  # noqa: A002
    """Chooses a provider from the menu; whoever is in conflict, or cannot, is refused with every reason."""
    return await step(
        call, id, "match", lambda uow, row: match(uow, row, chosen.menu_item_id, Asking(call).who)
    )


@router.post(
    "/support-requests/{id}/decline", operation="support_requests.broker", response_model=SupportRequestView,
    status=200, problems=["transition_not_allowed"],
)  # fmt: skip
async def decline_request(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002
    """Declines a request."""
    return await step(call, id, "decline", lambda uow, row: request_support.decline(uow, row, why.reason))


@router.post(
    "/support-requests/{id}/withdraw", operation="support_requests.write", response_model=SupportRequestView,
    status=200, problems=["transition_not_allowed"],
)  # fmt: skip
async def withdraw_request(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002
    """Withdraws a request, and with it an offer that lies open."""
    return await step(call, id, "withdraw", lambda uow, row: request_support.withdraw(uow, row, why.reason))


def _match_view(found: Match, language: Language) -> MatchView:
    return MatchView(
        menu_item_id=found.menu_item_id,
        provider_id=found.provider_id,
        score=found.score,
        reasons=[ReasonView(code=c, detail=REASONS[c].in_(language)) for c in found.reasons],
        blocked=[ReasonView(code=c, detail=BLOCKS[c].in_(language)) for c in found.blocked],
    )


takes_references(
    router,
    "/support-requests/{id}",
    SupportRequestView,
    "support_request",
    "support_requests.read",
    one_request,
)
