"""The columns of the address list, exactly as the Welsh Government writes them in either language.

Source: "Address list of schools", 10 April 2018. The apostrophe in `Enw’r ysgol` is curly in the original.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.text import LANGUAGES, Language, Text


class Part(StrEnum):
    """The three parts of the list."""

    maintained = "maintained"
    independent = "independent"
    pru = "pru"


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column: our name for it, its header in both languages, the parts that have it, its greatest length."""

    field: str
    header: Text
    parts: frozenset[Part]
    longest: int


_ALL = frozenset(Part)
_MAINTAINED = frozenset({Part.maintained})
_WITH_PUPILS = frozenset({Part.maintained, Part.independent})

COLUMNS: Final[tuple[ListColumn, ...]] = (
    ListColumn("school_number", Text("School Number", "Rhif yr ysgol"), _ALL, 7),
    ListColumn("name", Text("School Name", "Enw’r ysgol"), _ALL, 200),
    ListColumn("authority", Text("LA Code", "Cod ALl"), _ALL, 3),
    ListColumn("authority_name", Text("Local Authority", "Awdurdod Lleol"), _ALL, 100),
    ListColumn("sector", Text("Sector", "Sector"), _MAINTAINED, 50),
    ListColumn("governance", Text("Governance - see notes", "Llywodraethu - Gweler y nodiadau"), _MAINTAINED, 50),
    ListColumn("language_category", Text("WM Code", "Cod CC"), _MAINTAINED, 10),
    ListColumn("language_label",
               Text("Welsh Medium Type - see notes", "Math o gyfrwng Cymraeg - Gweler y nodiadau"), _MAINTAINED, 100),
    ListColumn("school_type", Text("School Type", "Math o ysgol"), _MAINTAINED, 100),
    ListColumn("religious_character", Text("Religious Character", "Cymeriad crefyddol"), _MAINTAINED, 100),
    ListColumn("address_1", Text("Address 1", "Cyfeiriad 1"), _ALL, 100),
    ListColumn("address_2", Text("Address 2", "Cyfeiriad 2"), _ALL, 100),
    ListColumn("address_3", Text("Address 3", "Cyfeiriad 3"), _ALL, 100),
    ListColumn("address_4", Text("Address 4", "Cyfeiriad 4"), _ALL, 100),
    ListColumn("postcode", Text("Postcode", "Cod post"), _ALL, 10),
    ListColumn("phone", Text("Phone Number", "Rhif ffôn"), _ALL, 30),
    ListColumn("pupils", Text("Pupils - see notes", "Disgyblion - Gweler y nodiadau"), _WITH_PUPILS, 6),
)  # fmt: skip

SHEETS: Final[dict[str, tuple[Part, Language]]] = {
    "Maintained": (Part.maintained, "en"),
    "Independent": (Part.independent, "en"),
    "PRU": (Part.pru, "en"),
    "A_gynhelir": (Part.maintained, "cy"),
    "Annibynnol": (Part.independent, "cy"),
    "UCD": (Part.pru, "cy"),
}
"""Names of the sheets of the ODS that hold schools."""


def columns_of(part: Part) -> tuple[ListColumn, ...]:
    """The columns that a part has, in the order of the list."""
    return tuple(column for column in COLUMNS if part in column.parts)


def nearest(header: Sequence[str]) -> tuple[Part, Language]:
    """Which part in which language a header is closest to: by its known columns, then by those it lacks.

    So a header with one wrong name is measured against what it was meant to be, and its faults are few and exact.
    """
    present = set(header)

    def distance(candidate: tuple[Part, Language]) -> tuple[int, int]:
        part, language = candidate
        wanted = {column.header.in_(language) for column in columns_of(part)}
        return len(wanted ^ present), -len(wanted & present)

    return min(((part, language) for part in Part for language in LANGUAGES), key=distance)
