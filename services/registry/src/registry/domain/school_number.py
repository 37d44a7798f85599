"""School numbers: seven digits, local authority code (3) and establishment number (4).

The first two digits of the establishment number say what kind of school it was when the number was issued. All 1,616
numbers of April 2018 agree; six labels disagree about 2025, because a school keeps its number when its governance
changes. So a disagreement is a warning (rule DQ-001), never a refusal.
"""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9]{7}")


@dataclass(frozen=True, slots=True)
class EstablishmentRange:
    """Establishment numbers by their first two digits, inclusive, and what is expected there.

    `governance` empty: the range says nothing about governance.
    """

    first: int
    last: int
    sector: str
    governance: frozenset[str] = frozenset()


RANGES: tuple[EstablishmentRange, ...] = (
    EstablishmentRange(10, 10, "nursery", frozenset({"not_applicable"})),
    EstablishmentRange(11, 11, "pru"),
    EstablishmentRange(20, 23, "primary", frozenset({"community"})),
    EstablishmentRange(30, 30, "primary", frozenset({"voluntary_controlled"})),
    EstablishmentRange(33, 33, "primary", frozenset({"voluntary_aided"})),
    EstablishmentRange(40, 41, "secondary", frozenset({"community"})),
    EstablishmentRange(45, 45, "secondary", frozenset({"voluntary_controlled"})),
    EstablishmentRange(46, 46, "secondary", frozenset({"voluntary_aided"})),
    EstablishmentRange(52, 52, "primary", frozenset({"foundation"})),
    EstablishmentRange(54, 54, "secondary", frozenset({"foundation"})),
    EstablishmentRange(55, 55, "middle", frozenset({"community"})),
    EstablishmentRange(59, 59, "middle", frozenset({"voluntary_aided"})),
    EstablishmentRange(60, 61, "independent"),
    EstablishmentRange(70, 70, "special", frozenset({"community", "not_applicable"})),
)
"""Verified on the address list of 10 April 2018: 1,521 maintained schools, 72 independent (69 with 60 and three of
Cardiff with 61), 23 PRUs."""


def is_number(text: str) -> bool:
    """Whether a text is written as a school number."""
    return _NUMBER.fullmatch(text) is not None


def authority_of(number: str) -> str:
    """The local authority code in a school number."""
    return number[:3]


def range_of(number: str) -> EstablishmentRange | None:
    """The range in which a number lies; None where no school of 2018 had one."""
    prefix = int(number[3:5])
    return next((entry for entry in RANGES if entry.first <= prefix <= entry.last), None)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The field whose value is not what the number leads one to expect (rule DQ-001)."""

    field: str
    value: str
    expected: tuple[str, ...]


def disagreements(number: str, sector: str, governance: str | None) -> list[Disagreement]:
    """Where sector and governance are not those of the number's range; empty for a number outside every range."""
    expected = range_of(number)
    if expected is None:
        return []
    found = []
    if sector != expected.sector:
        found.append(Disagreement("sector", sector, (expected.sector,)))
    if governance is not None and expected.governance and governance not in expected.governance:
        found.append(Disagreement("governance", governance, tuple(sorted(expected.governance))))
    return found
