"""How a list differs from the register as of the list's date: what applying it would add and change.

A school of the register that the list does not name is reported, never closed: closing is an act of its own. Only the
parts that the list covers are compared, so a list of maintained schools says nothing about independent ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from registry.domain.address_list import AddressList, ListedSchool, Part

LISTED_FIELDS: Final = (
    "name", "sector", "governance", "school_type", "language_category", "religious_character", "address", "postcode",
    "phone", "pupils",
)  # fmt: skip
"""The fields of a school that a list states, as the register names them."""

_PART_OF_SECTOR: Final[Mapping[str, Part]] = {"independent": Part.independent, "pru": Part.pru}


def part_of_sector(sector: str) -> Part:
    """The part of the list in which a school of this sector stands."""
    return _PART_OF_SECTOR.get(sector, Part.maintained)


@dataclass(frozen=True, slots=True)
class RegisteredSchool:
    """A school as the register has it on the list's date. `version` is the record's, whatever days it changed for."""

    listed: ListedSchool
    status: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class ChangedSchool:
    """A school whose facts differ. `fields` in the order of LISTED_FIELDS."""

    before: RegisteredSchool
    after: ListedSchool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """What a list would do to the register, each part in the order of school numbers."""

    added: tuple[ListedSchool, ...]
    changed: tuple[ChangedSchool, ...]
    unchanged: int
    missing: tuple[RegisteredSchool, ...]
    closed: tuple[RegisteredSchool, ...]
    """Schools that the list names although the register says that they are closed: reported, not reopened."""

    @property
    def empty(self) -> bool:
        """Whether applying the list would change nothing."""
        return not self.added and not self.changed


def compare(listed: AddressList, register: Mapping[str, RegisteredSchool]) -> Differences:
    """Compares a list with the schools of the register by their number."""
    schools = {school.school_number: school for school in listed.schools}
    added, changed, closed = [], [], []
    for number in sorted(schools):
        school, held = schools[number], register.get(number)
        if held is None:
            added.append(school)
        elif held.status == "closed":
            closed.append(held)
        elif fields := differing_fields(held.listed, school):
            changed.append(ChangedSchool(held, school, fields))
    missing = [
        register[number]
        for number in sorted(register.keys() - schools.keys())
        if register[number].status == "open"
        and part_of_sector(register[number].listed.sector) in listed.parts
    ]
    unchanged = len(schools) - len(added) - len(changed) - len(closed)
    return Differences(tuple(added), tuple(changed), unchanged, tuple(missing), tuple(closed))


def differing_fields(before: ListedSchool, after: ListedSchool) -> tuple[str, ...]:
    """The fields in which two statements about one school differ."""
    return tuple(name for name in LISTED_FIELDS if getattr(before, name) != getattr(after, name))
