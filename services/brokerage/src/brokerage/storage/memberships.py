"""What rights turn on, as the registry's events tell it: lead advisers and members of consortia."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from brokerage.storage.tables import footprint_members, lead_advisers
from service_kit.auth.principal import Principal
from service_kit.policy.memberships import Memberships


async def keep_lead_adviser(
    connection: AsyncConnection,
    allocation_id: str,
    person_id: str,
    school: str,
    valid_from: date | None,
    valid_to: date | None,
) -> None:
    """Inserts or replaces one allocation."""
    values = {"person_id": person_id, "school": school, "valid": Range(valid_from, valid_to)}
    statement = insert(lead_advisers).values(allocation_id=allocation_id, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[lead_advisers.c.allocation_id], set_=values)
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
    schools: dict[str, frozenset[str]] = {}
    authorities: dict[str, frozenset[str]] = {}
    if principal.person_id is not None and "adviser" in principal.roles:
        rows = await connection.scalars(
            select(lead_advisers.c.school).where(
                lead_advisers.c.person_id == principal.person_id, lead_advisers.c.valid.contains(on)
            )
        )
        schools["adviser"] = frozenset(rows)
    for body in sorted({grant.body for grant in principal.grants if grant.body}):
        rows = await connection.scalars(
            select(footprint_members.c.authority).where(
                footprint_members.c.footprint == body, footprint_members.c.valid.contains(on)
            )
        )
        authorities[body] = frozenset(rows)
    return Memberships(schools=schools, authorities=authorities)
