"""Minutes of meetings: drafted, approved by the next meeting, published in both languages."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.asking import Asking
from governance.api.fields import BodyCode, Narrative, RecordId, RecordView
from governance.api.finding import demanded_row, found, listed, locked_meeting
from governance.storage.reading import visible
from governance.storage.tables import meetings, minutes
from governance.usecases import minutes as usecases
from governance.usecases.machines import MEETING, meeting_why_not
from governance.usecases.meetings import facts_of
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, versions
from service_kit.routing import Router
from service_kit.transitions import demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("minutes", Text("Minutes", "Cofnodion"))
COLUMNS = minutes.slices.c


class MinutesView(RecordView, data_class=DataClass.public):
    """The minutes of a meeting: its body's own until they are published."""

    body_id: str
    meeting_id: str
    state: str
    """State of the minutes: a code of `minutes_states`."""
    text_en: str | None
    text_cy: str | None
    amendments: list[str]
    """Amendments subject to which they were approved; the text stays as it was drafted."""
    approved_at_meeting_id: str | None
    published_on: date | None
    external_references: ExternalReferences = Field(default_factory=list)


class NewMinutes(Model):
    """Minutes to draft, in one language or both."""

    meeting_id: RecordId
    text_en: Narrative | None = None
    text_cy: Narrative | None = None


class MinutesPatch(Patch):
    """A draft's text; of approved minutes only the language that is missing."""

    text_en: Narrative = unsent()
    text_cy: Narrative = unsent()


class Approval(Model):
    """Which meeting approved them, and subject to what."""

    at_meeting_id: RecordId
    amendments: Annotated[list[Narrative], Field(max_length=50)] = []


@router.page("/minutes", operation="minutes.read", response_model=Page[MinutesView], referenced=True)
async def list_minutes(
    call: Call, body_id: BodyCode | None = None, meeting_id: RecordId | None = None
) -> Response:
    """Lists minutes that you may see."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = listed(call, minutes, asking.scopes("minutes.read"))
        for column, value in ((COLUMNS.body_id, body_id), (COLUMNS.meeting_id, meeting_id)):
            query = query if value is None else query.where(column == value)
        return await call.page(uow, MinutesView, query, [ascending(COLUMNS.body_id), ascending(COLUMNS.id)])


@router.get("/minutes/{id}", operation="minutes.read", response_model=MinutesView)
async def read_minutes(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads the minutes of one meeting."""
    async with call.read() as uow:
        return call.record(MinutesView, await _one(call, uow, id))


@router.page(
    "/minutes/{id}/versions", operation="minutes.read", response_model=Page[MinutesView], dated=False
)
async def list_minutes_versions(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Lists every version of minutes that you may see."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = versions(minutes, id, visible(minutes, asking.scopes("minutes.read")))
        return await call.page(uow, MinutesView, query, [ascending(COLUMNS.version)])


@router.post(
    "/minutes", operation="minutes.write", response_model=MinutesView, problems=["transition_not_allowed"]
)
async def draft_minutes(new: NewMinutes, call: Call) -> Response:
    """Drafts the minutes of a closed meeting."""

    async def do(uow: UnitOfWork) -> Row:
        meeting = await _next_step(call, uow, new.meeting_id, "draft_minutes")
        return await _known(call, uow, await usecases.draft(uow, meeting, new.text_en, new.text_cy))

    return await call.command(MinutesView, do, location="/v1/minutes/{id}")


@router.patch(
    "/minutes/{id}", operation="minutes.write", response_model=MinutesView, problems=["minutes_approved"]
)
async def change_minutes(id: RecordId, patch: MinutesPatch, call: Call) -> Response:  # noqa: A002
    """Changes a draft, or adds the language that approved minutes lack."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        await usecases.change(uow, held, patch.changes(), call.expected_version)

    return await call.change(MinutesView, load, do)


@router.post(
    "/minutes/{id}/approve", operation="minutes.write", response_model=MinutesView, status=200,
    problems=["transition_not_allowed", "not_at_the_next_meeting"],
)  # fmt: skip
async def approve_minutes(id: RecordId, approval: Approval, call: Call) -> Response:  # noqa: A002
    """Records that a later meeting, while open, approved them as a correct record."""

    async def do(uow: UnitOfWork) -> Row:
        row = await _known(call, uow, id)
        meeting = await _next_step(call, uow, row["meeting_id"], "approve_minutes")
        at_meeting = await found(call, uow, meetings, approval.at_meeting_id)
        await usecases.approve(uow, row, meeting, at_meeting, approval.amendments)
        return await _known(call, uow, id)

    return await call.command(MinutesView, do, status=200)


@router.post(
    "/minutes/{id}/publish", operation="minutes.write", response_model=MinutesView, status=200,
    problems=["transition_not_allowed", "one_language_only"],
)  # fmt: skip
async def publish_minutes(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Publishes them in both languages, and the meeting's open resolutions with them."""

    async def do(uow: UnitOfWork) -> Row:
        row = await _known(call, uow, id)
        meeting = await _next_step(call, uow, row["meeting_id"], "publish_minutes")
        await usecases.publish(uow, row, meeting)
        return await _known(call, uow, id)

    return await call.command(MinutesView, do, status=200)


async def _next_step(call: RequestCall, uow: UnitOfWork, meeting_id: str, name: str) -> Row:
    """The meeting, locked, whose next step this is. Raises 404 or 409 `transition_not_allowed`."""
    asking = await Asking.of(call, uow)
    meeting = await locked_meeting(call, uow, asking, meeting_id)
    now, caller = facts_of(meeting, uow.clock.today()), asking.about(meeting["body_id"])
    demanded(MEETING, meeting["state"], name, meeting_why_not(meeting["state"], now, caller))
    return await demanded_row(call, uow, meetings, meeting_id)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    asking = await Asking.of(call, uow)
    return await first(
        uow.connection, listed(call, minutes, asking.scopes("minutes.read"), COLUMNS.id == id_)
    )


async def _known(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/minutes/{id}", MinutesView, "minutes", "minutes.read", _one)
