"""Conflicts of interest: declared by anybody concerned, mitigated by the supported school's authority [S4-16, D-17]."""

from typing import Any

from pydantic import Field
from sqlalchemy import Select
from starlette.responses import Response

from brokerage.api.asking import Asking, of_both_sides
from brokerage.api.fields import Ground, Narrative, RecordId, TwoSidedView
from brokerage.storage.tables import interests, support_requests
from brokerage.usecases.declare_interest import declare_interest, mitigate_interest
from brokerage.usecases.following import beyond_the_caller
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, first, locked, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("interests", Text("Conflicts of interest", "Gwrthdaro buddiannau"))


class InterestView(TwoSidedView, data_class=DataClass.internal):
    """A conflict of interest between a provider and a request."""

    request_id: str
    ground: str
    """Ground of the conflict: a code of `interest_grounds`."""
    state: str
    """State of the conflict: a code of `interest_states`; a declared one blocks."""
    statement: str
    mitigation: str | None
    external_references: ExternalReferences = Field(default_factory=list)


class NewInterest(Model):
    """A conflict of interest that you know of."""

    request_id: RecordId
    provider_id: RecordId
    ground: Ground
    statement: Narrative


class Mitigation(Model):
    """How the conflict is mitigated."""

    mitigation: Narrative


@router.page("/interests", operation="interests.read", response_model=Page[InterestView], referenced=True)
async def list_interests(call: Call, request_id: RecordId | None = None) -> Response:
    """Lists conflicts of interest."""
    columns = interests.slices.c
    async with call.read() as uow:
        query = _listed(call)
        if request_id is not None:
            query = query.where(columns.request_id == request_id)
        return await call.page(uow, InterestView, query, [ascending(columns.id)])


@router.get("/interests/{id}", operation="interests.read", response_model=InterestView)
async def read_interest(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one conflict of interest."""
    async with call.read() as uow:
        return call.record(InterestView, await _one(call, uow, id))


@router.post("/interests", operation="interests.declare", response_model=InterestView)
async def declare_conflict(new: NewInterest, call: Call) -> Response:
    """Declares a conflict of interest. It blocks match, offer and commission until it is mitigated."""

    async def do(uow: UnitOfWork) -> Row:
        who = Asking(call).who
        query = showing(
            support_requests, call.clock.today(), None, support_requests.slices.c.id == new.request_id
        )
        # A provider who declares does not see the request, but must be heard.
        await beyond_the_caller(uow)
        request = await first(uow.connection, query)
        if request is None:
            raise ProblemError("validation_failed", errors=[Fault("/request_id", "no_such_request")])
        id_ = await declare_interest(uow, request, new.provider_id, new.ground, new.statement, who)
        row = await _one(call, uow, id_)
        if row is None:
            raise ProblemError("validation_failed", errors=[Fault("/request_id", "no_such_request")])
        return row

    return await call.command(
        InterestView, do, location="/v1/interests/{id}", shown_under="interests.declare"
    )


@router.post(
    "/interests/{id}/mitigate", operation="interests.mitigate", response_model=InterestView, status=200,
    problems=["interest_is_mitigated", "provider_cannot_mitigate"],
)  # fmt: skip
async def mitigate_conflict(id: RecordId, given: Mitigation, call: Call) -> Response:  # noqa: A002
    """Records how the authority of the supported school mitigates a conflict; it blocks no longer."""

    async def do(uow: UnitOfWork) -> Row:
        query = showing(interests, call.clock.today(), None, interests.slices.c.id == id)
        row = await locked(uow.connection, interests, id, query)
        if row is None:
            raise ProblemError("not_found")
        demand(call, DataClass.internal, authority=row["authority"], school=row["school_number"])
        await mitigate_interest(uow, row, Asking(call).about(row), given.mitigation)
        after = await _one(call, uow, id)
        if after is None:
            raise ProblemError("not_found")
        return after

    return await call.command(InterestView, do, status=200)


def _listed(call: RequestCall) -> Select[Any]:
    columns = interests.slices.c
    covered = of_both_sides(call.rows(DataClass.internal), columns)
    query = showing(interests, call.valid_at, call.known_at, covered)
    return call.with_references(query, "interest", columns.id)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await first(uow.connection, _listed(call).where(interests.slices.c.id == id_))


takes_references(router, "/interests/{id}", InterestView, "interest", "interests.read", _one)
