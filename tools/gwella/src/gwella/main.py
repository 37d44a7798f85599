"""`gwella`: the command line of the suite. This file is the index; every command is a file under `commands/`."""

from __future__ import annotations

import json
import sys

import typer
from rich.console import Console
from rich.markup import escape

from gwella.commands import (
    audit,
    bench,
    clock,
    contracts,
    demo,
    migrate,
    new,
    parked,
    replay,
    secrets,
    token,
    up,
)
from gwella.exits import CommandError, table

_RUN = "Run the suite"
_BUILD = "Build the suite"

app = typer.Typer(
    name="gwella",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run and look after the Gwella suite: school improvement for a region of Wales.\n\n"
    "New here? [bold]gwella up[/bold] starts everything on this machine (nothing but Python is needed), says where "
    "it answers, and [bold]gwella token[/bold] in a second terminal gives you a token to call it with.",
    epilog="[bold]Exit status[/bold]\n\n" + table().replace("\n", "\n\n"),
)

app.command("up", rich_help_panel=_RUN)(up.up)
app.command("demo", rich_help_panel=_RUN)(demo.demo)
app.command("clock", rich_help_panel=_RUN)(clock.clock)
app.command("token", rich_help_panel=_RUN)(token.token)
app.command("migrate", rich_help_panel=_RUN)(migrate.migrate)
app.command("bench", rich_help_panel=_BUILD)(bench.bench)
app.command("contracts", rich_help_panel=_BUILD)(contracts.contracts)
app.command("secrets", rich_help_panel=_BUILD)(secrets.secrets)
app.add_typer(new.new, name="new", rich_help_panel=_BUILD)
app.command("replay", rich_help_panel=_RUN)(replay.replay)
app.add_typer(parked.parked, name="parked", rich_help_panel=_RUN)
app.add_typer(audit.audit, name="audit", rich_help_panel=_RUN)


def main() -> None:
    """The entry point: runs a command and turns what went wrong into a message and an exit status."""
    try:
        app()
    except CommandError as problem:
        _show(problem, as_json="--json" in sys.argv)
        sys.exit(problem.status)


def _show(problem: CommandError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(problem.as_json()))
        return
    console = Console(stderr=True)
    console.print(f"[red]gwella:[/red] {escape(problem.message)}", highlight=False, soft_wrap=True)
    if problem.hint:
        console.print(f"  {escape(problem.hint)}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
