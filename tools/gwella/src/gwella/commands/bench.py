"""`gwella bench`: figures, each measured in one run beside its baseline."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gwella.commands.up import AsJson
from gwella.exits import Exit

if TYPE_CHECKING:
    from gwella.bench.figures import Figure


class Area(StrEnum):
    """What can be measured."""

    relay = "relay"
    feed = "feed"
    feed_kafka = "feed-kafka"
    lists = "lists"
    gateway = "gateway"
    composition = "composition"
    half_term = "half-term"
    memory = "memory"
    events = "events"
    faults = "faults"
    http = "http"
    fuzz = "fuzz"


NAMED_ONLY = frozenset({Area.events, Area.faults, Area.http, Area.fuzz})
"""Long ones, or with downloads of their own: measured when named, never by a plain `gwella bench`."""


def bench(
    areas: Annotated[
        list[Area] | None,
        typer.Argument(
            help=f"What to measure; nothing named: everything but {', '.join(sorted(NAMED_ONLY))}."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure, on servers and suites of its own, and print figures as ratios to a baseline of the same run.

    Seconds on a shared machine mean little alone; nothing else should run meanwhile. Exit status 1: an expectation
    was missed.
    """
    console = Console(quiet=as_json)
    figures: list[Figure] = []
    for area in areas or [area for area in Area if area not in NAMED_ONLY]:
        with console.status(f"measuring {area} ..."):
            measured = _measure_of(area)()
        figures += measured
        for figure in measured:
            console.print(_line(figure), highlight=False, soft_wrap=True)
    if as_json:
        print(json.dumps([figure.as_json() for figure in figures]))
    raise typer.Exit(int(Exit.FAILED if any(figure.met is False for figure in figures) else Exit.OK))


def _measure_of(area: Area) -> Callable[[], list[Figure]]:
    """The measurement of an area; imported only when asked for, since each brings its servers with it."""
    from functools import partial

    from gwella.bench import composition, events, faults, feed, fuzz, gateway, half_term, http, lists, memory

    measures: dict[Area, Callable[[], list[Figure]]] = {
        Area.relay: lambda: events.measure(["relaying"]),
        Area.feed: partial(feed.measure, kafka=False),
        Area.feed_kafka: partial(feed.measure, kafka=True),
        Area.lists: lists.measure,
        Area.gateway: lambda: gateway.figures(gateway.measure()),
        Area.composition: composition.measure,
        Area.half_term: half_term.measure,
        Area.memory: memory.measure,
        Area.events: events.measure,
        Area.faults: faults.measure,
        Area.http: http.measure,
        Area.fuzz: fuzz.measure,
    }
    return measures[area]


def _line(figure: Figure) -> str:
    mark = {None: " ", True: "[green]✓[/green]", False: "[red]✗[/red]"}[figure.met]
    line = f"{mark} {figure.area:<24} {figure.name:<52} "
    line += (
        f"not measured: {figure.note}" if figure.value is None else f"{figure.value:>12,.1f} {figure.unit}"
    )
    if figure.ratio is not None:
        line += f"   {figure.ratio:.2f} of {figure.baseline_name} ({figure.baseline:,.0f})"
    if figure.expected is not None:
        line += f"   [dim]expected {figure.bound} {figure.expected:g}[/dim]"
    if figure.note and figure.value is not None:
        line += f"   [dim]{figure.note}[/dim]"
    return line
