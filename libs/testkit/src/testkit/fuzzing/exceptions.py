"""Failures that are none: data in `exceptions.toml`, each with its reason."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from service_kit.problems import generic_catalogue

_SEVERAL: Final = "validation_failed"
"""The problem that says several faults: each of them needs its exception."""


@dataclass(frozen=True, slots=True)
class Exempt:
    """One exception: the kind of failure, for which problems or faults of which operations, and why it is none.

    `own`: for every problem and fault that a service has of its own. No operations: of all.
    """

    name: str
    failure: str
    reason: str
    codes: frozenset[str]
    faults: frozenset[str]
    operations: frozenset[str]
    own: bool

    def of(self, failure: str, label: str) -> bool:
        """Whether it is about failures of this kind at this operation."""
        return failure == self.failure and (not self.operations or label in self.operations)


@cache
def exempt() -> tuple[Exempt, ...]:
    """Every exception. Raises KeyError where one lacks its failure or its reason."""
    listed = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text("utf-8"))
    return tuple(
        Exempt(
            name,
            one["failure"],
            one["reason"],
            codes=frozenset(one.get("codes", ())),
            faults=frozenset(one.get("faults", ())),
            operations=frozenset(one.get("operations", ())),
            own=one.get("own", False),
        )
        for name, one in listed.items()
    )


def excepted(failure: str, label: str, problem: Mapping[str, Any]) -> set[str]:
    """The names of the exceptions under which a failure falls as a whole; none: it counts."""
    about = [one for one in exempt() if one.of(failure, label)]
    generic = generic_catalogue()
    code = problem.get("code", "")
    if code != _SEVERAL:
        return {
            one.name
            for one in about
            if code in one.codes or (one.own and code and code not in generic.problems)
        }
    found: set[str] = set()
    for fault in {fault["code"] for fault in problem.get("errors", ())}:
        names = {
            one.name for one in about if fault in one.faults or (one.own and fault not in generic.faults)
        }
        if not names:
            return set()
        found |= names
    return found
