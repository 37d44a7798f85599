"""Schools go to another authority: a command that is dated, and the record of it."""

from datetime import date

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import AuthorityCode, RecordId, SchoolNumber
from registry.domain.school_number import authority_of
from registry.storage.showing import Row, first, showing
from registry.storage.tables import transfers
from registry.usecases.transfer_school import transfer_school
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("school-transfers", Text("Transfers of schools", "Trosglwyddiadau ysgolion"))


class NewTransfer(Model):
    """A school goes to another authority."""

    school_number: SchoolNumber
    """The number under which it is open now; it closes, and resolves to the new one."""
    authority: AuthorityCode
    """The authority to which it goes."""
    new_number: SchoolNumber
    """Its number from then on: it begins with the new authority's code, and no school has had it."""
    valid_from: date
    """First day on which it belongs to the new authority; today or earlier."""


class TransferView(View, data_class=DataClass.internal):
    """A school that went to another authority. To everybody else its line tells it."""

    SCOPED_BY = {"authority": "authority", "school": "school_number"}

    id: str
    version: int
    school_number: SchoolNumber
    """Its number since."""
    authority: AuthorityCode
    from_school: SchoolNumber
    """The number that was closed."""
    from_authority: AuthorityCode
    transferred_on: date
    """First day on which it belonged to the new authority."""
    reason: str
    """`change_of_authority`."""
    external_references: ExternalReferences = Field(default_factory=list)


@router.post(
    "/school-transfers", operation="schools.write", response_model=TransferView,
    problems=["transition_not_allowed", "transfer_refused", "conflict"],
)  # fmt: skip
async def transfer_to_other_authority(new: NewTransfer, call: Call) -> Response:
    """Transfers a school with everything that is kept of it; needs the right to write schools of both authorities.

    Every service's records follow within seconds. The feed tells the old authority what left its scope, the new one
    what entered it.
    """

    async def do(uow: UnitOfWork) -> Row:
        for number in (new.school_number, new.new_number):
            demand(call, DataClass.public, authority=authority_of(number), school=number)
        id_ = await transfer_school(uow, new.school_number, new.authority, new.new_number, new.valid_from)
        row = await _one(call, uow, id_)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(TransferView, do, location="/v1/school-transfers/{id}")


@router.page(
    "/school-transfers", operation="schools.read", response_model=Page[TransferView], referenced=True
)
async def list_transfers(call: Call) -> Response:
    """Lists transfers of schools, by id and so by when they were recorded."""
    async with call.read() as uow:
        query = showing(transfers, call.valid_at, call.known_at, call.rows(DataClass.internal))
        query = call.with_references(query, transfers.kind, transfers.slices.c.id)
        return await call.page(uow, TransferView, query, [ascending(transfers.slices.c.id)])


@router.get("/school-transfers/{transfer_id}", operation="schools.read", response_model=TransferView)
async def read_transfer(transfer_id: RecordId, call: Call) -> Response:
    """Reads one transfer."""
    async with call.read() as uow:
        return call.record(TransferView, await _one(call, uow, transfer_id))


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    columns = transfers.slices.c
    query = showing(transfers, call.valid_at, call.known_at).where(columns.id == id_)
    return await first(uow.connection, call.with_references(query, transfers.kind, columns.id))


async def _id_of(transfer_id: RecordId) -> str:
    return transfer_id


takes_references(
    router,
    "/school-transfers/{transfer_id}",
    TransferView,
    "transfer",
    "schools.read",
    _one,
    identified_by=_id_of,
)
