"""Resolutions of bodies: moved, put, voted on, numbered within the municipal year."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.asking import Asking
from governance.api.fields import (
    BodyCode,
    CarriedOrLost,
    Count,
    ForOrAgainst,
    MunicipalYear,
    Narrative,
    RecordId,
    RecordView,
    ResolutionKind,
    ResolutionState,
    SubjectId,
    SubjectKind,
    Way,
)
from governance.api.finding import demanded_row, listed
from governance.domain import voting
from governance.storage.tables import agenda_items, meetings, resolutions
from governance.usecases import resolutions as usecases
from governance.usecases.machines import RESOLUTION, resolution_why_not
from governance.usecases.resolutions import Room, VoteGiven, room_of
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, first, lock
from service_kit.routing import Router
from service_kit.transitions import TransitionView, allowed, demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("resolutions", Text("Resolutions", "Penderfyniadau"))
COLUMNS = resolutions.slices.c
Take = Callable[[UnitOfWork, Row, Room], Awaitable[None]]


class AboutView(View, data_class=DataClass.public):
    """A record that a resolution is about."""

    kind: str
    """Kind of the record: a code of `resolution_subjects`."""
    id: str


class ResolutionView(RecordView, data_class=DataClass.public):
    """A resolution: the body's own until its minutes are published; one on an exempt item stays so."""

    body_id: str
    meeting_id: str
    agenda_item_id: str
    kind: str
    """In which words the body decides: a code of `resolution_kinds`."""
    matter: str
    state: str
    """State of the resolution: a code of `resolution_states`."""
    municipal_year: str
    number: int | None
    text_en: str
    text_cy: str
    reason: str | None
    moved_by: str | None
    seconded_by: str | None
    about: AboutView | None
    decided_on: date | None
    vote_id: str | None
    votes_for: int | None
    votes_against: int | None
    """Votes against; null where they were not counted."""
    abstained: int | None
    external_references: ExternalReferences = Field(default_factory=list)


class ResolutionStepsView(ResolutionView, data_class=DataClass.public):
    """A resolution with the steps that may follow."""

    allowed_transitions: list[TransitionView]


class AboutGiven(Model):
    """A record that a resolution is about."""

    kind: SubjectKind
    id: SubjectId


class NewResolution(Model):
    """A resolution that was moved."""

    meeting_id: RecordId
    agenda_item_id: RecordId
    kind: ResolutionKind
    text_en: Narrative
    text_cy: Narrative
    reason: Narrative | None = None
    """A recommendation needs one."""
    moved_by: RecordId | None = None
    seconded_by: RecordId | None = None
    about: AboutGiven | None = None


class NamedVote(Model):
    """How one member voted; where authorities vote, who cast the authority's vote."""

    member_id: RecordId
    way: Way


class VoteTaken(Model):
    """A vote: counted, or by name."""

    votes_for: Count | None = None
    votes_against: Count | None = None
    """Votes against; left out where they were not counted."""
    abstained: Count | None = None
    names: Annotated[list[NamedVote], Field(max_length=200)] = []
    casting_vote: ForOrAgainst | None = None
    """The chair's, after a tie, where the constitution gives it."""
    declared: CarriedOrLost | None = None
    """The outcome as the chair declared it: needed only where the count leaves it open."""


@router.page(
    "/resolutions", operation="resolutions.read", response_model=Page[ResolutionView], referenced=True
)
async def list_resolutions(
    call: Call,
    body_id: BodyCode | None = None,
    meeting_id: RecordId | None = None,
    municipal_year: MunicipalYear | None = None,
    state: ResolutionState | None = None,
    about_kind: SubjectKind | None = None,
    about_id: SubjectId | None = None,
) -> Response:
    """Lists resolutions that you may see."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = listed(call, resolutions, asking.scopes("resolutions.read"))
        for column, value in (
            (COLUMNS.body_id, body_id),
            (COLUMNS.meeting_id, meeting_id),
            (COLUMNS.municipal_year, municipal_year),
            (COLUMNS.state, state),
            (COLUMNS.about_kind, about_kind),
            (COLUMNS.about_id, about_id),
        ):
            query = query if value is None else query.where(column == value)
        order = [ascending(COLUMNS.body_id), ascending(COLUMNS.municipal_year), ascending(COLUMNS.id)]
        return await call.page(uow, ResolutionView, query, order, shape=_shaped)


@router.get("/resolutions/{id}", operation="resolutions.read", response_model=ResolutionStepsView)
async def read_resolution(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one resolution, with the steps that may follow."""
    async with call.read() as uow:
        return call.record(ResolutionStepsView, await _one(call, uow, await Asking.of(call, uow), id))


@router.post(
    "/resolutions", operation="resolutions.write", response_model=ResolutionStepsView,
    problems=["meeting_not_in_session"],
)  # fmt: skip
async def move_resolution(new: NewResolution, call: Call) -> Response:
    """Records that a resolution was moved, with its words in both languages."""

    async def do(uow: UnitOfWork) -> Row:
        await lock(uow.connection, meetings, new.meeting_id)
        meeting = await demanded_row(call, uow, meetings, new.meeting_id, "/meeting_id")
        demand(call, DataClass.internal, body=meeting["body_id"])
        item = await demanded_row(call, uow, agenda_items, new.agenda_item_id, "/agenda_item_id")
        if item["meeting_id"] != meeting["id"]:
            fault = Fault("/agenda_item_id", "item_of_other_meeting")
            raise ProblemError("validation_failed", errors=[fault])
        about = new.about
        wanted = usecases.NewResolution(
            new.kind, new.text_en, new.text_cy, new.reason, new.moved_by, new.seconded_by,
            about.kind if about else None, about.id if about else None,
        )  # fmt: skip
        id_ = await usecases.move_resolution(uow, meeting, item, wanted)
        return await _known(call, uow, id_)

    return await call.command(ResolutionStepsView, do, location="/v1/resolutions/{id}")


def _shaped(row: Row) -> Row:
    about = {"kind": row["about_kind"], "id": row["about_id"]} if row["about_kind"] is not None else None
    return {**row, "about": about}


async def _row(call: RequestCall, uow: UnitOfWork, asking: Asking, id_: str) -> Row | None:
    query = listed(call, resolutions, asking.scopes("resolutions.read"), COLUMNS.id == id_)
    return await first(uow.connection, query)


async def _one(call: RequestCall, uow: UnitOfWork, asking: Asking, id_: str) -> Row | None:
    row = await _row(call, uow, asking, id_)
    if row is None:
        return None
    meeting = await demanded_row(call, uow, meetings, row["meeting_id"])
    room = await room_of(uow, meeting, row["agenda_item_id"])
    now, caller = usecases.facts_of(row, meeting, room), asking.about(row["body_id"])
    why_not = resolution_why_not(row["state"], now, caller)
    steps = allowed(RESOLUTION, row["state"], why_not, call.language)
    return {**_shaped(row), "allowed_transitions": [step.model_dump() for step in steps]}


async def _known(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, await Asking.of(call, uow), id_)
    if row is None:
        raise ProblemError("not_found")
    return row


async def _step(call: RequestCall, id_: str, name: str, take: Take) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        asking = await Asking.of(call, uow)
        held = await _row(call, uow, asking, id_)
        if held is None:
            raise ProblemError("not_found")
        # The meeting is locked too: nobody leaves, and it is not closed, while a resolution is decided.
        await lock(uow.connection, meetings, held["meeting_id"])
        await lock(uow.connection, resolutions, id_)
        row = await _row(call, uow, asking, id_)
        if row is None:
            raise ProblemError("not_found")
        meeting = await demanded_row(call, uow, meetings, row["meeting_id"])
        room = await room_of(uow, meeting, row["agenda_item_id"])
        now, caller = usecases.facts_of(row, meeting, room), asking.about(row["body_id"])
        demanded(RESOLUTION, row["state"], name, resolution_why_not(row["state"], now, caller))
        await take(uow, row, room)
        return await _known(call, uow, id_)

    return await call.command(ResolutionStepsView, do, status=200)


@router.post(
    "/resolutions/{id}/put", operation="resolutions.write", response_model=ResolutionStepsView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def put_resolution(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Puts it to the vote."""
    return await _step(call, id, "put", lambda uow, row, _: usecases.put(uow, row))


@router.post(
    "/resolutions/{id}/vote", operation="resolutions.write", response_model=ResolutionStepsView, status=200,
    problems=["transition_not_allowed", "vote_refused"],
)  # fmt: skip
async def record_vote(id: RecordId, taken: VoteTaken, call: Call) -> Response:  # noqa: A002
    """Records the vote: carried or lost, with its number."""
    given = _given(taken)
    return await _step(call, id, "vote", lambda uow, row, room: usecases.vote(uow, row, room, given))


@router.post(
    "/resolutions/{id}/assent", operation="resolutions.write", response_model=ResolutionStepsView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def record_assent(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records it as carried without a count."""
    return await _step(call, id, "assent", lambda uow, row, _: usecases.assent(uow, row))


@router.post(
    "/resolutions/{id}/defer", operation="resolutions.write", response_model=ResolutionStepsView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def defer_resolution(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records it as deferred."""
    return await _step(call, id, "defer", lambda uow, row, _: usecases.defer(uow, row))


@router.post(
    "/resolutions/{id}/withdraw", operation="resolutions.write", response_model=ResolutionStepsView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def withdraw_resolution(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records it as withdrawn."""
    return await _step(call, id, "withdraw", lambda uow, row, _: usecases.withdraw(uow, row))


def _given(taken: VoteTaken) -> VoteGiven:
    """The vote as counted or by name. Raises 422 for both and for neither."""
    if taken.names and (taken.votes_for, taken.votes_against, taken.abstained) != (None, None, None):
        raise ProblemError("validation_failed", errors=[Fault("/names", "counted_or_by_name")])
    if not taken.names and (taken.votes_for is None or taken.abstained is None):
        given = {"/votes_for": taken.votes_for, "/abstained": taken.abstained}
        missing = [Fault(pointer, "missing") for pointer, value in given.items() if value is None]
        raise ProblemError("validation_failed", errors=missing)
    count = None
    if not taken.names:
        count = voting.Count(taken.votes_for or 0, taken.votes_against, taken.abstained or 0)
    names = [voting.Cast(name.member_id, name.way) for name in taken.names]
    return VoteGiven(count, names, taken.casting_vote, taken.declared)


async def _loaded(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await _one(call, uow, await Asking.of(call, uow), id_)


takes_references(router, "/resolutions/{id}", ResolutionStepsView, "resolution", "resolutions.read", _loaded)
