"""Footprints (consortia and health boards), and which authority is in which, by date."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import (
    AuthorityCode,
    DatedView,
    FootprintKind,
    Name,
    RecordId,
    later_than,
)
from registry.domain.footprints import FOOTPRINTS
from registry.storage.showing import Row, first, showing, showing_current
from registry.storage.tables import footprint_memberships
from registry.usecases.join_footprint import join_footprint, leave_footprint
from service_kit.call import Call, RequestCall
from service_kit.coded import one_of
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError, fault
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("footprints", Text("Footprints", "Olion traed"))

FootprintCode = Annotated[str, *one_of({code: one.names[-1][1] for code, one in FOOTPRINTS.items()})]


class FootprintView(View, data_class=DataClass.public):
    """A footprint with the name that it has on the day."""

    footprint: str
    kind: str
    """Kind of footprint: a code of `footprint_kinds`."""
    name_en: Name
    name_cy: Name


class Footprints(View, data_class=DataClass.public):
    """Every footprint."""

    items: list[FootprintView]


class MembershipView(DatedView, data_class=DataClass.public):
    """An authority is in a footprint for some days."""

    SCOPED_BY = {"authority": "authority"}

    id: str
    authority: str
    kind: str
    footprint: str
    external_references: ExternalReferences = Field(default_factory=list)


class NewMembership(Model):
    """An authority joins a footprint."""

    authority: AuthorityCode
    footprint: FootprintCode
    valid_from: date | None = None
    """First day; left out: since always, or unknown."""
    valid_to: date | None = None
    """First day on which it is no longer a member; left out: open."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.valid_from is not None and self.valid_to is not None and self.valid_to <= self.valid_from:
            raise fault("ends_before_it_begins")
        return self


class MembershipPatch(Patch):
    """When a membership ends."""

    valid_to: date | None = unsent()


@router.get("/footprints", operation="footprints.read", response_model=Footprints)
async def list_footprints(call: Call) -> Response:
    """Lists the footprints with the names that they had on the day: health boards have been renamed."""
    items = []
    for footprint in FOOTPRINTS.values():
        name = footprint.name_on(call.valid_at)
        items.append(
            FootprintView(footprint=footprint.code, kind=footprint.kind, name_en=name.en, name_cy=name.cy)
        )
    return call.answer(Footprints(items=items))


@router.page(
    "/footprint-memberships",
    operation="footprints.read",
    response_model=Page[MembershipView],
    referenced=True,
)
async def list_footprint_memberships(
    call: Call,
    authority: AuthorityCode | None = None,
    footprint: str | None = None,
    kind: FootprintKind | None = None,
) -> Response:
    """Lists who is in which footprint on the day."""
    columns = footprint_memberships.slices.c
    async with call.read() as uow:
        query = showing(footprint_memberships, call.valid_at, call.known_at, call.rows(DataClass.public))
        for column, value in (
            (columns.authority, authority),
            (columns.footprint, footprint),
            (columns.kind, kind),
        ):
            query = query if value is None else query.where(column == value)
        query = call.with_references(query, footprint_memberships.kind, columns.id)
        return await call.page(uow, MembershipView, query, [ascending(columns.slot), ascending(columns.id)])


@router.get(
    "/footprint-memberships/{id}", operation="footprints.read", response_model=MembershipView, dated=False
)
async def read_footprint_membership(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one membership, whether or not it holds today."""
    async with call.read() as uow:
        return call.record(MembershipView, await _one(call, uow, id))


@router.post(
    "/footprint-memberships", operation="footprints.write", response_model=MembershipView,
    problems=["footprint_overlap"],
)  # fmt: skip
async def record_footprint_membership(new: NewMembership, call: Call) -> Response:
    """Records that an authority is in a footprint; at most one of a kind on one day."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.public, authority=new.authority)
        kind = FOOTPRINTS[new.footprint].kind
        id_ = await join_footprint(uow, new.authority, kind, new.footprint, new.valid_from, new.valid_to)
        return await _held(call, uow, id_)

    return await call.command(MembershipView, do, location="/v1/footprint-memberships/{id}")


@router.patch(
    "/footprint-memberships/{id}", operation="footprints.write", response_model=MembershipView,
    problems=["footprint_overlap"],
)  # fmt: skip
async def end_footprint_membership(id: RecordId, patch: MembershipPatch, call: Call) -> Response:  # noqa: A002
    """Sets or moves the day from which an authority is no longer a member."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        valid_to = patch.changes().get("valid_to", held["valid_to"])
        later_than(held["valid_from"], valid_to)
        await leave_footprint(uow, held, valid_to, call.expected_version)

    return await call.change(MembershipView, load, do)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    columns = footprint_memberships.slices.c
    query = showing_current(footprint_memberships).where(columns.id == id_)
    return await first(uow.connection, call.with_references(query, footprint_memberships.kind, columns.id))


async def _held(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(
    router, "/footprint-memberships/{id}", MembershipView, "footprint_membership", "footprints.read", _one
)
