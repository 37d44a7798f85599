"""Registers people and changes their details."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.events.registry import PersonDetailsChanged, PersonRegistered
from contracts.identifiers import new_id
from contracts.welsh import sort_key
from registry.domain.footprints import FOOTPRINTS
from registry.storage.showing import next_starts
from registry.storage.tables import people, schools
from registry.usecases.refusing import exists, refuse, unknown_authority
from service_kit.problems import Fault
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

DETAILS = ("authority", "school_number", "employer", "name", "email", "telephone", "language")
"""What is recorded of a person, beside the id."""


async def register_person(uow: UnitOfWork, details: Mapping[str, Any]) -> str:
    """Registers a person; gives the id. Raises 422 for an authority, school or employer that is not known."""
    await _check(uow, details)
    person_id = new_id()
    event = PersonRegistered(
        authority=details["authority"], school=details["school_number"], person_id=person_id
    )
    await uow.write(people, [_write(person_id, details, event, create=True)])
    return person_id


async def change_person(
    uow: UnitOfWork,
    held: Mapping[str, Any],
    details: Mapping[str, Any],
    valid_from: date,
    expected_version: int,
) -> None:
    """Changes a person's details from a day on; does nothing where none differs."""
    changed = tuple(name for name in DETAILS if held[name] != details[name])
    if not changed:
        return
    await _check(uow, details)
    later = await next_starts(uow.connection, people, [held["id"]], valid_from)
    event = PersonDetailsChanged(
        authority=details["authority"],
        school=details["school_number"],
        person_id=held["id"],
        valid_from=valid_from,
        valid_to=later.get(held["id"]),
        changed=changed,
    )
    write = _write(held["id"], details, event, expected_version=expected_version)
    await uow.write(people, [write])


async def _check(uow: UnitOfWork, details: Mapping[str, Any]) -> None:
    faults = await unknown_authority(uow, details["authority"])
    employer, number = details["employer"], details["school_number"]
    if employer not in FOOTPRINTS and (
        employer != details["authority"] and await unknown_authority(uow, employer)
    ):
        faults.append(Fault("/employer", "unknown_employer"))
    if number is not None and not await exists(uow, schools, number):
        faults.append(Fault("/school_number", "unknown_school", {"school": number}))
    refuse(*faults)


def _write(
    person_id: str,
    details: Mapping[str, Any],
    event: PersonRegistered | PersonDetailsChanged,
    *,
    create: bool = False,
    expected_version: int | None = None,
) -> Write:
    return Write(
        id=person_id,
        subject=f"/people/{person_id}",
        values={name: details[name] for name in DETAILS}
        | {"person_id": person_id, "name_sort": sort_key(details["name"])},
        event=event,
        valid_from=event.valid_from,
        valid_to=event.valid_to,
        create=create,
        expected_version=expected_version,
    )
