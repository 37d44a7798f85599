"""Members of bodies: who sits in which seat on which days."""

from datetime import date

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AuthorityCode
from contracts.text import Text
from governance.api.fields import OF_BODY, BodyCode, DatedView, Office, RecordId, SeatCode
from governance.api.finding import constituted, demanded_row, found
from governance.storage.tables import members
from governance.usecases.bodies import Appointment, appoint, end_membership
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, showing, versions
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("body-members", Text("Members of bodies", "Aelodau cyrff"))


class MemberView(DatedView, data_class=DataClass.public):
    """A person in a seat of a body, as of a day."""

    SCOPED_BY = OF_BODY

    body_id: str
    person_id: str
    seat: str
    represents: str | None
    voting: bool
    office: str | None
    serving_head: bool
    external_references: ExternalReferences = Field(default_factory=list)


class NewMember(Model):
    """A person to appoint."""

    body_id: BodyCode
    person_id: RecordId
    seat: SeatCode
    valid_from: date
    valid_to: date | None = None
    represents: AuthorityCode | None = None
    """The authority, in a seat that each authority has."""
    office: Office | None = None
    voting: bool | None = None
    """As the constitution gives the seat, when left out."""
    serving_head: bool = False


class End(Model):
    """The end of a membership."""

    valid_to: date
    """First day without."""


@router.page("/body-members", operation="bodies.read", response_model=Page[MemberView], referenced=True)
async def list_members(
    call: Call, body_id: BodyCode | None = None, person_id: RecordId | None = None
) -> Response:
    """Lists members as of a day."""
    columns = members.slices.c
    async with call.read() as uow:
        query = showing(members, call.valid_at, call.known_at)
        if body_id is not None:
            query = query.where(columns.body_id == body_id)
        if person_id is not None:
            query = query.where(columns.person_id == person_id)
        query = call.with_references(query, members.kind, columns.id)
        return await call.page(uow, MemberView, query, [ascending(columns.body_id), ascending(columns.id)])


@router.get("/body-members/{id}", operation="bodies.read", response_model=MemberView)
async def read_member(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one membership as of a day."""
    async with call.read() as uow:
        return call.record(MemberView, await found(call, uow, members, id))


@router.post(
    "/body-members", operation="bodies.write", response_model=MemberView, problems=["appointment_refused"]
)
async def appoint_member(new: NewMember, call: Call) -> Response:
    """Appoints a person to a seat, as far as the constitution of the first day allows it."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public, body=new.body_id)
        body = await constituted(uow, new.body_id, new.valid_from)
        wanted = Appointment(
            new.person_id, new.seat, new.valid_from, new.valid_to, new.represents, new.office, new.voting,
            new.serving_head,
        )  # fmt: skip
        id_ = await appoint(uow, body, wanted)
        row = await first(uow.connection, showing(members, new.valid_from, None, members.slices.c.id == id_))
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(MemberView, do, location="/v1/body-members/{id}")


@router.post("/body-members/{id}/end", operation="bodies.write", response_model=MemberView, status=200)
async def end_member(id: RecordId, end: End, call: Call) -> Response:  # noqa: A002  the path's own word
    """Ends a membership: `valid_to` is the first day without."""

    async def do(uow: UnitOfWork) -> Row:
        row = await demanded_row(call, uow, members, id)
        demand(call, DataClass.public, body=row["body_id"])
        await end_membership(uow, row, end.valid_to)
        after = await first(
            uow.connection, showing(members, row["valid_from"], None, members.slices.c.id == id)
        )
        if after is None:
            raise ProblemError("not_found")
        return after

    return await call.command(MemberView, do, status=200)


@router.page(
    "/body-members/{id}/versions", operation="bodies.read", response_model=Page[MemberView], dated=False
)
async def list_member_versions(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Lists every version of a membership."""
    columns = members.slices.c
    async with call.read() as uow:
        return await call.page(
            uow, MemberView, versions(members, id), [ascending(columns.version), ascending(columns.slice)]
        )


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await found(call, uow, members, id_)


takes_references(router, "/body-members/{id}", MemberView, "member", "bodies.read", _one)
