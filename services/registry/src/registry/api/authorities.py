"""The 22 local authorities of Wales."""

from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import AuthorityCode, DatedView, Name
from registry.storage.showing import Row, first, showing
from registry.storage.tables import authorities
from registry.usecases.register_authorities import NewAuthority, register_authorities
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("authorities", Text("Local authorities", "Awdurdodau lleol"))


class AuthorityView(DatedView, data_class=DataClass.public):
    """A local authority with its codes and its name in both languages."""

    SCOPED_BY = {"authority": "authority"}

    authority: str
    """Three digits; the beginning of its schools' numbers."""
    gss_code: str
    """Code of the Government Statistical Service."""
    name_en: str
    name_cy: str
    external_references: ExternalReferences = Field(default_factory=list)


class AuthorityIn(Model):
    """A local authority to register."""

    authority: AuthorityCode
    gss_code: Annotated[str, StringConstraints(pattern=r"^W06[0-9]{6}$")]
    name_en: Name
    name_cy: Name


class NewAuthorities(Model):
    """Authorities that are registered together, or not at all."""

    authorities: Annotated[list[AuthorityIn], Field(min_length=1, max_length=50)]


class RegisteredAuthorities(View, data_class=DataClass.public):
    """How many authorities were registered."""

    version: int
    registered: int


@router.page(
    "/authorities", operation="authorities.read", response_model=Page[AuthorityView], referenced=True
)
async def list_authorities(call: Call) -> Response:
    """Lists the authorities by their code."""
    async with call.read() as uow:
        query = showing(authorities, call.valid_at, call.known_at, call.rows(DataClass.public))
        query = call.with_references(query, authorities.kind, authorities.slices.c.id)
        return await call.page(uow, AuthorityView, query, [ascending(authorities.slices.c.id)])


@router.get("/authorities/{authority}", operation="authorities.read", response_model=AuthorityView)
async def read_authority(authority: AuthorityCode, call: Call) -> Response:
    """Reads one authority."""
    async with call.read() as uow:
        return call.record(AuthorityView, await _one(call, uow, authority))


@router.post(
    "/authorities", operation="authorities.write", response_model=RegisteredAuthorities, problems=["already_exists"]
)  # fmt: skip
async def register_local_authorities(new: NewAuthorities, call: Call) -> Response:
    """Registers authorities, all or none. A list of schools is checked against those that are registered."""

    async def do(uow: UnitOfWork) -> dict[str, int]:
        items = [NewAuthority(**item.model_dump()) for item in new.authorities]
        await register_authorities(uow, items)
        return {"version": 1, "registered": len(items)}

    return await call.command(RegisteredAuthorities, do)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    columns = authorities.slices.c
    query = showing(authorities, call.valid_at, call.known_at).where(columns.id == id_)
    return await first(uow.connection, call.with_references(query, authorities.kind, columns.id))


async def _id_of(authority: AuthorityCode) -> str:
    return authority


takes_references(
    router,
    "/authorities/{authority}",
    AuthorityView,
    "authority",
    "authorities.read",
    _one,
    identified_by=_id_of,
)
