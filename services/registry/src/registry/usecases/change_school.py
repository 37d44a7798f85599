"""Registers schools and changes their details, one or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from contracts.events.registry import SchoolDetailsChanged, SchoolFacts, SchoolRegistered
from registry.storage.schools import derived
from registry.storage.showing import next_starts
from registry.storage.tables import schools
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

FACTS: Final = (
    "school_number", "authority", "name", "status", "sector", "governance", "school_type", "language_category",
    "religious_character", "address", "postcode", "phone", "pupils",
)  # fmt: skip
"""The public facts of a school, carried by its events."""


@dataclass(frozen=True, slots=True)
class SchoolChange:
    """New facts of a school from a day on. `create`: the school is new to the register.

    `happened` is the event that tells of it, `lineage` what that carries beside the facts.
    """

    facts: Mapping[str, Any]
    valid_from: date
    valid_to: date | None = None
    changed: tuple[str, ...] = ()
    expected_version: int | None = None
    happened: type[SchoolFacts] = SchoolDetailsChanged
    lineage: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    create: bool = False


def school_write(change: SchoolChange) -> Write:
    """The write of one school with its event."""
    facts = change.facts
    number = facts["school_number"]
    return Write(
        id=number,
        subject=f"/schools/{number}",
        values={name: facts[name] for name in FACTS} | {"address": list(facts["address"])} | derived(facts),
        event=change.happened(
            **{name: facts[name] for name in FACTS if name != "address"},
            address=tuple(facts["address"]),
            school=number,
            valid_from=change.valid_from,
            valid_to=change.valid_to,
            changed=change.changed,
            **change.lineage,
        ),
        valid_from=change.valid_from,
        valid_to=change.valid_to,
        create=change.create,
        expected_version=change.expected_version,
    )


def new_school(facts: Mapping[str, Any], valid_from: date, valid_to: date | None = None) -> SchoolChange:
    """A school that enters the register."""
    return SchoolChange(facts, valid_from, valid_to, happened=SchoolRegistered, create=True)


async def write_schools(uow: UnitOfWork, changes: Sequence[SchoolChange]) -> None:
    """Writes many schools with a fixed number of statements."""
    await uow.write(schools, [school_write(change) for change in changes])


async def change_school(
    uow: UnitOfWork,
    held: Mapping[str, Any],
    facts: Mapping[str, Any],
    valid_from: date,
    expected_version: int,
) -> None:
    """Changes details of one school from a day on, up to the day from which something else is known already.

    Does nothing where no fact differs, so that a repeated change raises no version.
    """
    changed = tuple(name for name in FACTS if _comparable(held[name]) != _comparable(facts[name]))
    if not changed:
        return
    later = await next_starts(uow.connection, schools, [held["id"]], valid_from)
    change = SchoolChange(facts, valid_from, later.get(held["id"]), changed, expected_version)
    await write_schools(uow, [change])


def _comparable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
