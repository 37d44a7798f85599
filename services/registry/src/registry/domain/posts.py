"""Roles that people hold, at what they are held, and the posts whose holders a school's contacts name."""

from collections.abc import Mapping
from typing import Final

CONTACT_POSTS: Final = ("head_teacher", "chair_of_governors", "clerk")
"""Codes of `contracts.codes.ROLES_OF_PEOPLE` that a school's contacts may have."""

HELD_AT: Final[Mapping[str, str]] = {
    "head_teacher": "school",
    "chair_of_governors": "school",
    "clerk": "school",
    "lead_officer": "authority",
    "director_of_education": "authority",
}
"""At what a role must be held. Other roles may be held for the region, with the employer named."""

EMPLOYER_OF_LIAISON: Final[Mapping[str, frozenset[str]]] = {
    "senior_link_officer": frozenset({"senior_adviser", "adviser", "consortium_officer"}),
    "lead_officer": frozenset({"lead_officer", "director_of_education"}),
}
"""Which roles a person may hold to be designated a liaison of that kind (National Model, section on liaison)."""
