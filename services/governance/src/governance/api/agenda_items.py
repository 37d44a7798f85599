"""Items on the agenda of a meeting, and the metadata of their papers."""

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.asking import Asking
from governance.api.documents import DOCUMENTS
from governance.api.fields import BodyCode, Line, Matter, Narrative, NewPaper, PaperView, RecordId, RecordView
from governance.api.finding import demanded_row, listed
from governance.storage.tables import agenda_items, meetings
from governance.usecases import agenda
from service_kit.call import Call, RequestCall
from service_kit.documents.attaching import attach
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, lock
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("agenda-items", Text("Agenda items", "Eitemau agenda"))
COLUMNS = agenda_items.slices.c


class AgendaItemView(RecordView, data_class=DataClass.public):
    """An item: public from the notice on, unless it is exempt."""

    body_id: str
    meeting_id: str
    position: int
    matter: str
    """Kind of business: a code of `agenda_matters`."""
    state: str
    title_en: str | None
    title_cy: str | None
    late: bool
    urgency_reason: str | None
    exempt_paragraph: int | None
    exclusion_resolution: str | None
    papers: list[PaperView]
    reference_id: str | None
    quoted_minute: str | None
    """The recommendation of another body, quoted in both languages with its reason."""
    external_references: ExternalReferences = Field(default_factory=list)


class NewAgendaItem(Model):
    """An item to put on an agenda."""

    meeting_id: RecordId
    matter: Matter
    title_en: Line | None = None
    title_cy: Line | None = None
    urgency_reason: Narrative | None = None
    """Once notice is given: why the matter is urgent in the view of the chair."""
    exempt_paragraph: int | None = None
    """The paragraph of Schedule 12A under which the public is to be excluded."""
    exclusion_resolution: Narrative | None = None
    """The resolution by which it is excluded, with the test of the public interest."""


class AgendaItemPatch(Patch):
    """The titles of an item whose agenda is not agreed yet."""

    title_en: Line = unsent()
    title_cy: Line = unsent()


@router.page(
    "/agenda-items", operation="agenda_items.read", response_model=Page[AgendaItemView], referenced=True
)
async def list_agenda_items(
    call: Call, meeting_id: RecordId | None = None, body_id: BodyCode | None = None
) -> Response:
    """Lists agenda items that you may see, in the order of the agenda."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = listed(call, agenda_items, asking.scopes("agenda_items.read"))
        for column, value in ((COLUMNS.meeting_id, meeting_id), (COLUMNS.body_id, body_id)):
            query = query if value is None else query.where(column == value)
        order = [ascending(COLUMNS.meeting_id), ascending(COLUMNS.position), ascending(COLUMNS.id)]
        return await call.page(uow, AgendaItemView, query, order)


@router.get("/agenda-items/{id}", operation="agenda_items.read", response_model=AgendaItemView)
async def read_agenda_item(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one agenda item."""
    async with call.read() as uow:
        return call.record(AgendaItemView, await _one(call, uow, id))


@router.post(
    "/agenda-items", operation="agenda_items.write", response_model=AgendaItemView,
    problems=["agenda_closed", "late_item_without_urgency"],
)  # fmt: skip
async def add_agenda_item(new: NewAgendaItem, call: Call) -> Response:
    """Puts an item on the agenda; after the notice only with the chair's reason of urgency."""

    async def do(uow: UnitOfWork) -> Row:
        await lock(uow.connection, meetings, new.meeting_id)
        meeting = await demanded_row(call, uow, meetings, new.meeting_id, "/meeting_id")
        demand(call, DataClass.internal, body=meeting["body_id"])
        item = agenda.NewItem(
            new.matter, new.title_en, new.title_cy, new.urgency_reason, new.exempt_paragraph,
            new.exclusion_resolution,
        )  # fmt: skip
        return await _known(call, uow, await agenda.add_item(uow, meeting, item))

    return await call.command(AgendaItemView, do, location="/v1/agenda-items/{id}")


@router.patch(
    "/agenda-items/{id}",
    operation="agenda_items.write",
    response_model=AgendaItemView,
    problems=["agenda_closed"],
)
async def change_agenda_item(id: RecordId, patch: AgendaItemPatch, call: Call) -> Response:  # noqa: A002
    """Changes the titles of an item before its agenda is agreed."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        meeting = await demanded_row(call, uow, meetings, held["meeting_id"])
        await agenda.change_item(uow, meeting, held, patch.changes(), call.expected_version)

    return await call.change(AgendaItemView, load, do)


@router.post(
    "/agenda-items/{id}/withdraw", operation="agenda_items.write", response_model=AgendaItemView, status=200,
    problems=["agenda_closed"],
)  # fmt: skip
async def withdraw_agenda_item(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Takes an item off the agenda."""

    async def do(uow: UnitOfWork) -> Row:
        await lock(uow.connection, agenda_items, id)
        await agenda.withdraw_item(uow, await _known(call, uow, id))
        return await _known(call, uow, id)

    return await call.command(AgendaItemView, do, status=200)


@router.post(
    "/agenda-items/{id}/papers", operation="agenda_items.write", response_model=AgendaItemView,
    problems=["agenda_closed"],
)  # fmt: skip
async def add_paper(id: RecordId, paper: NewPaper, call: Call) -> Response:  # noqa: A002  the path's own word
    """Adds a paper: author, presenter, purpose [S0-19]; a document that it names is attached to the item."""

    async def do(uow: UnitOfWork) -> Row:
        await lock(uow.connection, agenda_items, id)
        item = await _known(call, uow, id)
        meeting = await demanded_row(call, uow, meetings, item["meeting_id"])
        await agenda.add_paper(uow, meeting, item, paper.model_dump(mode="json"))
        if paper.document_id is not None:
            await attach(
                call, uow, DOCUMENTS, paper.document_id, kind="agenda_item", record_id=id,
                pointer="/document_id", demanded=item["data_class"],
            )  # fmt: skip
        return await _known(call, uow, id)

    return await call.command(AgendaItemView, do)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    asking = await Asking.of(call, uow)
    query = listed(call, agenda_items, asking.scopes("agenda_items.read"), COLUMNS.id == id_)
    return await first(uow.connection, query)


async def _known(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/agenda-items/{id}", AgendaItemView, "agenda_item", "agenda_items.read", _one)
