"""What is wrong after a storm, counted by name. Everything is 0 or there is a fault."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Fact(NamedTuple):
    """An event as its writer's transaction wrote it down."""

    event_id: str
    key: str
    version: int
    value: int


class State(NamedTuple):
    """What the effects have made of a key: how many, their sum, and the value that came last."""

    number: int
    total: int
    last: int


@dataclass
class Observed:
    """What is in the database after a storm. `ledger` was written by the transactions of the events themselves."""

    ledger: Sequence[Fact]
    log: Sequence[tuple[int, str, str, int]]
    """(position, event id, key, version) in the order of positions."""
    effects: Sequence[tuple[str, str, int]]
    """(event id, key, version) in the order in which they were made."""
    states: Mapping[str, State]
    moves: Sequence[tuple[int, int]] = ()
    """Every move of a shipper's cursor: from where to where."""
    waiting: frozenset[str] = frozenset()
    """Events committed and without effect when all had been waited for while transactions were held open."""
    parked: int = 0
    broken: list[str] = field(default_factory=list)
    """What ended a runner that nobody had ended."""


def findings(seen: Observed) -> dict[str, int]:
    """The faults by name."""
    committed = {fact.event_id for fact in seen.ledger}
    effected = Counter(event_id for event_id, _, _ in seen.effects)
    logged = Counter(event_id for _, event_id, _, _ in seen.log)
    firsts = dict.fromkeys(seen.effects)
    truth = _truth(seen.ledger)
    return {
        "lost": len(committed - effected.keys()),
        "not logged": len(committed - logged.keys()),
        "invented": len((effected.keys() | logged.keys()) - committed),
        "gaps": sum(entry[0] != place for place, entry in enumerate(seen.log, 1)),
        "logged twice": sum(number - 1 for number in logged.values()),
        "inverted in the log": _inverted((key, version) for _, _, key, version in seen.log),
        "inverted in effect": _inverted((key, version) for _, key, version in firsts),
        "doubled": sum(number - 1 for number in effected.values()),
        "wrong state": sum(
            truth.get(key) != seen.states.get(key) for key in truth.keys() | seen.states.keys()
        ),
        "cursor back": sum(after <= before for before, after in seen.moves),
        "stalled": len(seen.waiting & effected.keys()),
        "parked": seen.parked,
        "broken": len(seen.broken),
    }


def wrong(seen: Observed) -> dict[str, int]:
    """Those that are not 0."""
    return {name: number for name, number in findings(seen).items() if number}


def _truth(ledger: Iterable[Fact]) -> dict[str, State]:
    """The states that the effects should have made, from the facts in the order of their versions."""
    states: dict[str, State] = {}
    for fact in sorted(ledger, key=lambda fact: (fact.key, fact.version)):
        before = states.get(fact.key, State(0, 0, 0))
        states[fact.key] = State(before.number + 1, before.total + fact.value, fact.value)
    return states


def _inverted(versions: Iterable[tuple[str, int]]) -> int:
    newest: Counter[str] = Counter()
    inverted = 0
    for key, version in versions:
        inverted += version <= newest[key]
        newest[key] = max(version, newest[key])
    return inverted
