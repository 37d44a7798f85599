"""The driver's own connection, for the few statements where the layer above it would cost more than the statement."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Table, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def raw_connection(engine: AsyncEngine) -> AsyncIterator[Any]:
    """A pooled asyncpg connection outside any transaction: each statement commits by itself.

    One on which anything failed, or that was cancelled, does not go back to the pool: the layer above knows nothing
    of a transaction that was begun below it, so the next user would write into it and commit nothing.
    """
    async with engine.connect() as connection:
        try:
            yield (await connection.get_raw_connection()).driver_connection
        except BaseException:
            await connection.invalidate()
            raise


@asynccontextmanager
async def given_back(connection: AsyncConnection) -> AsyncIterator[None]:
    """Tells the pool when the connection was lost: it would not notice what the layer above did not see fail."""
    try:
        yield
    except BaseException:
        if not connection.closed and not connection.invalidated:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            if driver.is_closed():
                await connection.invalidate()
        raise


async def driver_of(connection: AsyncConnection) -> Any:
    """The asyncpg connection inside the caller's transaction, which is begun where nothing was asked in it yet."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        await connection.exec_driver_sql("select")
    return driver


@dataclass(frozen=True, slots=True)
class Composed:
    """A Core statement as the driver takes it: `driver.fetch(*composed.with_(limit=5))`."""

    sql: str
    order: tuple[str, ...]
    """Names of the bound parameters by position."""
    constants: Mapping[str, Any]
    """Values that the statement itself brings."""

    @classmethod
    def of(cls, statement: ClauseElement) -> "Composed":
        """Composed once; what is bound without a value is asked for with every execution."""
        compiled: Any = statement.compile(dialect=_DIALECT)
        constants = {name: bound.value for name, bound in compiled.binds.items() if not bound.required}
        return cls(str(compiled), tuple(compiled.positiontup or ()), constants)

    def with_(self, **given: Any) -> tuple[Any, ...]:
        """The text and its arguments in order. Raises KeyError for a parameter without a value."""
        return (
            self.sql,
            *(given[name] if name in given else self.constants[name] for name in self.order),
        )


def appending(table: Table, names: Sequence[str]) -> Composed:
    """Appends rows, given as one list a column: any number of them is one statement with one text, prepared once.

    Ordered explicitly, because the order in which an identity is drawn is the order of the rows.
    """
    arrays = [bindparam(name, type_=ARRAY(table.c[name].type)) for name in names]
    rows = func.unnest(*arrays).table_valued(*names, with_ordinality="place", name="rows").render_derived()
    ordered = select(*(rows.c[name] for name in names)).order_by(rows.c.place)
    return Composed.of(insert(table).from_select(list(names), ordered, include_defaults=False))


def sql_of(statement: ClauseElement, parameters: tuple[str, ...]) -> str:
    """The text of a Core statement for asyncpg, whose bound parameters must come in exactly this order.

    Raises ValueError when they do not: positional parameters in another order would be a silent mix-up.
    """
    composed = Composed.of(statement)
    if composed.order != parameters:
        raise ValueError(f"parameters are {composed.order}, not {parameters}")
    return composed.sql
