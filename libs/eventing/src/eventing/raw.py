"""The driver's own connection, for the few statements where the layer above it would cost more than the statement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def raw_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    """A pooled asyncpg connection outside any transaction: each statement commits by itself."""
    async with engine.connect() as connection:
        yield (await connection.get_raw_connection()).driver_connection


def sql_of(statement: ClauseElement, parameters: tuple[str, ...]) -> str:
    """The text of a Core statement for asyncpg, whose bound parameters must come in exactly this order.

    Raises ValueError when they do not: positional parameters in another order would be a silent mix-up.
    """
    compiled = statement.compile(dialect=_DIALECT)
    if tuple(compiled.positiontup or ()) != parameters:  # type: ignore[attr-defined]
        raise ValueError(f"parameters are {compiled.positiontup}, not {parameters}")  # type: ignore[attr-defined]
    return str(compiled)
