"""Actions after a visit: proposed to an owner, agreed, done, verified by somebody else; overdue by the clock."""

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import Field
from sqlalchemy import ColumnElement, Select, and_
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit import caseload
from service_kit.call import Call, RequestCall
from service_kit.models import ExternalReferences, Model, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.policy.predicates import row_predicate
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, locked, showing
from service_kit.routing import Router
from service_kit.transitions import TransitionView, demanded
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.api.fields import (
    ActionOwner,
    ActionState,
    AuthorityCode,
    Narrative,
    Reasoned,
    RecordId,
    SchoolNumber,
    StatedView,
)
from visits.api.shaping import shaped_action
from visits.domain.actions import CAN_BE_OVERDUE
from visits.storage.tables import RIGHTS, actions
from visits.usecases import move_action
from visits.usecases.machines import ACTION, action_why_not
from visits.usecases.propose_action import propose_action
from visits.usecases.refusing import announced

router = Router("actions", Text("Actions", "Camau gweithredu"))
COLUMNS = actions.slices.c


class ActionView(StatedView, data_class=DataClass.confidential):
    """An action."""

    visit_id: str | None
    finding_id: str | None
    owner_body: str
    """Side that is to carry the action out: a code of `action_owners`."""
    owner_id: str | None
    description: str
    success_criterion: str
    due_date: date
    state: str
    """State of the action: a code of `action_states`."""
    proposed_on: date
    agreed_on: date | None
    claimed_on: date | None
    verified_on: date | None
    overdue_since: date | None
    reason: str | None
    """Why the last step was taken, where it needs a reason."""
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class NewAction(Model):
    """An action to be proposed: nothing is asked of a school without owner, due date and success criterion."""

    school_number: SchoolNumber
    visit_id: RecordId | None = None
    finding_id: RecordId | None = None
    owner_body: ActionOwner
    owner_id: RecordId | None = None
    description: Narrative
    success_criterion: Narrative
    due_date: date


class NewDueDate(Reasoned):
    """Another due date, and why."""

    due_date: date


@router.page("/actions", operation="actions.read", response_model=Page[ActionView], referenced=True)
async def list_actions(
    call: Call,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    visit_id: RecordId | None = None,
    owner_body: ActionOwner | None = None,
    owner_id: RecordId | None = None,
    state: ActionState | None = None,
    overdue: bool | None = None,
    lead_adviser_id: RecordId | None = None,
) -> Response:
    """Lists actions, those due first in front; `overdue=true` only those whose due date has passed undone."""
    async with call.read(operations=[caseload.OPERATION]) as uow:
        query = call.with_references(_listed(call), "action", COLUMNS.id)
        for column, value in (
            (COLUMNS.school_number, school_number),
            (COLUMNS.authority, authority),
            (COLUMNS.visit_id, visit_id),
            (COLUMNS.owner_body, owner_body),
            (COLUMNS.owner_id, owner_id),
            (COLUMNS.state, state),
        ):
            query = query if value is None else query.where(column == value)
        if overdue is not None:
            query = query.where(_overdue(call.valid_at) if overdue else ~_overdue(call.valid_at))
        if lead_adviser_id is not None:
            led = await caseload.schools_led(call, uow, RIGHTS, lead_adviser_id)
            query = query.where(COLUMNS.school_number.in_(led))
        asking = Asking(call)
        order = [ascending(COLUMNS.due_date), ascending(COLUMNS.id)]
        return await call.page(
            uow, ActionView, query, order, shape=lambda row: shaped_action(asking, row, call.language)
        )


@router.get("/actions/{id}", operation="actions.read", response_model=ActionView)
async def read_action(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one action, with the steps that may follow."""
    async with call.read() as uow:
        return call.record(ActionView, await _one(call, uow, id))


@router.post("/actions", operation="actions.write", response_model=ActionView)
async def propose(new: NewAction, call: Call) -> Response:
    """Proposes an action to its owner. A visit or finding that it names is one that the school has seen."""

    async def do(uow: UnitOfWork) -> Row:
        school = await announced(uow, new.school_number)
        demand(call, DataClass.confidential, authority=school.authority, school=school.number)
        given = {name: getattr(new, name) for name in NewAction.model_fields if name != "school_number"}
        return await _shown(call, uow, await propose_action(uow, school, given))

    return await call.command(ActionView, do, location="/v1/actions/{id}")


@router.post(
    "/actions/{id}/agree", operation="actions.own", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def agree_action(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Agrees to an action as its owner."""
    return await _step(call, id, "agree", move_action.agree)


@router.post(
    "/actions/{id}/start", operation="actions.own", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def start_action(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Begins an action as its owner."""
    return await _step(call, id, "start", move_action.start)


@router.post(
    "/actions/{id}/claim", operation="actions.own", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def claim_action(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Says as its owner that an action is complete; somebody else verifies it."""
    return await _step(call, id, "claim", lambda uow, row: move_action.claim(uow, row, _who(call)))


@router.post(
    "/actions/{id}/verify", operation="actions.verify", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def verify_action(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Verifies that somebody else's action is complete."""
    return await _step(call, id, "verify", lambda uow, row: move_action.verify(uow, row, _who(call)))


@router.post(
    "/actions/{id}/reopen", operation="actions.verify", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def reopen_action(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reopens an action that was said or verified to be complete."""
    return await _step(call, id, "reopen", lambda uow, row: move_action.reopen(uow, row, why.reason))


@router.post(
    "/actions/{id}/cancel", operation="actions.write", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def cancel_action(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Cancels an action."""
    return await _step(call, id, "cancel", lambda uow, row: move_action.cancel(uow, row, why.reason))


@router.post(
    "/actions/{id}/change-due-date", operation="actions.write", response_model=ActionView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def change_due_date(id: RecordId, new: NewDueDate, call: Call) -> Response:  # noqa: A002
    """Gives an action another due date, never without a reason."""
    return await _step(
        call,
        id,
        "change_due_date",
        lambda uow, row: move_action.change_due_date(uow, row, new.due_date, new.reason),
    )


async def _step(
    call: RequestCall, id_: str, name: str, take: Callable[[UnitOfWork, Row], Awaitable[None]]
) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        row = await locked(uow.connection, actions, id_, _listed(call).where(COLUMNS.id == id_))
        if row is None:
            raise ProblemError("not_found")
        demanded(ACTION, row["state"], name, action_why_not(row, Asking(call).about(row)))
        await take(uow, row)
        return await _shown(call, uow, id_)

    return await call.command(ActionView, do, status=200)


def _who(call: RequestCall) -> str:
    return call.principal.person_id or call.principal.subject


def _listed(call: RequestCall) -> Select[tuple[object, ...]]:
    scope = call.reading.rows(DataClass.confidential)
    covered = row_predicate(scope, authority=COLUMNS.authority, school=COLUMNS.school_number)
    return showing(actions, call.valid_at, call.known_at, covered)


def _overdue(day: date) -> ColumnElement[bool]:
    return and_(COLUMNS.state.in_(sorted(CAN_BE_OVERDUE)), COLUMNS.due_date < day)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    query = call.with_references(_listed(call).where(COLUMNS.id == id_), "action", COLUMNS.id)
    row = await first(uow.connection, query)
    return None if row is None else shaped_action(Asking(call), row, call.language)


async def _shown(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/actions/{id}", ActionView, "action", "actions.read", _one)
