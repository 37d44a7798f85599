"""Connections to the service's own database, and how a transaction begins.

The first statement of every transaction tells Postgres who asks (`set_config(..., is_local => true)`), so that the
row-level policies hold for exactly this transaction and nothing leaks to the next user of a pooled connection.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from eventing.raw import given_back
from eventing.wakes import taken, wake
from service_kit.deadline import statement_settings
from service_kit.metrics import watch_pool
from service_kit.policy.rls import apply_settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Metadata with the names of constraints fixed, so that migrations and error mapping can rely on them."""
    return MetaData(naming_convention=NAMING)


class Database:
    """One role's pool of connections to one service's database.

    `wakes`, by the name of a table, are set after each commit of a transaction that added to it: in one process they
    spare its followers their sleep.
    """

    def __init__(self, url: str, *, pool_size: int = 4, application: str = "gwella") -> None:
        self.wakes: Mapping[str, asyncio.Event] = {}
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            pool_recycle=1800,
            # The text of an error names its statement, never the values: they are people's, and errors are logged.
            hide_parameters=True,
            connect_args={
                "server_settings": {
                    "application_name": application,
                    "jit": "off",
                    "idle_in_transaction_session_timeout": "30000",
                    "timezone": "UTC",
                }
            },
        )
        pool = self.engine.pool
        if isinstance(pool, QueuePool):
            watch_pool(pool, application)

    @asynccontextmanager
    async def transaction(
        self, settings: Mapping[str, str] | None = None, *, read_only: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits when its block ends and rolls back when the block raises.

        `settings`: of `policy.rls.session_settings`; None (worker and owner roles) sets none. `read_only` makes
        Postgres refuse every write. A request's deadline becomes the transaction's `statement_timeout`.
        """
        async with self.engine.connect() as connection:
            if read_only:
                # Said in BEGIN itself, so it costs no round trip; the pool takes it back with the connection.
                await connection.execution_options(postgresql_readonly=True)
            async with connection.begin(), given_back(connection):
                if settings is not None:
                    await apply_settings(connection, {**settings, **statement_settings()})
                taken(connection.info)  # of a transaction that was rolled back
                yield connection
            added = set() if read_only else taken(connection.info)
        wake(self.wakes, added)

    async def dispose(self) -> None:
        """Closes the pool."""
        await self.engine.dispose()
