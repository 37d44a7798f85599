"""Liaisons: the senior link officer and the lead officer of each authority, exactly one of each per day."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import AuthorityCode, DatedView, LiaisonKind, RecordId
from registry.storage.showing import Row, first, showing
from registry.storage.tables import liaisons
from registry.usecases.designate_liaison import designate_liaison
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("liaisons", Text("Liaisons", "Swyddogion cyswllt"))
LiaisonId = Annotated[str, Field(pattern=r"^[a-z_]+:[0-9]{3}$")]


class LiaisonView(DatedView, data_class=DataClass.internal):
    """Who is an authority's liaison of a kind."""

    SCOPED_BY = {"authority": "authority", "person": "person_id"}

    id: str
    authority: str
    kind: str
    """Kind of liaison: a code of `liaison_kinds`."""
    person_id: str
    external_references: ExternalReferences = Field(default_factory=list)


class NewLiaison(Model):
    """A designation. It takes the place of whoever was, and holds until the next."""

    authority: AuthorityCode
    kind: LiaisonKind
    person_id: RecordId
    valid_from: date


@router.page("/liaisons", operation="liaisons.read", response_model=Page[LiaisonView], referenced=True)
async def list_liaisons(
    call: Call, authority: AuthorityCode | None = None, kind: LiaisonKind | None = None
) -> Response:
    """Lists who is whose liaison on the day."""
    columns = liaisons.slices.c
    async with call.read() as uow:
        query = showing(liaisons, call.valid_at, call.known_at, call.rows(DataClass.internal))
        for column, value in ((columns.authority, authority), (columns.kind, kind)):
            query = query if value is None else query.where(column == value)
        query = call.with_references(query, liaisons.kind, columns.id)
        return await call.page(uow, LiaisonView, query, [ascending(columns.id)])


@router.get("/liaisons/{id}", operation="liaisons.read", response_model=LiaisonView)
async def read_liaison(id: LiaisonId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads who is the liaison on the day; the id is `<kind>:<authority>`."""
    async with call.read() as uow:
        return call.record(LiaisonView, await _one(call, uow, id))


@router.post("/liaisons", operation="liaisons.write", response_model=LiaisonView)
async def designate(new: NewLiaison, call: Call) -> Response:
    """Designates a liaison from a day on."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.internal, authority=new.authority)
        id_ = await designate_liaison(uow, new.authority, new.kind, new.person_id, new.valid_from)
        row = await _one(call, uow, id_, new.valid_from)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(LiaisonView, do, location="/v1/liaisons/{id}")


async def _one(call: RequestCall, uow: UnitOfWork, id_: str, day: date | None = None) -> Row | None:
    columns = liaisons.slices.c
    query = showing(liaisons, day or call.valid_at, call.known_at).where(columns.id == id_)
    return await first(uow.connection, call.with_references(query, liaisons.kind, columns.id))


async def _id_of(id: LiaisonId) -> str:  # noqa: A002  the path's own word
    return id


takes_references(
    router, "/liaisons/{id}", LiaisonView, "liaison", "liaisons.read", _one, identified_by=_id_of
)
