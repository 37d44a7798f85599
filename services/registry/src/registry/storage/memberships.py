"""What rights turn on: whom a person leads or heads, and which authorities a footprint has, on a day.

The policy asks before row-level security is set, so the questions go through two functions of the database that run
as its owner and answer about one person or one footprint only (`migrations/0001_register.py`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.auth.principal import Principal
from service_kit.policy.memberships import Memberships

_ROLE_OF_POST: Final[Mapping[str, str]] = {
    "adviser": "adviser",
    "head_teacher": "head",
    "chair_of_governors": "chair_of_governors",
}
"""From the code of `roles_of_people` to the role of the policy that it gives."""

_SCHOOLS: Final = text("select post, school_number from schools_of_person(:person, :on)")
_MEMBERS: Final = text("select footprint, authority from members_of_footprints(:footprints, :on)").bindparams(
    bindparam("footprints")
)


async def memberships_of(connection: AsyncConnection, principal: Principal, on: date) -> Memberships:
    """The memberships of a caller on a day; no statement where its roles need none."""
    schools: dict[str, set[str]] = {}
    if principal.person_id is not None and principal.roles & set(_ROLE_OF_POST.values()):
        for post, school in await connection.execute(_SCHOOLS, {"person": principal.person_id, "on": on}):
            if role := _ROLE_OF_POST.get(post):
                schools.setdefault(role, set()).add(school)
    members: dict[str, set[str]] = {}
    footprints = sorted({grant.body for grant in principal.grants if grant.body})
    if footprints:
        for footprint, authority in await connection.execute(_MEMBERS, {"footprints": footprints, "on": on}):
            members.setdefault(footprint, set()).add(authority)
    return Memberships(
        {role: frozenset(numbers) for role, numbers in schools.items()},
        {footprint: frozenset(codes) for footprint, codes in members.items()},
    )
