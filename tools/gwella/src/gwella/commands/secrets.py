"""`gwella secrets`: the secrets of a deployment on this machine, made once and never committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gwella.commands.contracts import checkout
from gwella.commands.up import AsJson
from gwella.exits import CommandError, Exit


def secrets(
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where they lie; deploy/secrets of the checkout.")
    ] = None,
    kubernetes: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE",
            help="Also print them as Secrets for this namespace, for `kubectl apply -f -`.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the passwords and keys that the compose file and a cluster of development need.

    What exists stays as it is, so the command may be repeated, for example after a service was added.
    """
    from gwella.deployment.files import manifests
    from gwella.deployment.secret_files import FOLDER, complete, secret_manifests
    from gwella.suite.topology import read_topology
    from testkit.issuer_directory import load_directory

    topology, where = read_topology(), folder or checkout() / FOLDER
    try:
        written = complete(where, topology, load_directory())
    except OSError as problem:
        raise CommandError(Exit.FAILED, f"{where}: {problem.strerror}") from problem
    if kubernetes is not None:
        print(manifests(secret_manifests(where, topology, kubernetes)), end="")
    elif as_json:
        print(json.dumps({"folder": str(where), "written": written}))
    else:
        print("\n".join([*written, f"{len(written)} secrets made in {where}"]))
