"""Category schemes as data: values, ceilings, monitoring. Schemes that share letters are never compared [2.1; D-06]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.text import Text


class DifferentSchemesError(ValueError):
    """Values of two schemes were to be compared."""


@dataclass(frozen=True, slots=True)
class MonitoringRule:
    """Monitoring that a value calls for: a visit of this type in every `half_term` or `term`."""

    visit_type: str
    every: str


@dataclass(frozen=True, slots=True)
class SchemeValue:
    """One value. `ceiling_days`: commissioned support a school year at most; None: the scheme sets none."""

    code: str
    title: Text
    rank: int
    ceiling_days: int | None = None
    intensive_monitoring: bool = False
    monitoring: tuple[MonitoringRule, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """A version of a scheme: its values from the best on, and the school years in which it is judged.

    `public`: categories are published; the others are read by school, authority and consortium only.
    """

    code: str
    title: Text
    public: bool
    first_school_year: str
    last_school_year: str | None
    values: Mapping[str, SchemeValue]

    def judged_in(self, school_year: str) -> bool:
        """Whether the scheme was in use in a school year."""
        return self.first_school_year <= school_year <= (self.last_school_year or school_year)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value with the scheme under which it was judged."""

    scheme: Scheme
    value: str


def direction(before: Judged, after: Judged) -> int:
    """-1 where a school moved to a better value, 0 where it stayed, 1 where it moved to a worse one.

    Raises DifferentSchemesError for values of two schemes, whatever letters they share.
    """
    if before.scheme.code != after.scheme.code:
        raise DifferentSchemesError(f"{before.scheme.code} and {after.scheme.code} are different scales")
    ranks = [judged.scheme.values[judged.value].rank for judged in (before, after)]
    return (ranks[1] > ranks[0]) - (ranks[1] < ranks[0])


def read_schemes(data: Mapping[str, Any]) -> Mapping[str, Scheme]:
    """Schemes by code, from `schemes.toml`."""
    return {code: _scheme(code, entry) for code, entry in data["schemes"].items()}


def _scheme(code: str, entry: Mapping[str, Any]) -> Scheme:
    values = {
        value["code"]: SchemeValue(
            value["code"],
            Text(**value["title"]),
            rank,
            value.get("ceiling_days"),
            value.get("intensive_monitoring", False),
            tuple(MonitoringRule(**rule) for rule in value.get("monitoring", ())),
        )
        for rank, value in enumerate(entry["values"])
    }
    return Scheme(
        code,
        Text(**entry["title"]),
        entry["public"],
        entry["first_school_year"],
        entry.get("last_school_year"),
        values,
    )
