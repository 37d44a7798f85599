"""Who asks, as the rules see it: what the policy decided about one caller and one record."""

from dataclasses import dataclass


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
