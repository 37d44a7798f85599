"""`gwella replay`: rebuild what a service keeps from events, while the suite runs, and compare it by digest."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from gwella.commands.parked import Gateway, Token, speaking
from gwella.commands.up import AsJson, DataFolder
from gwella.exits import CommandError, Exit

if TYPE_CHECKING:
    from testkit.client import ApiClient

PATIENCE = 4 * 3600.0
"""Seconds that one projection may take: at 5,000 events a second that is seventy million."""
LOOK = 0.3
ENDED = frozenset({"succeeded", "failed", "cancelled"})


def replay(
    consumer: Annotated[str, typer.Argument(help="Whose: the service that keeps it, for example visits.")],
    projection: Annotated[str | None, typer.Argument(help="One projection; none: all of them.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; it stays in the audit. None: list the projections.")
    ] = None,
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild projections from the topics while the suite runs; readers see them as before or as after.

    gwella replay visits known_schools --reason "after a restore"

    What is rebuilt is compared by digest with what stands there; rows that differ are mended in one transaction. Exit
    status 0 when all are now what the topics say, 1 when one could not be rebuilt. Without --reason nothing is done:
    the projections are listed.
    """
    with speaking(data, gateway, token) as api:
        known = _projections(api, consumer)
        names = [one["name"] for one in known]
        if projection is not None and projection not in names:
            hint = f"there are: {', '.join(names)}"
            raise CommandError(Exit.USAGE, f"{consumer} has no projection {projection!r}", hint=hint)
        if reason is None:
            _list(known, as_json)
            return
        done = [
            _replayed(api, consumer, one, reason, quiet=as_json) for one in names if projection in (None, one)
        ]
    if as_json:
        print(json.dumps({"consumer": consumer, "projections": done}))
    else:
        _show(done)
    if any("digest" not in one for one in done):
        raise typer.Exit(int(Exit.FAILED))


def _projections(api: ApiClient, consumer: str) -> list[dict[str, Any]]:
    paths = api.get("/openapi.json").body["paths"]
    parts = [path.split("/") for path in paths if path.endswith("/projections")]
    names = sorted(part[3] for part in parts if part[2] == "consumers")
    if consumer not in names:
        raise CommandError(Exit.USAGE, f"no consumer {consumer!r}", hint=f"there are: {', '.join(names)}")
    found: list[dict[str, Any]] = api.get(f"/v1/consumers/{consumer}/projections").body["items"]
    return found


def _replayed(api: ApiClient, consumer: str, name: str, reason: str, *, quiet: bool) -> dict[str, Any]:
    """One projection rebuilt: what the job says, with the projection's name."""
    begun = api.post(f"/v1/consumers/{consumer}/replays", {"projection": name, "reason": reason})
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"))
    until = time.monotonic() + PATIENCE
    with Progress(*columns, disable=quiet, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"{consumer} {name}", total=None)
        while (job := api.get(begun.headers["Location"]).body)["state"] not in ENDED:
            bar.update(task, completed=job["progress"]["done"], total=job["progress"]["total"])
            if time.monotonic() > until:
                raise TimeoutError(f"{name} is still {job['state']} after {PATIENCE:g} s")
            time.sleep(LOOK)
        bar.update(task, completed=job["progress"]["done"], total=job["progress"]["total"])
    told: Mapping[str, Any] = job["result"] or {"refused": (job["problem"] or {}).get("title", job["state"])}
    return {"projection": name, **told}


def _list(known: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"items": known}))
        return
    table = Table("projection", "what it is", "tables", "from")
    for one in known:
        table.add_row(one["name"], one["title"], ", ".join(one["tables"]), ", ".join(one["topics"]))
    Console().print(table, highlight=False, markup=False)


def _show(done: Sequence[Mapping[str, Any]]) -> None:
    table = Table("projection", "events", "events/s", "rows", "before", "rebuilt", "outcome")
    for one in done:
        if "digest" not in one:
            table.add_row(one["projection"], "", "", "", "", "", f"not rebuilt: {one['refused']}")
            continue
        outcome = "equal" if one["equal"] else f"{one['mended']} rows mended"
        table.add_row(
            one["projection"], str(one["applied"]), str(one["events_per_second"]), str(one["rows"]),
            one["digest_before"][:12], one["digest"][:12], outcome,
        )  # fmt: skip
    Console().print(table, highlight=False, markup=False)
