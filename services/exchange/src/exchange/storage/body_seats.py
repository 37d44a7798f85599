"""Who sits in which body, as governance tells it: rights by body follow it, beside those by posts and footprints."""

from datetime import date

from sqlalchemy import Boolean, Column, Table, Text, select
from sqlalchemy.dialects.postgresql import DATERANGE, Range, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.data_class import DataClass
from contracts.events.governance import MemberFacts
from exchange.storage.tables import RIGHTS, metadata
from service_kit.auth.principal import Principal
from service_kit.policy.memberships import Memberships, in_bodies
from service_kit.policy.rls import protect

body_seats = Table(
    "body_seats",
    metadata,
    Column("member_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("person_id", Text, nullable=False, index=True),
    Column("clerk", Boolean, nullable=False),
    Column("sees_exempt", Boolean, nullable=False),
    Column("valid", DATERANGE, nullable=False),
)
protect(body_seats, DataClass.internal, person="person_id", body="body")

_CLERK = "clerk"
_SEATED = frozenset({_CLERK, "body_member", "managing_director"})
"""Roles whose rights by body turn on a seat."""


async def keep_seat(connection: AsyncConnection, member_id: str, event: MemberFacts) -> None:
    """Inserts or replaces one membership: an event tells all of its days."""
    values = {
        "body": event.body_id,
        "person_id": event.person_id,
        "clerk": event.seat == _CLERK,
        "sees_exempt": event.sees_exempt,
        "valid": Range(event.valid_from, event.valid_to),
    }
    statement = insert(body_seats).values(member_id=member_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=values))


async def memberships_of(connection: AsyncConnection, principal: Principal, on: date) -> Memberships:
    """What the policy needs to know of one caller on a day; no statement where its roles need nothing."""
    known = await RIGHTS.memberships_of(connection, principal, on)
    if principal.person_id is None or not principal.roles & _SEATED:
        return known
    columns = body_seats.c
    query = select(columns.body, columns.clerk, columns.sees_exempt).where(
        columns.person_id == principal.person_id, columns.valid.contains(on)
    )
    return in_bodies(known, [tuple(row) for row in await connection.execute(query)])
