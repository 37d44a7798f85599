"""From a planned visit to an assured draft: rescheduled, cancelled, held, drafted, quality assured, shared."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from contracts.events.visits import (
    VisitCancelled,
    VisitDetailsChanged,
    VisitDrafted,
    VisitDraftShared,
    VisitHeld,
    VisitQualityAssured,
    VisitRescheduled,
)
from contracts.school_year import school_year_of
from contracts.working_days import WORKING_DAYS, YearNotListedError
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.reading import values_of
from service_kit.unit_of_work import UnitOfWork
from visits.domain.visits import EDITABLE, documents_due, reply_due
from visits.storage.conventions import cycles
from visits.storage.tables import visits
from visits.usecases.refusing import days_not_listed, refuse_closed, refuse_future
from visits.usecases.visit_writes import move, visit_write

Row = Mapping[str, Any]


async def reschedule(uow: UnitOfWork, row: Row, school: KnownSchool, day: date, reason: str) -> None:
    """Gives a planned visit another day. Raises 409 for a closed school."""
    refuse_closed(school, day)
    await move(uow, row, VisitRescheduled, planned_for=day, school_year=school_year_of(day), reason=reason)


async def cancel(uow: UnitOfWork, row: Row, reason: str) -> None:
    """Cancels a planned visit."""
    await move(uow, row, VisitCancelled, state="cancelled", reason=reason)


async def hold(uow: UnitOfWork, row: Row, school: KnownSchool, held_on: date, met: Sequence[str]) -> None:
    """Records that a visit took place, and when its documents are due by the regime.

    Raises 422 for a day in the future, 409 for a school that was closed.
    """
    refuse_future(uow, held_on, "/held_on")
    refuse_closed(school, held_on)
    try:
        draft_due, final_due = documents_due(held_on, cycles()[row["regime"]].timeliness, WORKING_DAYS)
    except YearNotListedError as error:
        raise days_not_listed(error) from error
    await move(
        uow, row, VisitHeld, state="held", held_on=held_on, school_year=school_year_of(held_on), met=list(met),
        draft_due=draft_due, final_due=final_due,
    )  # fmt: skip


async def draft(uow: UnitOfWork, row: Row, who: str, summary: str | None) -> None:
    """Completes the draft; whoever does is its author. Raises 422 without any text."""
    if not (summary or row["summary"]):
        raise ProblemError("validation_failed", errors=[Fault("/summary", "missing")])
    await move(uow, row, VisitDrafted, state="drafted", summary=summary or row["summary"], author=who)


async def assure(uow: UnitOfWork, row: Row, who: str) -> None:
    """Assures the quality of a draft that somebody else wrote."""
    await move(uow, row, VisitQualityAssured, state="quality_assured", assured_by=who)


async def share(uow: UnitOfWork, row: Row) -> None:
    """Shows the draft to the school and gives it until `reply_due`."""
    today = uow.clock.today()
    try:
        due = reply_due(today, cycles()[row["regime"]].timeliness, WORKING_DAYS)
    except YearNotListedError as error:
        raise days_not_listed(error) from error
    await move(
        uow, row, VisitDraftShared, state="shared", shared_on=today, reply_due=due,
        draft_in_time=today <= row["draft_due"],
    )  # fmt: skip


async def change_text(uow: UnitOfWork, row: Row, changes: Mapping[str, Any], expected_version: int) -> None:
    """Changes the text of a visit. Raises 409 `visit_not_editable` where its state does not allow it."""
    if row["state"] not in EDITABLE:
        raise ProblemError("visit_not_editable", extra={"state": row["state"]})
    values = values_of(visits, row, **changes)
    changed = tuple(name for name in changes if row[name] != values[name])
    if changed:
        write = visit_write(
            row["id"], VisitDetailsChanged, values, changed=changed, expected_version=expected_version
        )
        await uow.write(visits, [write])
