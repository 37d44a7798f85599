"""Executive decisions: published, called in by scrutiny, in effect, implemented."""

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from governance.api.asking import Asking
from governance.api.fields import BodyCode, DecisionState, Narrative, Reasoned, RecordId, RecordView
from governance.api.finding import constituted, demanded_row, found, other_body
from governance.api.resolutions import AboutView
from governance.storage.tables import decisions, resolutions
from governance.usecases import decisions as usecases
from governance.usecases.machines import DECISION, decision_why_not
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import descending
from service_kit.permitting import demand
from service_kit.reading import Row, lock, showing
from service_kit.routing import Router
from service_kit.transitions import TransitionView, allowed, demanded
from service_kit.unit_of_work import UnitOfWork

router = Router("decisions", Text("Executive decisions", "Penderfyniadau gweithrediaeth"))
COLUMNS = decisions.slices.c


class DecisionView(RecordView, data_class=DataClass.public):
    """A decision of a cabinet. It is public; what is exempt about it is read with its resolution."""

    body_id: str
    authority: str | None
    scrutiny_body: str | None
    resolution_id: str
    municipal_year: str
    number: int
    state: str
    """State of the decision: a code of `decision_states`."""
    text_en: str
    text_cy: str
    key_decision: bool
    subject_to_call_in: bool
    decided_on: date
    published_on: date
    call_in_ends: date | None
    """Last day on which it may be called in."""
    effective_on: date | None
    implemented_on: date | None
    reason: str | None
    """Why it was called in, or why scrutiny did with it what it did; null where it was not called in."""
    about: AboutView | None
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class NewDecision(Model):
    """A decision to publish, in both languages."""

    resolution_id: RecordId
    text_en: Narrative
    text_cy: Narrative
    key_decision: bool = False
    subject_to_call_in: bool = True
    scrutiny_body: BodyCode | None = None
    """The committee of the authority that may call it in."""


@router.page("/decisions", operation="decisions.read", response_model=Page[DecisionView], referenced=True)
async def list_decisions(
    call: Call, body_id: BodyCode | None = None, state: DecisionState | None = None
) -> Response:
    """Lists executive decisions, the latest first."""
    async with call.read() as uow:
        asking = await Asking.of(call, uow)
        query = showing(decisions, call.valid_at, call.known_at)
        query = call.with_references(query, decisions.kind, COLUMNS.id)
        for column, value in ((COLUMNS.body_id, body_id), (COLUMNS.state, state)):
            query = query if value is None else query.where(column == value)
        order = [descending(COLUMNS.published_on), descending(COLUMNS.id)]
        return await call.page(uow, DecisionView, query, order, shape=lambda row: _shaped(call, asking, row))


@router.get("/decisions/{id}", operation="decisions.read", response_model=DecisionView)
async def read_decision(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one decision, with the steps that may follow."""
    async with call.read() as uow:
        return call.record(DecisionView, await _one(call, uow, id))


@router.post(
    "/decisions", operation="decisions.write", response_model=DecisionView,
    problems=["not_a_decision", "working_days_unknown"],
)  # fmt: skip
async def publish_decision(new: NewDecision, call: Call) -> Response:
    """Publishes what a cabinet resolved, in both languages; the days of call-in begin after this day."""

    async def do(uow: UnitOfWork) -> Row:
        resolution = await demanded_row(call, uow, resolutions, new.resolution_id, "/resolution_id")
        demand(call, DataClass.public, body=resolution["body_id"])
        body = await constituted(uow, resolution["body_id"], uow.clock.today(), "/resolution_id")
        scrutiny = None
        if new.scrutiny_body is not None:
            scrutiny = await other_body(call, uow, new.scrutiny_body, "/scrutiny_body")
        wanted = usecases.NewDecision(
            new.text_en, new.text_cy, new.key_decision, new.subject_to_call_in, new.scrutiny_body
        )
        id_ = await usecases.publish(uow, resolution, body, scrutiny, wanted)
        return _shaped(call, await Asking.of(call, uow), await demanded_row(call, uow, decisions, id_))

    return await call.command(DecisionView, do, location="/v1/decisions/{id}")


def _shaped(call: RequestCall, asking: Asking, row: Row) -> Row:
    about = {"kind": row["about_kind"], "id": row["about_id"]} if row["about_kind"] is not None else None
    why_not = decision_why_not(row["state"], asking.about(row["body_id"], row["scrutiny_body"]))
    steps = allowed(DECISION, row["state"], why_not, call.language)
    return {**row, "about": about, "allowed_transitions": [step.model_dump() for step in steps]}


async def _step(
    call: RequestCall, id_: str, name: str, take: Callable[[UnitOfWork, Row], Awaitable[None]]
) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        asking = await Asking.of(call, uow)
        await lock(uow.connection, decisions, id_)
        # Everybody may know of a decision; who may not take the step is told why, as the rules have it.
        await call.under(uow, call.reading)
        row = await demanded_row(call, uow, decisions, id_)
        await call.under(uow, call.decision)
        caller = asking.about(row["body_id"], row["scrutiny_body"])
        demanded(DECISION, row["state"], name, decision_why_not(row["state"], caller))
        await take(uow, row)
        return _shaped(call, asking, await demanded_row(call, uow, decisions, id_))

    return await call.command(DecisionView, do, status=200)


@router.post(
    "/decisions/{id}/call-in", operation="decisions.call_in", response_model=DecisionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def call_in(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Calls a decision in, as a member of the scrutiny committee: it is not implemented meanwhile."""
    return await _step(call, id, "call_in", lambda uow, row: usecases.call_in(uow, row, why.reason))


@router.post(
    "/decisions/{id}/uphold", operation="decisions.write", response_model=DecisionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def uphold(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records that scrutiny let it stand."""
    return await _step(
        call, id, "uphold", lambda uow, row: usecases.end_call_in(uow, row, "upheld", why.reason)
    )


@router.post(
    "/decisions/{id}/refer-back", operation="decisions.write", response_model=DecisionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def refer_back(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records that scrutiny sent it back, with its reasons."""
    return await _step(
        call, id, "refer_back", lambda uow, row: usecases.end_call_in(uow, row, "referred_back", why.reason)
    )


@router.post(
    "/decisions/{id}/send-to-council", operation="decisions.write", response_model=DecisionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def send_to_council(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002
    """Records that scrutiny put it before the full council."""
    return await _step(
        call, id, "send_to_council", lambda uow, row: usecases.end_call_in(uow, row, "to_council", why.reason)
    )


@router.post(
    "/decisions/{id}/implement", operation="decisions.write", response_model=DecisionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def implement(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records that it was carried out; refused while it may be called in or was."""
    return await _step(call, id, "implement", usecases.implement)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    row = await found(call, uow, decisions, id_)
    return None if row is None else _shaped(call, await Asking.of(call, uow), row)


takes_references(router, "/decisions/{id}", DecisionView, "decision", "decisions.read", _one)
