"""The faults themselves: processes killed, servers taken away, a group's members coming and going, under writing."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gwella.bench.faults_check import Findings, check, drained, stand
from gwella.bench.faults_place import Member, Place
from gwella.bench.faults_writer import Written, writing

ZOMBIE_SECONDS: Final = 13.0
"""Longer than a member's session (10 s): the group goes on without it, and then it wakes up."""


@dataclass
class Outcome:
    """What was done to the suite, how long it took to be itself again, and what was found in the end."""

    written: Written = field(default_factory=Written)
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from each fault until an event written after it had arrived everywhere."""
    by_fault: dict[str, list[float]] = field(default_factory=dict)
    drained: float = 0.0
    findings: Findings = field(default_factory=Findings)

    def recovered(self, fault: str, seconds: float) -> None:
        """Notes one recovery."""
        self.recoveries.append(seconds)
        self.by_fault.setdefault(fault, []).append(seconds)

    def line(self) -> str:
        """For a report: what was done, recovery p50 and max, what was lost, doubled and reordered."""
        times = sorted(self.recoveries) or [0.0]
        found = self.findings
        done = ", ".join(f"{what} {often}" for what, often in sorted(self.faults.items()))
        return (
            f"{done}; recovery p50 {times[len(times) // 2]:.1f} s, max {times[-1]:.1f} s; "
            f"{self.written.acknowledged} writes ({self.written.repeats} repeats, {self.written.replayed} of them "
            f"had been done), {found.events} events: lost {len(found.lost)}, doubled {len(found.doubled)}, "
            f"reordered {len(found.reordered)}, other {len(found.other)}; drained in {self.drained:.1f} s"
        )


def until_recovered(place: Place) -> float:
    """Waits until an event written from now on has gone all the way, to both consumers; gives the seconds."""
    began = time.monotonic()
    # The database itself may be what is away: then the mark is set when it answers.
    mark = [0]

    def marked() -> bool:
        try:
            mark[0] = stand(place).written
        except OSError:
            return False
        return True

    def arrived() -> bool:
        now = stand(place)
        return now.exchange > mark[0] and now.visits > mark[0]

    place.until(marked, "the database answers")
    place.until(arrived, f"an event behind {mark[0]} arrives; {stand(place)}")
    return time.monotonic() - began


def _finish(place: Place, outcome: Outcome) -> Outcome:
    place.until_ready()
    outcome.drained = drained(place, outcome.written)
    outcome.findings = check(place, outcome.written)
    return outcome


def kills(place: Place, written: Written, *, number: int, seed: int, tell: Callable[[str], None]) -> Outcome:
    """`kill -9`, one or two victims at a time, at random points, each started again at once.

    Every member is a victim first once, in a random order; then chance decides.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    outcome = Outcome(written)
    members = list(place.members.values())
    order = chance.sample(members, len(members))
    left = number
    with writing(place.api, place.token, written):
        while left > 0:
            time.sleep(chance.uniform(0.02, 0.6))
            together = min(left, chance.choice((1, 1, 2, 3)))
            victims = [order.pop() for _ in range(min(together, len(order)))] or chance.sample(
                members, together
            )
            for victim in victims:
                place.kill(victim)
                outcome.faults[victim.name] += 1
                # Sometimes the next one dies while the first is still starting.
                time.sleep(chance.choice((0.0, 0.0, 0.3)))
            left -= len(victims)
            seconds = until_recovered(place)
            for victim in victims:
                outcome.recovered(victim.name, seconds)
            tell(f"{number - left} of {number}: {', '.join(v.name for v in victims)} back in {seconds:.1f} s")
    return _finish(place, outcome)


def servers_away(place: Place, written: Written, *, seconds: float, tell: Callable[[str], None]) -> Outcome:
    """The broker stopped, then killed; the database stopped fast, then at once; each started again on its data."""
    outcome = Outcome(written)
    ways: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "broker stopped": (place.kafka.stop, place.kafka.restart),
        "broker killed": (place.kafka.kill, place.kafka.restart),
        "database stopped fast": (lambda: place.stop_postgres(immediate=False), place.start_postgres),
        "database stopped at once": (lambda: place.stop_postgres(immediate=True), place.start_postgres),
    }
    with writing(place.api, place.token, written):
        for what, (away, back) in ways.items():
            time.sleep(1)
            away()
            time.sleep(seconds)
            back()
            outcome.faults[what] += 1
            outcome.recovered(what, until_recovered(place))
            tell(f"{what}: back in {outcome.recoveries[-1]:.1f} s after the server")
    return _finish(place, outcome)


def rebalances(
    place: Place,
    written: Written,
    *,
    static: bool,
    rounds: int,
    tell: Callable[[str], None],
    asleep: bool = True,
) -> Outcome:
    """Two members of one group: the second joins, leaves in order, is killed, is paused past its session and wakes.

    With `static` membership it comes back under its name, without it as somebody new. `asleep=False` spares the pause.
    """
    outcome = Outcome(written)
    name = f"exchange-second-{'static' if static else 'dynamic'}"
    first = place.members["exchange-consumer"]
    if not static:
        place.leave(first)
        first.environment.pop("GWELLA_STATIC_MEMBER", None)
        place.start(first)
    with writing(place.api, place.token, written):
        second = place.add("exchange", "consumer", name=name, static=name if static else None)

        def noted(what: str) -> None:
            outcome.faults[what] += 1
            outcome.recovered(what, until_recovered(place))
            tell(f"{name}: {what}, back in {outcome.recoveries[-1]:.1f} s")

        for _ in range(rounds):
            place.until(second.is_ready, f"{name} ready")
            noted("joined")
            _leaves_and_joins(place, second, noted)
            _crashes(place, second, first, noted)
            if asleep:
                _zombie(place, second, noted)
        place.leave(second)
        noted("left for good")
    return _finish(place, outcome)


def _leaves_and_joins(place: Place, second: Member, noted: Callable[[str], None]) -> None:
    place.leave(second)
    noted("left in order")
    place.start(second)
    place.until(second.is_ready, f"{second.name} ready")
    noted("joined again")


def _crashes(place: Place, second: Member, first: Member, noted: Callable[[str], None]) -> None:
    place.kill(second)
    noted("killed and restarted")
    place.kill(first)
    noted("the other one killed and restarted")
    place.kill(second, again=False)
    noted("killed, and its session ran out")
    place.start(second)
    place.until(second.is_ready, f"{second.name} ready")


def _zombie(place: Place, second: Member, noted: Callable[[str], None]) -> None:
    """Asleep past its session, it wakes up believing that it still owns its partitions."""
    place.pause(second)
    time.sleep(ZOMBIE_SECONDS)
    noted("paused past its session")
    place.go_on(second)
    noted("woke up")
