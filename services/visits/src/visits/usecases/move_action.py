"""Moves an action: agreed, begun, claimed, verified, reopened, cancelled, another due date with its reason (D-09)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.events.visits import (
    ActionAgreed,
    ActionCancelled,
    ActionCompletionClaimed,
    ActionDueDateChanged,
    ActionFacts,
    ActionReopened,
    ActionStarted,
    ActionVerified,
)
from service_kit.problems import Fault, ProblemError
from service_kit.reading import values_of
from service_kit.unit_of_work import UnitOfWork
from visits.storage.tables import actions
from visits.usecases.propose_action import action_write

Row = Mapping[str, Any]


async def _move(uow: UnitOfWork, row: Row, kind: type[ActionFacts], **changed: Any) -> None:
    values = values_of(actions, row, **{"reason": None, **changed})
    await uow.write(actions, [action_write(row["id"], kind, values)])


async def agree(uow: UnitOfWork, row: Row) -> None:
    """The owner agrees."""
    await _move(uow, row, ActionAgreed, state="agreed", agreed_on=uow.clock.today())


async def start(uow: UnitOfWork, row: Row) -> None:
    """The owner begins."""
    await _move(uow, row, ActionStarted, state="in_progress")


async def claim(uow: UnitOfWork, row: Row, who: str) -> None:
    """The owner says that it is complete."""
    await _move(
        uow,
        row,
        ActionCompletionClaimed,
        state="claimed_complete",
        claimed_on=uow.clock.today(),
        claimed_by=who,
    )


async def verify(uow: UnitOfWork, row: Row, who: str) -> None:
    """Somebody else verifies that it is complete."""
    await _move(
        uow, row, ActionVerified, state="verified", verified_on=uow.clock.today(), verified_by=who,
        overdue_since=None,
    )  # fmt: skip


async def reopen(uow: UnitOfWork, row: Row, reason: str) -> None:
    """It is to be gone on with; what was claimed and verified no longer holds."""
    await _move(
        uow, row, ActionReopened, state="in_progress", claimed_on=None, claimed_by=None, verified_on=None,
        verified_by=None, reason=reason,
    )  # fmt: skip


async def cancel(uow: UnitOfWork, row: Row, reason: str) -> None:
    """It is no longer wanted."""
    await _move(uow, row, ActionCancelled, state="cancelled", reason=reason)


async def change_due_date(uow: UnitOfWork, row: Row, due_date: date, reason: str) -> None:
    """Gives it another due date, with a reason: never silently. Raises 422 for a day that has passed."""
    if due_date < uow.clock.today():
        raise ProblemError("validation_failed", errors=[Fault("/due_date", "day_has_passed")])
    values = values_of(actions, row, due_date=due_date, overdue_since=None, reason=reason)
    write = action_write(
        row["id"], ActionDueDateChanged, values, changed=("due_date",), previous_due_date=row["due_date"]
    )
    await uow.write(actions, [write])
