"""Assigns dated roles to people, and ends them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.events.registry import RoleAssigned, RoleEnded
from contracts.identifiers import new_id
from registry.domain.posts import HELD_AT_A_SCHOOL
from registry.storage.tables import role_assignments, schools
from registry.usecases.refusing import exists, refuse, unknown_authority, unknown_person
from service_kit.problems import Fault
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork


async def assign_role(
    uow: UnitOfWork, facts: Mapping[str, Any], valid_from: date, valid_to: date | None
) -> str:
    """Assigns a role; gives the id of the assignment.

    Raises 422 for an unknown person, authority or school, and for a head or chair of governors without a school.
    """
    faults = await unknown_person(uow, facts["person_id"]) + await unknown_authority(uow, facts["authority"])
    number = facts["school_number"]
    if number is not None and not await exists(uow, schools, number):
        faults.append(Fault("/school_number", "unknown_school", {"school": number}))
    if number is None and facts["role"] in HELD_AT_A_SCHOOL:
        faults.append(Fault("/school_number", "role_needs_school"))
    refuse(*faults)
    assignment_id = new_id()
    event = RoleAssigned(**_event_values(facts), valid_from=valid_from, valid_to=valid_to, changed=("role",))
    await uow.write(role_assignments, [_write(assignment_id, facts, event, create=True)])
    return assignment_id


async def end_role(
    uow: UnitOfWork, held: Mapping[str, Any], valid_to: date | None, expected_version: int
) -> None:
    """Sets or moves the day from which a role is no longer held."""
    if held["valid_to"] == valid_to:
        return
    event = RoleEnded(
        **_event_values(held), valid_from=held["valid_from"], valid_to=valid_to, changed=("valid_to",)
    )
    write = _write(held["id"], held, event, expected_version=expected_version)
    await uow.write(role_assignments, [write])


def _event_values(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "authority": facts["authority"],
        "school": facts["school_number"],
        "person_id": facts["person_id"],
        "role": facts["role"],
        "employer": facts["employer"],
    }


def _write(
    assignment_id: str,
    facts: Mapping[str, Any],
    event: RoleAssigned | RoleEnded,
    *,
    create: bool = False,
    expected_version: int | None = None,
) -> Write:
    return Write(
        id=assignment_id,
        subject=f"/role-assignments/{assignment_id}",
        values={name: facts[name] for name in role_assignments.own},
        event=event,
        valid_from=event.valid_from,
        valid_to=event.valid_to,
        create=create,
        expected_version=expected_version,
        alone=True,
    )
