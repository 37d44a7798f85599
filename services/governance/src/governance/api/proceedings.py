"""What happens in the room: attendance, declarations of interest, votes. Internal to the body; minutes tell it."""

from functools import partial

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.fields import DeclarationKind, Narrative, RecordId, RecordView
from governance.api.finding import demanded_row, found
from governance.storage.tables import agenda_items, attendances, declarations, meetings, votes
from governance.usecases import attendance
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, Timestamp, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.policy.predicates import row_predicate
from service_kit.reading import Row, lock, showing
from service_kit.records import Record
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("proceedings", Text("Proceedings of meetings", "Trafodion cyfarfodydd"))


class AbsenceView(View, data_class=DataClass.internal):
    """From when to when a member was away; null: not back."""

    left_at: Timestamp
    returned_at: Timestamp | None


class AttendanceView(RecordView, data_class=DataClass.internal):
    """A member's presence at a meeting."""

    body_id: str
    meeting_id: str
    member_id: str
    arrived_at: Timestamp
    present: bool
    absences: list[AbsenceView]
    external_references: ExternalReferences = Field(default_factory=list)


class DeclarationView(RecordView, data_class=DataClass.internal):
    """An interest that a member declared in an item."""

    body_id: str
    meeting_id: str
    agenda_item_id: str
    member_id: str
    kind: str
    """Kind of the interest: a code of `declaration_kinds`."""
    nature: str
    external_references: ExternalReferences = Field(default_factory=list)


class NamedVoteView(View, data_class=DataClass.internal):
    """How one member voted."""

    member_id: str
    way: str


class VoteView(RecordView, data_class=DataClass.internal):
    """A vote on a resolution. Abstentions do not count in the majority."""

    body_id: str
    meeting_id: str
    resolution_id: str
    basis: str
    """Basis of voting: a code of `voting_bases`."""
    votes_for: int
    votes_against: int | None
    """Votes against; null where they were not counted."""
    abstained: int
    entitled: int
    quorum: int
    outcome: str
    names: list[NamedVoteView]
    casting_vote: str | None
    external_references: ExternalReferences = Field(default_factory=list)


class Arrival(Model):
    """A member who arrived."""

    meeting_id: RecordId
    member_id: RecordId
    arrived_at: Timestamp


class Leaving(Model):
    """When a member left."""

    left_at: Timestamp


class Returning(Model):
    """When a member returned."""

    returned_at: Timestamp


class NewDeclaration(Model):
    """An interest declared in an item."""

    meeting_id: RecordId
    agenda_item_id: RecordId
    member_id: RecordId
    kind: DeclarationKind
    nature: Narrative


async def _page(
    call: RequestCall, record: Record, view: type[RecordView], meeting_id: str | None
) -> Response:
    columns = record.slices.c
    async with call.read() as uow:
        mine = row_predicate(call.rows(DataClass.internal), body=columns.body_id)
        query = showing(record, call.valid_at, call.known_at, mine)
        query = call.with_references(query, record.kind, columns.id)
        if meeting_id is not None:
            query = query.where(columns.meeting_id == meeting_id)
        return await call.page(uow, view, query, [ascending(columns.meeting_id), ascending(columns.id)])


@router.page(
    "/attendances", operation="proceedings.read", response_model=Page[AttendanceView], referenced=True
)
async def list_attendances(call: Call, meeting_id: RecordId | None = None) -> Response:
    """Lists who attended meetings of your bodies."""
    return await _page(call, attendances, AttendanceView, meeting_id)


@router.page(
    "/declarations", operation="proceedings.read", response_model=Page[DeclarationView], referenced=True
)
async def list_declarations(call: Call, meeting_id: RecordId | None = None) -> Response:
    """Lists interests declared at meetings of your bodies."""
    return await _page(call, declarations, DeclarationView, meeting_id)


@router.page("/votes", operation="proceedings.read", response_model=Page[VoteView], referenced=True)
async def list_votes(call: Call, meeting_id: RecordId | None = None) -> Response:
    """Lists votes taken at meetings of your bodies."""
    return await _page(call, votes, VoteView, meeting_id)


@router.post(
    "/attendances", operation="proceedings.write", response_model=AttendanceView,
    problems=["meeting_not_in_session", "already_exists"],
)  # fmt: skip
async def record_arrival(new: Arrival, call: Call) -> Response:
    """Records that a member arrived."""

    async def do(uow: UnitOfWork) -> Row:
        meeting = await _meeting(call, uow, new.meeting_id)
        id_ = await attendance.arrive(uow, meeting, new.member_id, new.arrived_at)
        return await demanded_row(call, uow, attendances, id_)

    return await call.command(AttendanceView, do, location="/v1/attendances/{id}")


@router.get("/attendances/{id}", operation="proceedings.read", response_model=AttendanceView)
async def read_attendance(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one attendance."""
    async with call.read() as uow:
        return call.record(AttendanceView, await found(call, uow, attendances, id))


@router.post(
    "/attendances/{id}/leave", operation="proceedings.write", response_model=AttendanceView, status=200,
    problems=["meeting_not_in_session", "member_is_away"],
)  # fmt: skip
async def record_leaving(id: RecordId, new: Leaving, call: Call) -> Response:  # noqa: A002
    """Records that a member left; the quorum is counted anew."""

    async def do(uow: UnitOfWork) -> Row:
        held, meeting = await _attended(call, uow, id)
        await attendance.leave(uow, meeting, held, new.left_at)
        return await demanded_row(call, uow, attendances, id)

    return await call.command(AttendanceView, do, status=200)


@router.post(
    "/attendances/{id}/return", operation="proceedings.write", response_model=AttendanceView, status=200,
    problems=["meeting_not_in_session", "member_is_present"],
)  # fmt: skip
async def record_return(id: RecordId, new: Returning, call: Call) -> Response:  # noqa: A002
    """Records that a member returned."""

    async def do(uow: UnitOfWork) -> Row:
        held, meeting = await _attended(call, uow, id)
        await attendance.come_back(uow, meeting, held, new.returned_at)
        return await demanded_row(call, uow, attendances, id)

    return await call.command(AttendanceView, do, status=200)


@router.post(
    "/declarations", operation="proceedings.write", response_model=DeclarationView,
    problems=["meeting_not_in_session"],
)  # fmt: skip
async def declare_interest(new: NewDeclaration, call: Call) -> Response:
    """Records an interest in an item; a prejudicial one bars the member from voting on it."""

    async def do(uow: UnitOfWork) -> Row:
        meeting = await _meeting(call, uow, new.meeting_id)
        item = await demanded_row(call, uow, agenda_items, new.agenda_item_id, "/agenda_item_id")
        id_ = await attendance.declare(uow, meeting, item, new.member_id, new.kind, new.nature)
        return await demanded_row(call, uow, declarations, id_)

    return await call.command(DeclarationView, do, location="/v1/declarations/{id}")


@router.get("/declarations/{id}", operation="proceedings.read", response_model=DeclarationView)
async def read_declaration(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one declaration of interest."""
    async with call.read() as uow:
        return call.record(DeclarationView, await found(call, uow, declarations, id))


@router.get("/votes/{id}", operation="proceedings.read", response_model=VoteView)
async def read_vote(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one vote."""
    async with call.read() as uow:
        return call.record(VoteView, await found(call, uow, votes, id))


async def _one(record: Record, call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await found(call, uow, record, id_)


async def _meeting(call: RequestCall, uow: UnitOfWork, meeting_id: str) -> Row:
    await lock(uow.connection, meetings, meeting_id)
    meeting = await demanded_row(call, uow, meetings, meeting_id, "/meeting_id")
    demand(call, DataClass.internal, body=meeting["body_id"])
    return meeting


async def _attended(call: RequestCall, uow: UnitOfWork, id_: str) -> tuple[Row, Row]:
    held = await demanded_row(call, uow, attendances, id_)
    meeting = await _meeting(call, uow, held["meeting_id"])
    # Read again under the meeting's lock, so that two reports of one member follow each other.
    return await demanded_row(call, uow, attendances, id_), meeting


for _path, _view, _record in (
    ("/attendances/{id}", AttendanceView, attendances),
    ("/declarations/{id}", DeclarationView, declarations),
    ("/votes/{id}", VoteView, votes),
):
    takes_references(router, _path, _view, _record.kind, "proceedings.read", partial(_one, _record))
