"""A school goes to another authority: it goes on under a number of that authority, and its old number is closed.

A change of authority always re-keys, because a number begins with its authority's code (flows, section 2).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from registry.domain.school_number import authority_of

REASON: Final = "change_of_authority"
"""Why a school's records changed hands, as its events say."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A school belongs to another authority, under another number, from a day on."""

    school_number: str
    old_authority: str
    new_number: str
    authority: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a transfer is refused, and by which member of the request."""

    pointer: str
    code: str


def objections(wanted: Transfer, today: date, *, number_in_use: bool) -> list[Objection]:
    """Everything against a transfer of a school that may be closed under its old number; empty where there is nothing.

    A day that lies ahead is refused: rights move on the day itself, so it is recorded then. `number_in_use`: the
    register has a school of the new number, open or closed, on whatever day.
    """
    found = []
    if wanted.authority == wanted.old_authority:
        found.append(Objection("/authority", "transfer_within_authority"))
    if authority_of(wanted.new_number) != wanted.authority:
        found.append(Objection("/new_number", "number_of_other_authority"))
    if number_in_use:
        found.append(Objection("/new_number", "number_in_use"))
    if wanted.valid_from > today:
        found.append(Objection("/valid_from", "transfer_lies_ahead"))
    return found
