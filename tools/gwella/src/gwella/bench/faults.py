"""`gwella bench faults`: the long mode of the kill tests; minutes, and hundreds of faults."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from gwella.bench.faults_flood import Flood, flood
from gwella.bench.faults_killing import Outcome, kills, rebalances, servers_away
from gwella.bench.faults_place import place
from gwella.bench.faults_writer import Written
from gwella.bench.figures import Figure

AREA = "faults"


@dataclass(frozen=True)
class Sizes:
    """How much is done in the long mode; the test command does the same with less."""

    kills: int = 200
    seed: int = 5
    away_seconds: float = 20
    outages: int = 3
    rounds: int = 3
    waiting: int = 1_000_000
    broker_away_seconds: float = 180
    patience_seconds: float = 3_600
    growth_mib: float = 48


def measure(sizes: Sizes | None = None) -> list[Figure]:
    """Everything in turn, each on a place of its own. Progress goes to standard error."""
    sizes = sizes or Sizes()
    figures: list[Figure] = []
    with place() as here:
        done = kills(here, Written(), number=sizes.kills, seed=sizes.seed, tell=_tell)
        figures += _figures(done, f"{sum(done.faults.values())} kills, seed {sizes.seed}")
    with place() as here:
        written = Written()
        for turn in range(sizes.outages):
            away = servers_away(here, written, seconds=sizes.away_seconds, tell=_tell)
            figures += _figures(away, f"servers away {sizes.away_seconds:.0f} s, {turn + 1}")
        for static in (True, False):
            moved = rebalances(here, written, static=static, rounds=sizes.rounds, tell=_tell)
            figures += _figures(moved, f"rebalances, {'static' if static else 'dynamic'} members")
    with place() as here:
        full = flood(
            here,
            Written(),
            events=sizes.waiting,
            seconds=sizes.broker_away_seconds,
            tell=_tell,
            patience=sizes.patience_seconds,
        )
        figures += _flooded(full, sizes)
    return figures


def _figures(done: Outcome, what: str) -> Iterator[Figure]:
    """How often, how soon it was itself again, and what went wrong: nothing may."""
    _tell(done.line())
    for fault, times in sorted(done.by_fault.items()):
        ordered = sorted(times)
        p50, slowest = ordered[len(ordered) // 2], ordered[-1]
        note = f"{done.faults[fault]} times, max {slowest:.1f} s"
        yield Figure(AREA, f"recovery p50: {fault}"[:52], p50, "s", note=note)
    found = done.findings
    note = f"{done.written.acknowledged} writes, {found.events} events; {done.written.replayed} repeats had been done"
    for kind in ("lost", "doubled", "reordered", "other"):
        faults = getattr(found, kind)
        shown = "; ".join([note, *faults[:3]])
        yield Figure(AREA, f"{kind}: {what}", len(faults), "", expected=0, bound="at most", note=shown)


def _flooded(full: Flood, sizes: Sizes) -> Iterator[Figure]:
    what = f"{full.events:,} events wait {full.away_seconds:.0f} s"
    note = f"{full.before:.0f} MiB before, at most {full.most:.0f}"
    yield Figure(
        AREA, f"growth of the relay: {what}", full.growth, "MiB", expected=sizes.growth_mib, bound="at most", note=note
    )  # fmt: skip
    yield Figure(AREA, "drained after the broker's return", full.drained_seconds, "s")
    for kind in ("lost", "doubled", "reordered", "other"):
        faults = getattr(full.findings, kind)
        yield Figure(
            AREA, f"{kind}: {what}", len(faults), "", expected=0, bound="at most", note="; ".join(faults[:3])
        )  # fmt: skip


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
