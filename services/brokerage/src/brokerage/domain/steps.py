"""Steps between states as data, who asks for them, and why one is barred: the same for requests and commissions."""

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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, about one record: `may` holds the operations that the caller has for it.

    `who` is the person's id, or the token's subject where no person is named: by it two askers are the same.
    `heads` are schools of which the caller is the head, `officers` authorities for which the caller may answer.
    """

    who: str
    may: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    officers: frozenset[str] = frozenset()

    def provides(self, person: str | None, school: str | None) -> bool:
        """Whether the caller is the provider: the person, or the head of the school that provides."""
        return self.who == person or school in self.heads


NOT_PERMITTED: Final = Barred(
    "operation_not_permitted",
    Text("None of your roles allows this step.", "Nid oes yr un o'ch rolau yn caniatáu'r cam hwn."),
)


def step(name: str, to: str, operation: str, en: str, cy: str) -> Step:
    """A step with its title in both languages."""
    return Step(name, to, operation, Text(en, cy))
