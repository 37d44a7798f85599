"""Who sits where: what rights by body turn on, and which steps a caller may take in a body."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from governance.domain.constitutions import CLERK, Member
from governance.storage.tables import members
from service_kit.auth.principal import Principal
from service_kit.policy.memberships import NO_MEMBERSHIPS, Memberships, in_bodies
from service_kit.reading import Row, rows
from service_kit.records import as_of


@dataclass(frozen=True, slots=True)
class HeldSeat:
    """One seat of the caller on the day."""

    body_id: str
    seat: str
    office: str | None
    sees_exempt: bool


async def seats_of(connection: AsyncConnection, person_id: str | None, on: date) -> Sequence[HeldSeat]:
    """The seats that a person holds on a day; no statement where the caller is no person."""
    if person_id is None:
        return ()
    columns = members.slices.c
    query = select(columns.body_id, columns.seat, columns.office, columns.sees_exempt).where(
        columns.person_id == person_id, as_of(members, on, None)
    )
    return [HeldSeat(*row) for row in await connection.execute(query)]


async def memberships_of(connection: AsyncConnection, principal: Principal, on: date) -> Memberships:
    """The bodies of a person by role: as clerk where it sits as clerk, as a member everywhere else."""
    seats = await seats_of(connection, principal.person_id, on)
    held = ((seat.body_id, seat.seat == CLERK, seat.sees_exempt) for seat in seats)
    return in_bodies(NO_MEMBERSHIPS, held)


async def members_on(connection: AsyncConnection, body_id: str, on: date) -> list[Row]:
    """The members of a body on a day, as known now."""
    columns = members.slices.c
    query = select(members.slices, func.lower(columns.valid).label("valid_from")).where(
        columns.body_id == body_id, as_of(members, on, None)
    )
    return await rows(connection, query.order_by(columns.id))


def member_of(row: Row) -> Member:
    """A member as the rules see it."""
    return Member(
        row["id"], row["seat"], row["voting"], row["represents"], row["office"], row["serving_head"]
    )
