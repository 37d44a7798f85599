"""Who asks, as the rules see it: what the policy decided about one caller and one record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, about one record: `may` holds the operations that the caller has for this record's school.

    `who` is the person's id, or the token's subject where no person is named: by it two askers are the same.
    """

    who: str
    roles: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
