"""The change log as the projection reads it: whole, up to a position, whatever the caller may see of it.

A return counts every school of its organisation, so that the same position always gives the same figures; who may
read the return is decided where the return is read. The caller's own row-level security is put back at once.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from sys import intern
from typing import Any, Final

import orjson
from sqlalchemy import Row, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from contracts.data_class import DataClass
from exchange.domain.facts import Fact, Ledger, fact_of
from exchange.storage.tables import changes, shared
from service_kit.clock import WALES
from service_kit.policy.decide import Decision
from service_kit.policy.rls import EVERYTHING, RLS_SETTINGS, apply_settings, session_settings

_BATCH: Final = 500
_EVERYTHING = {**dict.fromkeys(RLS_SETTINGS, ""), EVERYTHING: ",".join(DataClass)}


@asynccontextmanager
async def unrestricted(connection: AsyncConnection, decision: Decision | None) -> AsyncIterator[None]:
    """No rows are hidden inside; afterwards `decision` holds again. None: the worker, from whom nothing is hidden."""
    if decision is None:
        yield
        return
    await apply_settings(connection, _EVERYTHING)
    yield
    blank = dict.fromkeys(RLS_SETTINGS, "")
    await apply_settings(connection, blank | dict(session_settings(decision)))


async def ledger(
    connection: AsyncConnection,
    decision: Decision | None,
    reads: Mapping[str, Collection[str]],
    until: int,
    authorities: Collection[str] | None = None,
) -> Ledger:
    """What was told of these aggregates up to a position: of each event the fields named, and nothing else is kept.

    `authorities`: only records that were ever theirs, with all that was told of these, and records that are nobody's;
    None: everybody's. Rows come from a cursor in batches, so that no more than what is kept is ever in memory.
    """
    query = select(
        changes.c.position,
        changes.c.aggregate,
        changes.c.type,
        changes.c.key,
        changes.c.version,
        changes.c.time,
        changes.c.data,
    ).where(
        changes.c.aggregate == any_(bindparam(None, sorted(reads), type_=ARRAY(Text))),
        changes.c.position <= until,
    )
    if authorities is not None:
        theirs = select(changes.c.key).where(
            changes.c.authority == any_(bindparam(None, sorted(authorities), type_=ARRAY(Text))),
            changes.c.position <= until,
        )
        query = query.where(or_(changes.c.authority.is_(None), changes.c.key.in_(theirs)))
    facts: list[Fact] = []
    fields = {aggregate: frozenset(names) for aggregate, names in reads.items()}
    async with unrestricted(connection, decision):
        rows = await connection.stream(
            query.order_by(changes.c.position), execution_options={"yield_per": _BATCH}
        )
        async for batch in rows.partitions():
            facts += [_fact(row, fields[row.aggregate]) for row in batch]
            # Between two batches other requests have their turn.
            await asyncio.sleep(0)
    return Ledger(facts)


def _fact(row: Row[*tuple[Any, ...]], fields: frozenset[str]) -> Fact:
    told: dict[str, Any] = orjson.loads(row.data)
    kept = {intern(name): _shared(value) for name, value in told.items() if name in fields}
    on = row.time.astimezone(WALES).date()
    return fact_of(row.position, intern(row.aggregate), row.type, intern(row.key), row.version, kept, on)


def _shared(value: Any) -> Any:
    """Codes, days and ids recur from event to event: one copy of each is enough."""
    return intern(value) if isinstance(value, str) else value


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
