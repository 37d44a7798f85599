"""References: a recommendation of one body that another is to consider, tracked to its outcome."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.asking import Asking
from governance.api.documents import DOCUMENTS
from governance.api.fields import (
    BodyCode,
    Narrative,
    NewPaper,
    Outcome,
    PaperView,
    RecordId,
    RecordView,
    ReferenceState,
)
from governance.api.finding import demanded_row, found, other_body
from governance.storage.tables import meetings, references, resolutions
from governance.usecases import references as usecases
from governance.usecases.machines import REFERENCE, reference_why_not
from service_kit.call import Call, RequestCall
from service_kit.documents.attaching import attach
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import descending
from service_kit.permitting import demand
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, lock, showing
from service_kit.routing import Router
from service_kit.transitions import TransitionView, allowed, demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("references", Text("References between bodies", "Atgyfeiriadau rhwng cyrff"))
COLUMNS = references.slices.c


class ReferenceView(RecordView, data_class=DataClass.public):
    """A recommendation on its way from one body to another."""

    SCOPED_BY = {"body": "from_body"}

    from_body: str
    to_body: str
    authority: str | None
    resolution_id: str
    municipal_year: str
    number: int
    """Number of the minute that is referred."""
    minute_en: str | None
    minute_cy: str | None
    """The minute as it was carried, in Welsh; null where it is exempt."""
    reason: str
    appendices: list[PaperView]
    made_on: date
    due_on: date
    """The day of the meeting that is to consider it."""
    state: str
    """State of the reference: a code of `reference_states`."""
    meeting_id: str | None
    agenda_item_id: str | None
    considered_on: date | None
    outcome: str | None
    """What the other body made of it: a code of `reference_outcomes`; null until that is recorded."""
    outcome_resolution_id: str | None
    outcome_note: str | None
    overdue_since: date | None
    referred_from: str | None
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class NewReference(Model):
    """A carried recommendation and where it is to go."""

    resolution_id: RecordId
    to_body: BodyCode
    due_on: date
    reason: Narrative
    appendices: Annotated[list[NewPaper], Field(max_length=50)] = []
    referred_from: RecordId | None = None
    """The reference of which this one is the next hop."""


class Listing(Model):
    """The meeting on whose agenda it is put."""

    meeting_id: RecordId
    urgency_reason: Narrative | None = None
    exempt_paragraph: int | None = None
    exclusion_resolution: Narrative | None = None


class OutcomeGiven(Model):
    """What the other body made of it."""

    outcome: Outcome
    resolution_id: RecordId | None = None
    """The resolution of that body on the item."""
    note: Narrative | None = None
    due_on: date | None = None
    """The next day, of one that was deferred."""


@router.page("/references", operation="references.read", response_model=Page[ReferenceView], referenced=True)
async def list_references(
    call: Call,
    from_body: BodyCode | None = None,
    to_body: BodyCode | None = None,
    state: ReferenceState | None = None,
) -> Response:
    """Lists references between bodies, the latest first."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = showing(references, call.valid_at, call.known_at)
        query = call.with_references(query, references.kind, COLUMNS.id)
        for column, value in (
            (COLUMNS.from_body, from_body),
            (COLUMNS.to_body, to_body),
            (COLUMNS.state, state),
        ):
            query = query if value is None else query.where(column == value)
        order = [descending(COLUMNS.made_on), descending(COLUMNS.id)]
        return await call.page(uow, ReferenceView, query, order, shape=lambda row: _shaped(call, asking, row))


@router.get("/references/{id}", operation="references.read", response_model=ReferenceView)
async def read_reference(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one reference, with the steps that may follow."""
    async with call.read() as uow:
        return call.record(ReferenceView, await _one(call, uow, id))


@router.post(
    "/references",
    operation="references.write",
    response_model=ReferenceView,
    problems=["not_a_recommendation"],
)
async def make_reference(new: NewReference, call: Call) -> Response:
    """Refers a carried recommendation, with its reason and appendices, to a meeting of another body."""

    async def do(uow: UnitOfWork) -> Row:
        resolution = await demanded_row(call, uow, resolutions, new.resolution_id, "/resolution_id")
        demand(call, DataClass.public, body=resolution["body_id"])
        await other_body(call, uow, new.to_body, "/to_body")
        if new.referred_from is not None:
            earlier = await demanded_row(call, uow, references, new.referred_from, "/referred_from")
            if (earlier["to_body"], earlier["state"]) != (resolution["body_id"], "referred_on"):
                fault = Fault("/referred_from", "not_referred_on")
                raise ProblemError("validation_failed", errors=[fault])
        appendices = tuple(appendix.model_dump(mode="json") for appendix in new.appendices)
        wanted = usecases.NewReference(new.to_body, new.due_on, new.reason, appendices, new.referred_from)
        id_ = await usecases.make(uow, resolution, wanted)
        for place, appendix in enumerate(new.appendices):
            if appendix.document_id is not None:
                await attach(
                    call, uow, DOCUMENTS, appendix.document_id, kind="reference", record_id=id_,
                    pointer=f"/appendices/{place}/document_id",
                )  # fmt: skip
        return _shaped(call, await Asking.of(call, uow), await demanded_row(call, uow, references, id_))

    return await call.command(ReferenceView, do, location="/v1/references/{id}")


def _shaped(call: RequestCall, asking: Asking, row: Row) -> Row:
    why_not = reference_why_not(row["state"], asking.about(row["from_body"], row["to_body"]))
    steps = allowed(REFERENCE, row["state"], why_not, call.language)
    return {**row, "allowed_transitions": [step.model_dump() for step in steps]}


async def _step(
    call: RequestCall, id_: str, name: str, take: Callable[[UnitOfWork, Row], Awaitable[None]]
) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        asking = await Asking.of(call, uow)
        await lock(uow.connection, references, id_)
        # Everybody may know of a reference; who may not take the step is told why, as the rules have it.
        await call.under(uow, call.reading)
        row = await demanded_row(call, uow, references, id_)
        await call.under(uow, call.decision)
        caller = asking.about(row["from_body"], row["to_body"])
        demanded(REFERENCE, row["state"], name, reference_why_not(row["state"], caller))
        await take(uow, row)
        return _shaped(call, asking, await demanded_row(call, uow, references, id_))

    return await call.command(ReferenceView, do, status=200)


@router.post(
    "/references/{id}/receive", operation="references.write", response_model=ReferenceView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def receive_reference(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Takes the reference, as clerk of the body that is to consider it."""
    return await _step(call, id, "receive", usecases.receive)


@router.post(
    "/references/{id}/list", operation="references.write", response_model=ReferenceView, status=200,
    problems=["transition_not_allowed", "agenda_closed", "late_item_without_urgency"],
)  # fmt: skip
async def put_reference_on_agenda(id: RecordId, listing: Listing, call: Call) -> Response:  # noqa: A002
    """Makes it an agenda item that quotes the minute, with its appendices as papers."""

    async def take(uow: UnitOfWork, row: Row) -> None:
        await lock(uow.connection, meetings, listing.meeting_id)
        meeting = await demanded_row(call, uow, meetings, listing.meeting_id, "/meeting_id")
        exempt = None
        if listing.exempt_paragraph is not None:
            exempt = (listing.exempt_paragraph, listing.exclusion_resolution)
        await usecases.put_on_agenda(uow, row, meeting, exempt=exempt, urgency_reason=listing.urgency_reason)

    return await _step(call, id, "list", take)


@router.post(
    "/references/{id}/consider", operation="references.write", response_model=ReferenceView, status=200,
    problems=["transition_not_allowed", "meeting_not_in_session"],
)  # fmt: skip
async def consider_reference(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records that its meeting considered it."""

    async def take(uow: UnitOfWork, row: Row) -> None:
        await usecases.consider(uow, row, await demanded_row(call, uow, meetings, row["meeting_id"]))

    return await _step(call, id, "consider", take)


@router.post(
    "/references/{id}/record-outcome", operation="references.write", response_model=ReferenceView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def record_outcome(id: RecordId, given: OutcomeGiven, call: Call) -> Response:  # noqa: A002
    """Records what the other body made of it."""

    async def take(uow: UnitOfWork, row: Row) -> None:
        resolution = None
        if given.resolution_id is not None:
            resolution = await demanded_row(call, uow, resolutions, given.resolution_id, "/resolution_id")
        await usecases.record_outcome(uow, row, given.outcome, resolution, given.note, given.due_on)

    return await _step(call, id, "record_outcome", take)


@router.post(
    "/references/{id}/report", operation="references.write", response_model=ReferenceView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def report_outcome(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reports the outcome to the body that made it."""
    return await _step(call, id, "report", usecases.report)


@router.post(
    "/references/{id}/close", operation="references.write", response_model=ReferenceView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def close_reference(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Closes it, as clerk of the body that made it; refused without a reported outcome."""
    return await _step(call, id, "close", usecases.close)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    row = await found(call, uow, references, id_)
    return None if row is None else _shaped(call, await Asking.of(call, uow), row)


takes_references(router, "/references/{id}", ReferenceView, "reference", "references.read", _one)
