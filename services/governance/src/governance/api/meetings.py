"""Meetings: scheduled, read, moved from step to step, and whether enough are there to decide."""

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.asking import Asking
from governance.api.fields import (
    AuthorityCode,
    BodyCode,
    Line,
    MeetingState,
    MunicipalYear,
    Reasoned,
    RecordId,
    RecordView,
)
from governance.api.finding import constituted, listed, locked_meeting
from governance.domain.caller import Caller
from governance.domain.constitutions import votes_of
from governance.domain.meetings import day_begins, meets_on
from governance.storage.meetings import of_authority, with_facts
from governance.storage.reading import visible
from governance.storage.tables import meetings
from governance.usecases import meetings as usecases
from governance.usecases.machines import MEETING, meeting_why_not
from governance.usecases.resolutions import room_of
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, Timestamp, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending, descending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, versions
from service_kit.routing import Router
from service_kit.transitions import TransitionView, allowed, demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("meetings", Text("Meetings", "Cyfarfodydd"))
COLUMNS = meetings.slices.c
Take = Callable[[UnitOfWork, Row, Caller], Awaitable[None]]


class MeetingVersionView(RecordView, data_class=DataClass.public):
    """A meeting as of one version."""

    body_id: str
    body_type: str
    constitution: str
    municipal_year: str
    starts_at: Timestamp
    place: str | None
    remote: bool
    state: str
    """State of the meeting: a code of `meeting_states`."""
    agreed_by: list[str]
    """The seats that agreed to the agenda."""
    notice_given_on: date | None
    opened_at: Timestamp | None
    closed_at: Timestamp | None
    quorum: int | None
    voting_present: int | None
    """How many who count towards the quorum were there at the last step."""
    reason: str | None


class MeetingView(MeetingVersionView, data_class=DataClass.public):
    """A meeting of a body: its members' and clerk's until notice is given, public from then on."""

    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class NewMeeting(Model):
    """A meeting to schedule."""

    body_id: BodyCode
    starts_at: Timestamp
    place: Line | None = None
    remote: bool = False
    """Those who take part can speak to and hear each other; then no place is needed."""


class QuorumView(View, data_class=DataClass.internal):
    """Who is in the room now, as far as it decides something."""

    SCOPED_BY = RecordView.SCOPED_BY

    meeting_id: str
    body_id: str
    needed: int
    present: list[str]
    """Ids of the members in the room."""
    voting_present: int
    """Votes that those in the room may cast; on one item: without those who have a prejudicial interest in it."""
    interested: list[str]
    """Ids of the members with a prejudicial interest in the item asked about."""
    quorate: bool


@router.page("/meetings", operation="meetings.read", response_model=Page[MeetingView], referenced=True)
async def list_meetings(
    call: Call,
    body_id: BodyCode | None = None,
    municipal_year: MunicipalYear | None = None,
    state: MeetingState | None = None,
    authority: AuthorityCode | None = None,
    from_day: date | None = None,
) -> Response:
    """Lists meetings that you may see, the latest first.

    `authority`: of its own bodies and of those that it shares with others. `from_day`: those that begin on it or later.
    """
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = with_facts(listed(call, meetings, asking.scopes("meetings.read")))
        for column, value in (
            (COLUMNS.body_id, body_id),
            (COLUMNS.municipal_year, municipal_year),
            (COLUMNS.state, state),
        ):
            query = query if value is None else query.where(column == value)
        if authority is not None:
            query = query.where(of_authority(COLUMNS.body_id, authority))
        if from_day is not None:
            query = query.where(COLUMNS.starts_at >= day_begins(from_day))
        order = [descending(COLUMNS.starts_at), descending(COLUMNS.id)]
        return await call.page(uow, MeetingView, query, order, shape=lambda row: shaped(call, asking, row))


@router.get("/meetings/{id}", operation="meetings.read", response_model=MeetingView)
async def read_meeting(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one meeting, with the steps that may follow."""
    async with call.read() as uow:
        return call.record(MeetingView, await one_meeting(call, uow, await Asking.of(call, uow), id))


@router.page(
    "/meetings/{id}/versions", operation="meetings.read", response_model=Page[MeetingVersionView], dated=False
)
async def list_meeting_versions(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Lists every version of a meeting that you may see, the first one first."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = versions(meetings, id, visible(meetings, asking.scopes("meetings.read")))
        return await call.page(uow, MeetingVersionView, query, [ascending(COLUMNS.version)])


@router.get("/meetings/{id}/quorum", operation="proceedings.read", response_model=QuorumView, dated=False)
async def read_quorum(
    id: RecordId,  # noqa: A002  the path's own word
    call: Call,
    agenda_item_id: RecordId | None = None,
) -> Response:
    """Counts who is in the room now; for one item, without those who declared a prejudicial interest in it."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        row = await first(
            uow.connection, listed(call, meetings, asking.scopes("proceedings.read"), COLUMNS.id == id)
        )
        if row is None:
            raise ProblemError("not_found")
        room = await room_of(uow, row, agenda_item_id or "")
        return call.answer(
            QuorumView(
                meeting_id=id,
                body_id=row["body_id"],
                needed=room.presence.needed,
                present=[member.id for member in room.presence.present],
                voting_present=votes_of(room.presence.constitution, room.voters),
                interested=sorted(room.interested),
                quorate=room.quorate,
            )
        )


@router.post("/meetings", operation="meetings.write", response_model=MeetingView)
async def schedule_meeting(new: NewMeeting, call: Call) -> Response:
    """Schedules a meeting of a body."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.internal, body=new.body_id)
        body = await constituted(uow, new.body_id, meets_on(new.starts_at))
        wanted = usecases.NewMeeting(new.starts_at, new.place, new.remote)
        id_ = await usecases.schedule(uow, body, wanted)
        return await _after(call, uow, await Asking.of(call, uow), id_)

    return await call.command(MeetingView, do, location="/v1/meetings/{id}")


def shaped(call: RequestCall, asking: Asking, row: Row) -> Row:
    """A meeting with its steps."""
    now = usecases.facts_of(row, call.clock.today())
    why_not = meeting_why_not(row["state"], now, asking.about(row["body_id"]))
    steps = allowed(MEETING, row["state"], why_not, call.language)
    return {**row, "allowed_transitions": [step.model_dump() for step in steps]}


async def one_meeting(call: RequestCall, uow: UnitOfWork, asking: Asking, id_: str) -> Row | None:
    """One meeting as the caller may see it."""
    query = with_facts(listed(call, meetings, asking.scopes("meetings.read"), COLUMNS.id == id_))
    row = await first(uow.connection, query)
    return None if row is None else shaped(call, asking, row)


async def _after(call: RequestCall, uow: UnitOfWork, asking: Asking, id_: str) -> Row:
    row = await one_meeting(call, uow, asking, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


async def _step(call: RequestCall, id_: str, name: str, take: Take) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        asking = await Asking.of(call, uow)
        row = await locked_meeting(call, uow, asking, id_)
        caller = asking.about(row["body_id"])
        now = usecases.facts_of(row, uow.clock.today())
        demanded(MEETING, row["state"], name, meeting_why_not(row["state"], now, caller))
        await take(uow, row, caller)
        return await _after(call, uow, asking, id_)

    return await call.command(MeetingView, do, status=200)


@router.post(
    "/meetings/{id}/agree-agenda", operation="meetings.agree", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def agree_agenda(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Agrees to the agenda in your seat; it is agreed once every seat that the constitution names has."""
    return await _step(call, id, "agree_agenda", usecases.agree_agenda)


@router.post(
    "/meetings/{id}/revise-agenda", operation="meetings.write", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def revise_agenda(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Opens an agreed agenda again; everybody must agree anew."""
    return await _step(call, id, "revise_agenda", lambda uow, row, _: usecases.revise_agenda(uow, row))


@router.post(
    "/meetings/{id}/give-notice", operation="meetings.write", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def give_notice(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Gives notice and publishes the agenda in both languages, with the clear days that the constitution asks for."""
    return await _step(call, id, "give_notice", lambda uow, row, _: usecases.give_notice(uow, row))


@router.post(
    "/meetings/{id}/open", operation="meetings.chair", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def open_meeting(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Opens the meeting."""
    return await _step(call, id, "open", lambda uow, row, _: usecases.open_meeting(uow, row))


@router.post(
    "/meetings/{id}/adjourn", operation="meetings.chair", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def adjourn_meeting(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Adjourns the meeting."""
    return await _step(call, id, "adjourn", lambda uow, row, _: usecases.adjourn(uow, row))


@router.post(
    "/meetings/{id}/resume", operation="meetings.chair", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def resume_meeting(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Opens an adjourned meeting again."""
    return await _step(call, id, "resume", lambda uow, row, _: usecases.open_meeting(uow, row))


@router.post(
    "/meetings/{id}/close", operation="meetings.chair", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def close_meeting(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Closes the meeting, once nothing is left undecided."""
    return await _step(call, id, "close", lambda uow, row, _: usecases.close(uow, row))


@router.post(
    "/meetings/{id}/cancel", operation="meetings.write", response_model=MeetingView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def cancel_meeting(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Cancels the meeting."""
    return await _step(call, id, "cancel", lambda uow, row, _: usecases.cancel(uow, row, why.reason))


async def _loaded(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await one_meeting(call, uow, await Asking.of(call, uow), id_)


takes_references(router, "/meetings/{id}", MeetingView, "meeting", "meetings.read", _loaded)
