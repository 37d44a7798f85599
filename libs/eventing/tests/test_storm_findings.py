"""The checker of the storms bites: each finding counts exactly the fault that it is named after."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from storm.findings import Fact, Observed, State, findings, wrong

SOUND = Observed(
    ledger=[Fact("a1", "a", 1, 5), Fact("a2", "a", 2, 7), Fact("b1", "b", 1, 1)],
    log=[(1, "a1", "a", 1), (2, "b1", "b", 1), (3, "a2", "a", 2)],
    effects=[("b1", "b", 1), ("a1", "a", 1), ("a2", "a", 2)],
    states={"a": State(2, 12, 7), "b": State(1, 1, 1)},
    moves=[(0, 2), (2, 3)],
)
FAULTS: dict[str, tuple[Callable[[Observed], Observed], dict[str, int]]] = {
    "an effect is missing": (lambda s: replace(s, effects=s.effects[1:]), {"lost": 1}),
    "the log ends early": (lambda s: replace(s, log=s.log[:2]), {"not logged": 1}),
    "an effect that nobody wrote": (
        lambda s: replace(s, effects=[*s.effects, ("x", "x", 1)]),
        {"invented": 1},
    ),
    "an entry that nobody wrote": (lambda s: replace(s, log=[*s.log, (4, "x", "x", 1)]), {"invented": 1}),
    "a position left out": (lambda s: replace(s, log=[*s.log[:2], (4, "a2", "a", 2)]), {"gaps": 1}),
    "the log begins at 2": (lambda s: replace(s, log=[(p + 1, *rest) for p, *rest in s.log]), {"gaps": 3}),
    "an entry twice": (
        lambda s: replace(s, log=[*s.log, (4, "b1", "b", 1)]),
        {"logged twice": 1, "inverted in the log": 1},
    ),
    "the log turned round": (
        lambda s: replace(s, log=[(1, "a2", "a", 2), (2, "b1", "b", 1), (3, "a1", "a", 1)]),
        {"inverted in the log": 1},
    ),
    "effects turned round": (
        lambda s: replace(s, effects=[("a2", "a", 2), ("a1", "a", 1), ("b1", "b", 1)]),
        {"inverted in effect": 1},
    ),
    "an effect twice": (lambda s: replace(s, effects=[*s.effects, ("a1", "a", 1)]), {"doubled": 1}),
    "a wrong sum": (lambda s: replace(s, states={**s.states, "a": State(2, 13, 7)}), {"wrong state": 1}),
    "an old value last": (
        lambda s: replace(s, states={**s.states, "a": State(2, 12, 5)}),
        {"wrong state": 1},
    ),
    "a state of nothing": (
        lambda s: replace(s, states={**s.states, "x": State(1, 1, 1)}),
        {"wrong state": 1},
    ),
    "the cursor goes back": (lambda s: replace(s, moves=[(0, 2), (2, 1), (1, 3)]), {"cursor back": 1}),
    "it came only afterwards": (lambda s: replace(s, waiting=frozenset({"b1"})), {"stalled": 1}),
    "something is parked": (lambda s: replace(s, parked=2), {"parked": 2}),
    "a runner broke": (lambda s: replace(s, broken=["RuntimeError()"]), {"broken": 1}),
}


def test_nothing_is_wrong_with_what_is_sound() -> None:
    assert set(findings(SOUND).values()) == {0}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_finding_counts_its_fault(fault: str) -> None:
    damage, expected = FAULTS[fault]
    assert wrong(damage(SOUND)) == expected


def test_no_finding_is_without_its_fault() -> None:
    assert {name for _, expected in FAULTS.values() for name in expected} == findings(SOUND).keys()
