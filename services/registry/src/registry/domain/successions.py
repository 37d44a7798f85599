"""Files of successions: who followed whom, as a CSV with a row per predecessor and successor.

Columns: successor_number, successor_name, sector, school_type, wm_code, la_code, effective_date, predecessor_number,
basis. Sector and type are the published labels of the address list; `basis` says how sure a row is.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contracts.code_list import CodeList
from contracts.codes import SCHOOL_TYPES, SECTORS


@dataclass(frozen=True, slots=True)
class Succession:
    """One successor with its predecessors on a day, and what the file says of it."""

    valid_from: date
    successor: str
    predecessors: tuple[str, ...]
    name: str
    sector: str
    school_type: str
    language_category: str


def read_successions(text: str) -> Sequence[Succession]:
    """The successions of a file, in its order. Raises ValueError for a label that is in no code list."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        grouped.setdefault((row["successor_number"], row["effective_date"]), []).append(row)
    return [
        Succession(
            date.fromisoformat(day),
            number,
            tuple(row["predecessor_number"] for row in rows),
            rows[0]["successor_name"],
            _code(SECTORS, rows[0]["sector"]),
            _code(SCHOOL_TYPES, rows[0]["school_type"]),
            rows[0]["wm_code"],
        )
        for (number, day), rows in grouped.items()
    ]


def _code(codes: CodeList, label: str) -> str:
    entry = codes.by_label(label)
    if entry is None:
        raise ValueError(f"not a label of {codes.name}: {label!r}")
    return entry.code
