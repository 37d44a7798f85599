"""Visit types and the annual cycle of each regime, as data [domain 4.2; S0-10, S2-26]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.school_year import day_in
from contracts.text import Text
from visits.domain.visits import Timeliness


@dataclass(frozen=True, slots=True)
class VisitType:
    """A kind of visit. `component` is a code of `cmi_components`."""

    code: str
    title: Text
    component: str


@dataclass(frozen=True, slots=True)
class CycleEntry:
    """A visit type in a regime's cycle. `universal`: owed to every school in scope once a year, by `due_by` (MM-DD).

    `sectors` empty: all sectors that are in scope.
    """

    visit_type: VisitType
    universal: bool = False
    due_by: str | None = None
    sectors: frozenset[str] = frozenset()

    def owed_to(self, sector: str) -> bool:
        """Whether a school of this sector is owed the visit."""
        return sector in IN_SCOPE and (not self.sectors or sector in self.sectors)

    def last_day(self, school_year: str) -> date | None:
        """The day by which it is due in a school year."""
        return None if self.due_by is None else day_in(school_year, self.due_by)


IN_SCOPE = frozenset({"nursery", "primary", "middle", "secondary", "special", "pru"})
"""Maintained schools and PRUs; never independent schools [flows 2]."""


@dataclass(frozen=True)
class RegimeCycle:
    """What a regime asks for: its visit types, days for documents, framework of judgement."""

    regime: str
    framework: str
    timeliness: Timeliness
    cycle: Mapping[str, CycleEntry]


def read_cycles(data: Mapping[str, Any]) -> tuple[Mapping[str, VisitType], Mapping[str, RegimeCycle]]:
    """Types and cycles from `visit_types.toml`. Raises KeyError for a cycle that names an unknown type."""
    types = {
        code: VisitType(code, Text(**entry["title"]), entry["component"])
        for code, entry in data["types"].items()
    }
    cycles = {}
    for regime, given in data["regimes"].items():
        entries = {
            entry["type"]: CycleEntry(
                types[entry["type"]],
                entry.get("universal", False),
                entry.get("due_by"),
                frozenset(entry.get("sectors", ())),
            )
            for entry in given["cycle"]
        }
        cycles[regime] = RegimeCycle(regime, given["framework"], Timeliness(**given["timeliness"]), entries)
    return types, cycles
