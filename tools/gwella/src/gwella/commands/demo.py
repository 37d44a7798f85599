"""`gwella demo`: start the suite, load the real region, tell the story, and stay."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gwella.commands.up import AsJson, DataFolder
from gwella.exits import CommandError, Exit


def demo(
    data: DataFolder = Path(".gwella"),
    kafka: Annotated[
        bool, typer.Option("--kafka", help="On a real Apache Kafka, every service a process of its own.")
    ] = False,
    split: Annotated[
        bool, typer.Option("--split", help="With Kafka: one process per role of each service.")
    ] = False,
    port_offset: Annotated[int, typer.Option(min=0, max=50000, help="Added to every port.")] = 0,
    stay: Annotated[
        bool | None,
        typer.Option("--stay/--no-stay", help="Leave it running afterwards; by default on a terminal only."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the suite, load the real region and tell what it can do, as each kind of client, every figure checked.

    Without a terminal it stops after the story; the exit status is 0 only if every figure and refusal was as expected.
    """
    from gwella.story.chapters import BEGINS, tell, what_to_try
    from gwella.story.telling import Telling
    from gwella.suite.progress import Progress
    from gwella.suite.run import Options, run_suite
    from gwella.suite.sandbox_clock import moment_of

    console = Console(quiet=as_json)
    staying = sys.stdout.isatty() and not as_json if stay is None else stay
    telling = Telling(console)

    def after_ready(state: dict[str, Any]) -> Exit | None:
        tell(telling, state)
        if staying:
            what_to_try(telling, state)
            return None
        return Exit.OK

    options = Options(
        data=data, port_offset=port_offset, kafka=kafka or split, split=split, starts_at=moment_of(BEGINS)
    )
    outcome = run_suite(options, Progress(console, quiet=as_json, documents=False), after_ready)
    if as_json:
        print(json.dumps(telling.as_json(), default=str))
    if outcome is Exit.INTERRUPTED:
        raise CommandError(Exit.INTERRUPTED, "interrupted before the suite was ready; everything was stopped")
    raise typer.Exit(int(Exit.FAILED if telling.failed else outcome))
