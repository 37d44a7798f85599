"""`gwella migrate`: bring every database of a data folder to the newest version, without starting the suite."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer
from rich.console import Console

from gwella.commands.up import AsJson, DataFolder


def migrate(data: DataFolder = Path(".gwella"), as_json: AsJson = False) -> None:
    """Bring the databases of a data folder to the newest version, without starting the suite.

    [bold]gwella up[/bold] does the same each time it starts; this is for trying a migration by itself. In
    production the role [bold]migrate[/bold] of each service's image does it.
    """
    from gwella.suite.instance import claim
    from gwella.suite.parts import migrate_all, start_databases
    from gwella.suite.progress import Progress
    from gwella.suite.topology import read_topology

    progress = Progress(Console(), quiet=as_json)
    topology = read_topology()
    with claim(data) as instance:
        with progress.step("PostgreSQL") as step:
            server, databases = start_databases(instance, topology)
            step.note = f"127.0.0.1:{server.port}"
        try:
            with progress.step("migrations") as step:
                asyncio.run(migrate_all(topology, databases))
                step.note = ", ".join(databases)
        finally:
            server.stop()
    progress.document({"migrated": sorted(databases), "seconds": progress.seconds})
    raise typer.Exit(0)
