"""`gwella parked`: look at events that could not be handled, handle them again, give one up, start a consumer again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gwella.commands.up import AsJson, DataFolder
from gwella.exits import CommandError, Exit

if TYPE_CHECKING:
    from testkit.client import ApiClient

OPERATOR = "operator"
PATIENCE = 600.0
"""Seconds that a redrive may take: a key seldom has more than some hundreds of events."""

Gateway = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        envvar="GWELLA_GATEWAY",
        metavar="URL",
        help="Where the API answers, with the token in GWELLA_TOKEN; default: the suite running on the folder.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="GWELLA_TOKEN", hidden=True, help="An access token of an operator."),
]
Consumer = Annotated[str, typer.Argument(help="Whose: the service that reacts, for example exchange.")]
Number = Annotated[int, typer.Argument(min=1, help="The event's number, as `gwella parked list` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays with the event and in the audit.")]

parked = typer.Typer(no_args_is_help=True, help="Look at parked events and decide on them.")


@parked.callback()
def about() -> None:
    """Look at events that could not be handled, and decide on them; every decision is audited with its reason.

    A bad event parks its key and only its key: later events of the key queue behind it, all others flow. Mend the
    cause, then [bold]redrive[/bold] the key; what cannot be mended is [bold]discarded[/bold] for a reason. A consumer
    that parked too much stopped itself and is started again with [bold]resume[/bold].

    Speaks to the suite running on the data folder as its operator; elsewhere to --gateway with the token in
    GWELLA_TOKEN.
    """


@parked.command("list")
def list_parked(
    consumer: Annotated[str | None, typer.Argument(help="One consumer; none: all of them.")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Those already decided on.")] = False,
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List parked events, and consumers that stand still. Exit status 1 while there is one of either."""
    with speaking(data, gateway, token) as api:
        names = _consumers(api)
        if consumer is not None and consumer not in names:
            raise CommandError(Exit.USAGE, f"no consumer {consumer!r}", hint=f"there are: {', '.join(names)}")
        found = [_listed(api, name, resolved) for name in ([consumer] if consumer else names)]
    if as_json:
        print(json.dumps({"consumers": found}))
    else:
        _show_list(found)
    if not resolved and any(one["parked"] or one["stopped_because"] for one in found):
        raise typer.Exit(int(Exit.FAILED))


@parked.command("show")
def show(
    consumer: Consumer,
    number: Number,
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show one parked event: its error, who decided on it and why, what queues behind it; never what it carries."""
    with speaking(data, gateway, token) as api:
        event = api.get(f"/v1/consumers/{consumer}/parked-events/{number}").body
    if as_json:
        print(json.dumps(event))
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in event.items():
        if name != "queue" and value is not None:
            grid.add_row(name.replace("_", " "), str(value))
    for one in event["queue"]:
        grid.add_row("behind it", f"{one['number']}  version {one['version']}  {one['type']}")
    Console().print(grid, highlight=False)


@parked.command("redrive")
def redrive(
    consumer: Consumer,
    key: Annotated[str, typer.Argument(help="The key, as `gwella parked list` shows it.")],
    reason: Why,
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Handle a key's parked events again, oldest first. Exit status 1 where one fails again."""
    with speaking(data, gateway, token) as api:
        begun = api.post(f"/v1/consumers/{consumer}/redrives", {"key": key, "reason": reason})
        job = api.finished_job(begun.headers["Location"], within=PATIENCE).body
    result: dict[str, Any] = job["result"] or {}
    if as_json:
        print(json.dumps({"state": job["state"], "problem": job["problem"], **result}))
    elif result:
        said = f"{result['done']} done, {result['left']} left"
        said += f"; it failed again: {result['error']}" if result["error"] else ""
        said += f"; they now wait for {result['waits_for']}" if result["waits_for"] else ""
        Console().print(said, highlight=False, markup=False)
    if job["state"] != "succeeded" or result.get("left"):
        raise typer.Exit(int(Exit.FAILED))


@parked.command("discard")
def discard(
    consumer: Consumer,
    number: Number,
    reason: Why,
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give up one parked event for a reason; what queues behind it stays until the key is redriven."""
    with speaking(data, gateway, token) as api:
        event = api.post(f"/v1/consumers/{consumer}/discards", {"number": number, "reason": reason}).body
    if as_json:
        print(json.dumps(event))
    else:
        Console().print(f"{number} is given up; now redrive {event['key']}", highlight=False, markup=False)


@parked.command("resume")
def resume(
    consumer: Consumer,
    reason: Why,
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Start a consumer again that stopped because it parked too much, once the cause is mended."""
    with speaking(data, gateway, token) as api:
        stop = api.post(f"/v1/consumers/{consumer}/resumptions", {"reason": reason}).body
    if as_json:
        print(json.dumps(stop))
    else:
        said = f"{consumer} goes on; it had stopped: {stop['stopped_because']}"
        Console().print(said, highlight=False, markup=False)


@contextmanager
def speaking(
    data: Path, gateway: str | None, token: str | None, *, person: str | None = None
) -> Iterator[ApiClient]:
    """The API as an operator, or a person, speaks to it; what goes wrong ends the command with its exit status."""
    import httpx

    from gwella.commands.token import granted
    from gwella.suite.instance import running_suite
    from testkit.client import ApiClient, ApiProblem

    if gateway is None:
        state = running_suite(data)
        client = OPERATOR if person is None else None
        gateway, token = state["gateway"], granted(state, client, person=person)["access_token"]
    elif token is None:
        raise CommandError(Exit.USAGE, "--gateway needs a token", hint="put one into GWELLA_TOKEN")
    given = token or ""
    try:
        with ApiClient(gateway, lambda: given) as api:
            yield api
    except ApiProblem as problem:
        raise CommandError(
            Exit.REFUSED, f"refused: {problem}", details={"problem": dict(problem.document)}
        ) from problem
    except TimeoutError as problem:
        raise CommandError(Exit.FAILED, str(problem), hint="does a process of the consumer run?") from problem
    except httpx.TransportError as problem:
        raise CommandError(Exit.NOT_RUNNING, f"{gateway} does not answer: {problem}") from problem


def _consumers(api: ApiClient) -> list[str]:
    """Who reacts to events, by the API's own description."""
    paths = api.get("/openapi.json").body["paths"]
    parts = [path.split("/") for path in paths if path.endswith("/backlog")]
    return sorted(part[3] for part in parts if part[2] == "consumers")


def _listed(api: ApiClient, consumer: str, resolved: bool) -> dict[str, Any]:
    under = f"/v1/consumers/{consumer}"
    backlog: dict[str, Any] = api.get(f"{under}/backlog").body
    return {**backlog, "events": list(api.pages(f"{under}/parked-events", resolved=resolved))}


def _show_list(found: Sequence[Mapping[str, Any]]) -> None:
    console = Console()
    table = Table("consumer", "number", "key", "version", "why parked", "error", "since")
    for one in found:
        if one["stopped_because"]:
            console.print(
                f"{one['consumer']} stands still since {one['stopped_at']}: {one['stopped_because']}",
                highlight=False, markup=False,
            )  # fmt: skip
        for event in one["events"]:
            why = event["resolution"] or event["reason"]
            table.add_row(
                one["consumer"], str(event["number"]), event["key"], str(event["version"]), why, event["error"],
                event["parked_at"],
            )  # fmt: skip
    if table.row_count:
        console.print(table, highlight=False, markup=False)
    else:
        console.print("no parked event", highlight=False)
