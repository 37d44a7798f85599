"""Bodies: established, their constitution on a day, and whether they are composed as it says."""

from datetime import date
from typing import Annotated

from pydantic import Field
from sqlalchemy import func, select
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode, SchoolNumber
from contracts.text import Text
from governance.api.fields import BodyCode, BodyType, ConstitutionCode, DatedView, Line
from governance.api.finding import constituted, found
from governance.domain.constitutions import composition_faults, quorum_of, votes_of
from governance.domain.municipal_year import municipal_year_of
from governance.storage.conventions import constitutions
from governance.storage.memberships import member_of, members_on
from governance.storage.tables import bodies, meetings
from governance.usecases.bodies import NewBody, adopt_constitution, establish_body
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("bodies", Text("Bodies", "Cyrff"))


class BodyView(DatedView, data_class=DataClass.public):
    """A body that meets and decides, as of a day."""

    SCOPED_BY = {"body": "id"}

    body_type: str
    """Type of the body: a code of `body_types`."""
    name_en: str
    name_cy: str
    constitution: str
    authority: str | None
    authorities: list[str]
    school_number: str | None
    consortium: str | None
    call_in_days: int
    external_references: ExternalReferences = Field(default_factory=list)


class BodyToEstablish(Model):
    """A body to establish."""

    id: BodyCode
    constitution: ConstitutionCode
    name_en: Line
    name_cy: Line
    authorities: Annotated[list[AuthorityCode], Field(min_length=1, max_length=22)]
    valid_from: date
    school_number: SchoolNumber | None = None
    consortium: BodyCode | None = None
    call_in_days: Annotated[int, Field(ge=0, le=60)] | None = None
    """Clear working days; those of the constitution when left out."""


class Adoption(Model):
    """Another constitution from a day on."""

    constitution: ConstitutionCode
    valid_from: date
    call_in_days: Annotated[int, Field(ge=0, le=60)] | None = None


class CompositionFaultView(View, data_class=DataClass.public):
    """Where a body is not composed as its constitution says."""

    code: str
    seat: str | None
    authority: str | None
    wanted: int | None
    found: int | None


class CompositionView(View, data_class=DataClass.public):
    """A body's composition on a day: votes, quorum, faults, and its meetings of the municipal year (S1-25)."""

    body_id: str
    constitution: str
    on: date
    members: int
    votes: int
    quorum: int
    faults: list[CompositionFaultView]
    municipal_year: str
    meetings_wanted: int
    meetings_held: int


@router.page("/bodies", operation="bodies.read", response_model=Page[BodyView], referenced=True)
async def list_bodies(
    call: Call, body_type: BodyType | None = None, authority: AuthorityCode | None = None
) -> Response:
    """Lists bodies as of a day."""
    columns = bodies.slices.c
    async with call.read() as uow:
        query = showing(bodies, call.valid_at, call.known_at)
        if body_type is not None:
            query = query.where(columns.body_type == body_type)
        if authority is not None:
            query = query.where(columns.authorities.any_() == authority)
        query = call.with_references(query, bodies.kind, columns.id)
        return await call.page(uow, BodyView, query, [ascending(columns.id)])


@router.get("/bodies/{id}", operation="bodies.read", response_model=BodyView)
async def read_body(id: BodyCode, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one body as of a day."""
    async with call.read() as uow:
        return call.record(BodyView, await found(call, uow, bodies, id))


@router.post(
    "/bodies", operation="bodies.write", response_model=BodyView, problems=["already_exists"]
)  # fmt: skip
async def establish(new: BodyToEstablish, call: Call) -> Response:
    """Establishes a body under a constitution from a day on."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public, body=new.id)
        wanted = NewBody(
            new.id, new.constitution, new.name_en, new.name_cy, new.authorities, new.valid_from,
            new.school_number, new.consortium, new.call_in_days,
        )  # fmt: skip
        return await _on(uow, await establish_body(uow, wanted), new.valid_from)

    return await call.command(BodyView, do, location="/v1/bodies/{id}")


@router.post("/bodies/{id}/constitutions", operation="bodies.write", response_model=BodyView, status=200)
async def adopt(id: BodyCode, adoption: Adoption, call: Call) -> Response:  # noqa: A002  the path's own word
    """Adopts another constitution from a day on; what was decided before stays under the earlier one."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public, body=id)
        body = await constituted(uow, id, adoption.valid_from, "/valid_from")
        await adopt_constitution(uow, body, adoption.constitution, adoption.valid_from, adoption.call_in_days)
        return await _on(uow, id, adoption.valid_from)

    return await call.command(BodyView, do, status=200)


@router.get("/bodies/{id}/composition", operation="bodies.read", response_model=CompositionView)
async def read_composition(id: BodyCode, call: Call) -> Response:  # noqa: A002  the path's own word
    """Compares a body with its constitution on a day: vacancies, chair, serving head, quorum, meetings held."""
    async with call.read() as uow:
        return call.answer(await _composition(call, uow, id))


async def _on(uow: UnitOfWork, id_: str, day: date) -> Row:
    query = showing(bodies, day, None, bodies.slices.c.id == id_)
    row = (await uow.connection.execute(query)).mappings().first()
    if row is None:
        raise ProblemError("not_found")
    return dict(row)


async def _composition(call: RequestCall, uow: UnitOfWork, id_: str) -> CompositionView:
    body = await found(call, uow, bodies, id_)
    if body is None:
        raise ProblemError("not_found")
    rules = constitutions()[body["constitution"]]
    members = [member_of(row) for row in await members_on(uow.connection, id_, call.valid_at)]
    year = municipal_year_of(call.valid_at, rules.municipal_year_begins)
    columns = meetings.slices.c
    held = await uow.connection.scalar(
        select(func.count()).where(
            columns.body_id == id_,
            columns.municipal_year == year,
            columns.opened_at.is_not(None),
            func.upper_inf(columns.known),
        )
    )
    faults = composition_faults(rules, members, body["authorities"])
    return CompositionView(
        body_id=id_,
        constitution=rules.code,
        on=call.valid_at,
        members=sum(1 for member in members if rules.seats[member.seat].member),
        votes=votes_of(rules, members),
        quorum=quorum_of(rules, members, body["authorities"]),
        faults=[
            CompositionFaultView(
                code=fault.code, seat=fault.seat, authority=fault.authority, wanted=fault.wanted,
                found=fault.found,
            )
            for fault in faults
        ],
        municipal_year=year,
        meetings_wanted=rules.meetings_a_year,
        meetings_held=held or 0,
    )  # fmt: skip


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await found(call, uow, bodies, id_)


async def _id_of(id: BodyCode) -> str:  # noqa: A002  the path's own word
    return id


takes_references(router, "/bodies/{id}", BodyView, "body", "bodies.read", _one, identified_by=_id_of)
