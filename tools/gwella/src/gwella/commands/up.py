"""`gwella up`: start the suite on this machine and keep it running until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gwella.exits import CommandError, Exit

DataFolder = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Folder that keeps everything: databases, keys, logs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output instead of text.")]


def up(
    data: DataFolder = Path(".gwella"),
    kafka: Annotated[
        bool,
        typer.Option("--kafka", help="Real Apache Kafka on one node; every service a process of its own."),
    ] = False,
    split: Annotated[
        bool,
        typer.Option(
            "--split", help="With Kafka: one process per role (api, relay, consumer) of each service."
        ),
    ] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for every interface.")
    ] = "127.0.0.1",
    port_offset: Annotated[
        int,
        typer.Option(min=0, max=50000, help="Added to every port, to run a second suite beside the first."),
    ] = 0,
    clock: Annotated[
        str | None,
        typer.Option(help="Where a new folder's clock begins: a day or a moment in Wales; see gwella clock."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the whole suite on this machine and keep it running until Ctrl-C.

    By default everything runs in [bold]one process[/bold] with PostgreSQL from its wheel: nothing else is needed.
    The data stay in the folder; start again and it continues, also after a kill -9.

    With [bold]--json[/bold] one document says when it is ready and where everything answers.
    """
    from gwella.suite.progress import Progress
    from gwella.suite.run import Options, run_suite
    from gwella.suite.sandbox_clock import moment_of

    starts_at = None if clock is None else moment_of(clock)
    options = Options(
        data=data, host=host, port_offset=port_offset, kafka=kafka or split, split=split, starts_at=starts_at
    )
    outcome = run_suite(options, Progress(Console(), quiet=as_json))
    if outcome is Exit.INTERRUPTED:
        raise CommandError(Exit.INTERRUPTED, "interrupted before the suite was ready; everything was stopped")
    raise typer.Exit(int(outcome))
