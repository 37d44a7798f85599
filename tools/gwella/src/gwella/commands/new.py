"""`gwella new service`: the first page of a service, and the workspace that knows it."""

from __future__ import annotations

import json
import keyword
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from gwella.commands.contracts import checkout
from gwella.commands.up import AsJson
from gwella.exits import CommandError, Exit

new = typer.Typer(no_args_is_help=True, help="Write the files of something new.")


@new.callback()
def about() -> None:
    """Write the files of something new."""


@new.command("service")
def service(
    name: Annotated[
        str, typer.Argument(help="One lower-case word: package, database and topic are called so.")
    ],
    title: Annotated[str, typer.Option(help="What readers call it, in English.")],
    title_cy: Annotated[str, typer.Option(help="What readers call it, in Welsh.")],
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Where its API listens; no other service's.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write the files of a service and register it in the workspace and the topology.

    Afterwards run [bold]uv lock[/bold], [bold]make install[/bold] and [bold]make contracts[/bold];
    docs/how-to/add-a-service.md goes on from there.
    """
    from gwella.new_service.files import NewService, service_files
    from gwella.new_service.registering import LISTED_IN, TOPOLOGY, listed, with_entry

    root = checkout()
    _require_free(root, name, port)
    for text in (title, title_cy):
        if not text.strip() or any(sign in text for sign in '"\\$\n'):
            raise CommandError(Exit.USAGE, f"{text!r} is no title: plain words, please")
    asked = NewService(name, title.strip(), title_cy.strip(), port)
    changes = {f"services/{name}/{path}": text for path, text in service_files(asked).items()}
    try:
        changes |= {path: listed((root / path).read_text("utf-8"), name) for path in LISTED_IN}
        changes[TOPOLOGY] = with_entry((root / TOPOLOGY).read_text("utf-8"), asked)
    except ValueError as problem:
        raise CommandError(Exit.FAILED, f"nothing was written: {problem}") from problem
    for path, text in changes.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    print(json.dumps({"written": sorted(changes)}) if as_json else "\n".join(sorted(changes)))


def _require_free(root: Path, name: str, port: int) -> None:
    """Raises CommandError when the name or the port cannot be used."""
    from gwella.suite.topology import read_topology

    if not re.fullmatch(r"[a-z][a-z]{2,30}", name) or keyword.iskeyword(name):
        raise CommandError(Exit.USAGE, f"{name!r} is no name for a service: one word of lower-case letters")
    if (
        name in sys.stdlib_module_names
        or (root / "services" / name).exists()
        or (root / "libs" / name).exists()
    ):
        raise CommandError(Exit.USAGE, f"{name!r} is taken")
    taken = dict(read_topology().listeners(split=True))
    for role_port in (port, port + 100, port + 200):
        if role_port in taken:
            raise CommandError(Exit.USAGE, f"port {role_port} is {taken[role_port]}'s")


@new.command("migration")
def migration(
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="The service whose tables changed.")],
    title: Annotated[str, typer.Argument(help="What the change is for, a few words.")],
    as_json: AsJson = False,
) -> None:
    """Draft the next version file of a service from what its tables in the code have and a database has not.

    Read and complete it: data that must be moved, range types and functions are not seen by comparison. Row-level
    policies need nothing: each migration ends by making them as the tables declare.
    """
    from gwella.new_service.migrations import NothingDiffersError, write_migration
    from gwella.suite.parts import load_service

    root = checkout()
    if not (root / "services" / name).is_dir():
        raise CommandError(Exit.USAGE, f"there is no service {name!r}")
    try:
        path = write_migration(load_service(name), title).relative_to(root).as_posix()
    except NothingDiffersError as problem:
        raise CommandError(Exit.FAILED, str(problem)) from problem
    except ValueError as problem:
        raise CommandError(Exit.USAGE, str(problem)) from problem
    print(json.dumps({"written": [path]}) if as_json else path)
