"""Failures that are none: data in `exceptions.toml`, each with its reason."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Exempt:
    """One exception: the kind of failure, for which problems, and why it is none."""

    name: str
    failure: str
    reason: str
    codes: frozenset[str]
    faults: frozenset[str]

    def holds(self, failure: str, problem: Mapping[str, Any]) -> bool:
        """Whether a failure of this kind, answered by this problem, is none."""
        if failure != self.failure or problem.get("code") not in self.codes:
            return False
        found = {fault["code"] for fault in problem.get("errors", ())}
        return not self.faults or (bool(found) and found <= self.faults)


@cache
def exempt() -> tuple[Exempt, ...]:
    """Every exception. Raises KeyError where one lacks its reason."""
    listed = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text("utf-8"))
    return tuple(
        Exempt(name, one["failure"], one["reason"], frozenset(one["codes"]), frozenset(one.get("faults", ())))
        for name, one in listed.items()
    )


def excepted(failure: str, problem: Mapping[str, Any]) -> str | None:
    """The name of the exception that a failure falls under, if any."""
    return next((one.name for one in exempt() if one.holds(failure, problem)), None)
