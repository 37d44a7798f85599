"""Steps between states as data, and why one is barred: what the rules of every service say them in.

A domain declares its machine as `Steps` and decides each step in one function; `service_kit.transitions` shows both to
clients and asks the same function in the command.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.text import Text


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the name of its command, the state it leads to, the operation that it needs, its title."""

    name: str
    to: str
    operation: str
    title: Text


Steps = Mapping[str, tuple[Step, ...]]
"""The steps that lead out of each state."""


@dataclass(frozen=True, slots=True)
class Barred:
    """Why a step is barred: a stable code, and the sentence that a person reads."""

    code: str
    text: Text


NOT_PERMITTED: Final = Barred(
    "operation_not_permitted",
    Text("None of your roles allows this step.", "Nid oes yr un o'ch rolau yn caniatáu'r cam hwn."),
)


def step(name: str, to: str, operation: str, en: str, cy: str) -> Step:
    """A step with its title in both languages."""
    return Step(name, to, operation, Text(en, cy))


def barred(code: str, en: str, cy: str) -> Barred:
    """A reason in both languages."""
    return Barred(code, Text(en, cy))
