"""The change log as the projection reads it: whole, up to a position, whatever the caller may see of it.

A return counts every school of its organisation, so that the same position always gives the same figures; who may
read the return is decided where the return is read. The caller's own row-level security is put back at once.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
from sqlalchemy import any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from contracts.data_class import DataClass
from exchange.domain.facts import Ledger, fact_of
from exchange.storage.tables import changes, shared
from service_kit.policy.decide import Decision
from service_kit.policy.rls import EVERYTHING, RLS_SETTINGS, apply_settings, session_settings

_EVERYTHING = {**dict.fromkeys(RLS_SETTINGS, ""), EVERYTHING: ",".join(DataClass)}


@asynccontextmanager
async def unrestricted(connection: AsyncConnection, decision: Decision | None) -> AsyncIterator[None]:
    """No rows are hidden inside; afterwards `decision` holds again. None: the worker, from whom nothing is hidden."""
    if decision is None:
        yield
        return
    await connection.execute(apply_settings(_EVERYTHING))
    yield
    blank = dict.fromkeys(RLS_SETTINGS, "")
    await connection.execute(apply_settings(blank | dict(session_settings(decision))))


async def ledger(
    connection: AsyncConnection, decision: Decision | None, aggregates: Sequence[str], until: int
) -> Ledger:
    """What was told of these aggregates up to a position."""
    query = select(
        changes.c.position,
        changes.c.aggregate,
        changes.c.type,
        changes.c.key,
        changes.c.version,
        changes.c.data,
    ).where(
        changes.c.aggregate == any_(bindparam(None, list(aggregates), type_=ARRAY(Text))),
        changes.c.position <= until,
    )
    async with unrestricted(connection, decision):
        rows = (await connection.execute(query.order_by(changes.c.position))).all()
    return Ledger(
        fact_of(row.position, row.aggregate, row.type, row.key, row.version, orjson.loads(row.data))
        for row in rows
    )


async def is_registered(connection: AsyncConnection, decision: Decision | None, person_id: str) -> bool:
    """Whether the register has told of this person."""
    query = select(changes.c.position).where(
        changes.c.aggregate == "registry.person", changes.c.key == person_id
    )
    async with unrestricted(connection, decision):
        return (await connection.execute(query.limit(1))).first() is not None


async def parked_events(connection: AsyncConnection) -> int:
    """How many events the exchange could not take in."""
    return int(await connection.scalar(select(func.count()).select_from(shared.consumed.parked)) or 0)
