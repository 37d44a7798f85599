"""Posts at a school, and which roles of people are held at one."""

from typing import Final

CONTACT_POSTS: Final = ("head_teacher", "chair_of_governors", "clerk")
"""Codes of `contracts.codes.ROLES_OF_PEOPLE` that a school's contacts may have."""

HELD_AT_A_SCHOOL: Final = frozenset({"head_teacher", "chair_of_governors"})
"""Roles that are held at one school; every other role is held for an authority or a consortium."""
