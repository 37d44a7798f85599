"""Allocates lead advisers to schools, and ends allocations: at most one per school and day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from contracts.events.registry import AdviserAllocated, AdviserAllocationEnded
from contracts.identifiers import new_id
from registry.domain.advisers import Allocation, in_scope, overlapping
from registry.domain.day_range import DayRange
from registry.storage.advisers import allocations_of, scope_of_school
from registry.storage.tables import adviser_allocations
from registry.usecases.refusing import refuse, school_on, unknown_person
from service_kit.problems import ProblemError
from service_kit.records import Write
from service_kit.refusals import sqlstate
from service_kit.unit_of_work import UnitOfWork

_EXCLUDED = "23P01"


async def allocate_adviser(
    uow: UnitOfWork, school_number: str, person_id: str, valid_from: date, valid_to: date | None
) -> str:
    """Makes a person the lead adviser of a school for some days; gives the id of the allocation.

    Raises 422 for an unknown person or school, 409 `school_needs_no_adviser` for a school out of scope on the first
    day (flows §2), and 409 `lead_adviser_overlap` naming the allocations that stand in the way.
    """
    refuse(*await unknown_person(uow, person_id))
    authority = await school_on(uow, school_number, valid_from)
    facts, regimes = await scope_of_school(uow.connection, school_number, valid_from)
    if not any(valid_from in days for fact in facts for days in in_scope(fact, regimes)):
        raise ProblemError("school_needs_no_adviser", {"school": school_number})
    wanted = Allocation(new_id(), school_number, person_id, DayRange(valid_from, valid_to))
    values = {"school_number": school_number, "authority": authority, "person_id": person_id}
    event = AdviserAllocated(
        **_event_values(values), valid_from=valid_from, valid_to=valid_to, changed=("person_id",)
    )
    await _write(uow, wanted, values, event, create=True)
    return wanted.id


async def end_allocation(
    uow: UnitOfWork, held: Mapping[str, Any], valid_to: date | None, expected_version: int
) -> None:
    """Sets or moves the day from which an allocation no longer holds (None: it stays open)."""
    if held["valid_to"] == valid_to:
        return
    wanted = Allocation(
        held["id"], held["school_number"], held["person_id"], DayRange(held["valid_from"], valid_to)
    )
    values = {name: held[name] for name in adviser_allocations.own}
    event = AdviserAllocationEnded(
        **_event_values(values), valid_from=held["valid_from"], valid_to=valid_to, changed=("valid_to",)
    )
    await _write(uow, wanted, values, event, expected_version=expected_version)


def _event_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "authority": values["authority"],
        "school": values["school_number"],
        "school_number": values["school_number"],
        "person_id": values["person_id"],
    }


async def _write(
    uow: UnitOfWork,
    wanted: Allocation,
    values: Mapping[str, Any],
    event: AdviserAllocated | AdviserAllocationEnded,
    *,
    create: bool = False,
    expected_version: int | None = None,
) -> None:
    write = Write(
        id=wanted.id,
        subject=f"/adviser-allocations/{wanted.id}",
        values=values,
        event=event,
        valid_from=wanted.days.start,
        valid_to=wanted.days.end,
        create=create,
        expected_version=expected_version,
        alone=True,
    )
    # What can be named is refused by name; the constraint decides between two who ask in the same moment.
    taken = overlapping(wanted, await allocations_of(uow.connection, wanted.school_number, wanted.days))
    if taken:
        raise _overlap(wanted.school_number, taken)
    try:
        await uow.write(adviser_allocations, [write])
    except IntegrityError as error:
        if sqlstate(error) == _EXCLUDED:
            raise _overlap(wanted.school_number, []) from error
        raise


def _overlap(school_number: str, taken: list[Allocation]) -> ProblemError:
    existing = [
        {
            "id": allocation.id,
            "valid_from": allocation.days.start.isoformat() if allocation.days.start else None,
            "valid_to": allocation.days.end.isoformat() if allocation.days.end else None,
        }
        for allocation in taken
    ]
    return ProblemError("lead_adviser_overlap", {"school": school_number}, extra={"existing": existing})
