"""`gwella contracts`: write down what the suite promises, or check that it is written."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import structlog
import typer

from gwella.commands.up import AsJson
from gwella.exits import CommandError, Exit


def contracts(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when something differs.")
    ] = False,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Also keep today's event schemas as released with this version."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write schemas, AsyncAPI, OpenAPI and the generated pages of docs/reference from the code.

    Run it after every change of an event, a route, a problem, a metric, a role or a command, and commit what it
    wrote: the difference is what a reviewer reads. [bold]--check[/bold] is what the tests run.
    """
    from gwella.contracts.generate import differences, generated_files, write
    from gwella.contracts.generate import release as keep
    from gwella.contracts.typescript import write_types
    from gwella.main import app
    from gwella.suite.parts import load_service
    from gwella.suite.topology import read_topology

    # The applications are asked for their descriptions; what they log of it is not this command's answer.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    root = checkout()
    services = [load_service(plan.name) for plan in read_topology().services]
    files = generated_files(services, app)
    if check:
        found = differences(root, files)
        if found:
            hint = "run `make contracts` and commit what it writes"
            raise CommandError(Exit.FAILED, "\n".join(found), hint=hint, details={"differences": found})
        _say(as_json, {"files": len(files), "differences": []}, f"{len(files)} files are as the code says")
        return
    changed = write(root, files) + write_types(root)
    if release is not None:
        try:
            changed += keep(root, release, [service.name for service in services])
        except FileExistsError as problem:
            raise CommandError(Exit.USAGE, f"version {release} was released before") from problem
    _say(
        as_json,
        {"files": len(files), "changed": changed},
        "\n".join([*changed, f"{len(changed)} files changed"]),
    )


def checkout() -> Path:
    """The folder of the checkout. Raises CommandError when the command does not run inside one."""
    from gwella.suite.topology import topology_path

    return topology_path().parents[1]


def _say(as_json: bool, document: dict[str, object], text: str) -> None:
    print(json.dumps(document) if as_json else text)
