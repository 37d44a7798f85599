"""Runs the migrations of one service's database. The only module that imports Alembic."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from service_kit.migrations.admitting import admit
from service_kit.migrations.security import secure

if TYPE_CHECKING:
    from service_kit.service import Service

ENVIRONMENT = Path(__file__).parent / "environment"
_ONE_AT_A_TIME = asyncio.Lock()
"""Alembic keeps its context in a process-wide proxy: two upgrades in one loop would mix."""


async def migrate(owner_url: str, service: "Service") -> None:
    """Brings a database to the newest version of all lines, in one transaction; a second runner waits for the first.

    Ends with the policies and privileges that the tables declare. Raises DBAPIError when a lock is not had within
    five seconds: then nothing was changed, and running again is safe. Does nothing for a service without data.
    """
    if service.metadata is None or service.foundation is None:
        return
    engine = create_async_engine(owner_url, pool_size=1, max_overflow=0)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("set local lock_timeout = '60s'"))
            await connection.execute(text("select pg_advisory_xact_lock(hashtext('gwella.migrate'))"))
            await connection.execute(text("set local lock_timeout = '5s'"))
            await connection.run_sync(admit, service.name)
            async with _ONE_AT_A_TIME:
                await connection.run_sync(_upgrade, service.version_folders)
            await connection.run_sync(
                secure, service.name, service.metadata, service.foundation, service.logs
            )
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, folders: Sequence[Path]) -> None:
    command.upgrade(configuration(folders, connection), "heads")


def configuration(folders: Sequence[Path], connection: Connection | None = None) -> Config:
    """Alembic's configuration for these version folders."""
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", ":".join(str(folder) for folder in folders))
    config.attributes["connection"] = connection
    return config
