"""`gwella clock`: what the clock of the running sandbox shows, and setting it forward."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gwella.commands.up import AsJson, DataFolder
from gwella.exits import CommandError, Exit


def clock(
    moment: Annotated[
        str | None,
        typer.Argument(help="A day (eight in the morning) or a moment, in Welsh time; none: show the clock."),
    ] = None,
    data: DataFolder = Path(".gwella"),
    as_json: AsJson = False,
) -> None:
    """Show or set the clock of the running suite: what a deadline, a lapse or a half-term's end does, without waiting.

    gwella clock 2020-01-20

    It goes forward only, because records are known in the order in which they were written; a folder that is to begin
    in the past is started with [bold]gwella up --clock DAY[/bold]. Tokens, leases and stored answers keep to the
    machine's time. Only a sandbox has such a clock: no deployment sets it.
    """
    from gwella.suite.instance import running_suite
    from gwella.suite.sandbox_clock import clock_file, moment_of, move_forward, shown

    folder = Path(running_suite(data)["data"])
    if moment is not None:
        wanted = moment_of(moment)
        if not clock_file(folder).exists() and wanted < shown(folder):
            raise _backwards(folder, wanted.isoformat())
        if not move_forward(folder, wanted) and shown(folder).date() != wanted.date():
            raise _backwards(folder, wanted.isoformat())
    now = shown(folder)
    if as_json:
        print(json.dumps({"now": now.isoformat(timespec="seconds"), "today": now.date().isoformat()}))
    else:
        Console().print(f"{now:%Y-%m-%d %H:%M:%S} in Wales", highlight=False)


def _backwards(folder: Path, wanted: str) -> CommandError:
    from gwella.suite.sandbox_clock import shown

    now = shown(folder).isoformat(timespec="seconds")
    return CommandError(
        Exit.REFUSED,
        f"the clock shows {now} and does not go back to {wanted}",
        hint="begin in the past with a new folder: gwella up --data OTHER --clock DAY",
        details={"now": now},
    )
