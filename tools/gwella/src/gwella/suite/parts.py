"""The parts that both ways of running need: the databases, their migrations, the services' indexes, the issuer."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gwella.exits import CommandError, Exit
from gwella.suite.instance import Instance
from gwella.suite.topology import Topology
from testkit.databases import DatabaseCommandError, ServiceDatabase
from testkit.postgres import PostgresError, PostgresServer, start_postgres

if TYPE_CHECKING:
    from gwella.suite.servers import LoopServer
    from service_kit.service import Service


def start_databases(
    instance: Instance, topology: Topology
) -> tuple[PostgresServer, dict[str, ServiceDatabase]]:
    """PostgreSQL of the data folder, and in it a database with three roles for each service that keeps data."""
    try:
        server = start_postgres(instance.folder / "postgres")
        databases = server.create_service_databases({plan.name: plan.name for plan in topology.with_database})
    except (PostgresError, DatabaseCommandError) as problem:
        raise CommandError(Exit.SERVER_FAILED, str(problem)) from problem
    return server, databases


def load_service(name: str) -> Service:
    """The index of a service, by the convention of every service package: `<name>.service.service`."""
    service: Service = importlib.import_module(f"{name}.service").service
    return service


async def migrate_all(topology: Topology, databases: Mapping[str, ServiceDatabase]) -> None:
    """Bring every database to its newest version; Python prepares one while PostgreSQL works on another."""
    from service_kit.migrations.upgrade import migrate

    await asyncio.gather(
        *(migrate(databases[plan.name].owner_url, load_service(plan.name)) for plan in topology.with_database)
    )


def issuer_server(url: str, data: Path) -> LoopServer:
    """The development issuer at `url`, which keeps its keys and its clients' secrets in the data folder."""
    import uvicorn

    from gwella.suite.servers import LoopServer
    from testkit.issuer import DevelopmentIssuer

    app = DevelopmentIssuer.open(data / "issuer", url).app()
    config = uvicorn.Config(
        app, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=5
    )
    return LoopServer(config)
