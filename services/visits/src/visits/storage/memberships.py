"""What rights turn on, as the registry's events tell it: posts at schools, and members of consortia."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.auth.principal import Principal
from service_kit.policy.memberships import Memberships
from visits.storage.tables import footprint_members, posts_at_schools

ROLE_OF_POST: Final[Mapping[str, str]] = {
    "adviser": "adviser",
    "head_teacher": "head",
    "chair_of_governors": "chair_of_governors",
}
"""From the code of `roles_of_people` to the role of the policy whose rights turn on the post."""


async def keep_post(
    connection: AsyncConnection, id_: str, post: str, person_id: str, school: str, days: Range[date]
) -> None:
    """Inserts or replaces one person's post at a school."""
    values = {"post": post, "person_id": person_id, "school": school, "valid": days}
    statement = insert(posts_at_schools).values(id=id_, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[posts_at_schools.c.id], set_=values)
    )


async def keep_footprint_member(
    connection: AsyncConnection,
    membership_id: str,
    footprint: str,
    authority: str,
    valid_from: date | None,
    valid_to: date | None,
) -> None:
    """Inserts or replaces one membership."""
    values = {"footprint": footprint, "authority": authority, "valid": Range(valid_from, valid_to)}
    statement = insert(footprint_members).values(membership_id=membership_id, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[footprint_members.c.membership_id], set_=values)
    )


async def memberships_of(connection: AsyncConnection, principal: Principal, on: date) -> Memberships:
    """What the policy needs to know of one caller on a day; no statement where its roles need nothing."""
    schools: dict[str, set[str]] = {}
    authorities: dict[str, frozenset[str]] = {}
    if principal.person_id is not None and principal.roles & set(ROLE_OF_POST.values()):
        columns = posts_at_schools.c
        query = select(columns.post, columns.school).where(
            columns.person_id == principal.person_id, columns.valid.contains(on)
        )
        for post, school in await connection.execute(query):
            schools.setdefault(ROLE_OF_POST[post], set()).add(school)
    for body in sorted({grant.body for grant in principal.grants if grant.body}):
        rows = await connection.scalars(
            select(footprint_members.c.authority).where(
                footprint_members.c.footprint == body, footprint_members.c.valid.contains(on)
            )
        )
        authorities[body] = frozenset(rows)
    return Memberships(
        schools={role: frozenset(numbers) for role, numbers in schools.items()}, authorities=authorities
    )
