"""The rows of one sheet: each cell is checked against what its column may hold, and every finding is kept.

A code that is wrong in many rows (an unknown authority in all 126 of its schools) is one finding with its rows.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.code_list import CodeList
from contracts.codes import (
    GOVERNANCE,
    LANGUAGE_CATEGORY_2007,
    RELIGIOUS_CHARACTER,
    SCHOOL_TYPES,
    SECTORS,
)
from registry.domain.address_list.columns import COLUMNS, ListColumn, Part
from registry.domain.address_list.listed import ListedSchool
from registry.domain.data_quality import Finding
from registry.domain.school_number import authority_of, disagreements, is_number, range_of

_REQUIRED: Final = frozenset(
    {
        "school_number", "name", "authority", "sector", "governance", "language_category", "school_type",
        "religious_character",
    }
)  # fmt: skip
_BY_LABEL: Final[Mapping[str, CodeList]] = {
    "sector": SECTORS,
    "governance": GOVERNANCE,
    "school_type": SCHOOL_TYPES,
    "religious_character": RELIGIOUS_CHARACTER,
}
_NOT_MAINTAINED: Final = frozenset({"independent", "pru"})
_LONGEST: Final = {column.field: column.longest for column in COLUMNS}
_PUPILS: Final = re.compile(r"[0-9]{1,6}")

_SECTORS_OF_CATEGORY: Final[Mapping[str, frozenset[str]]] = {
    "DS": frozenset({"primary"}),
    "TR": frozenset({"primary"}),
    **dict.fromkeys(("AB", "BB", "CB", "CH"), frozenset({"middle", "secondary"})),
    "NA": frozenset({"nursery", "special"}),
}
"""Rule DQ-005; categories that are not named here are used in every sector. Source: definitions of 2007/08."""


@dataclass
class RowReader:
    """Reads the rows of one sheet. `columns` says in which cell each known field stands."""

    sheet: str
    part: Part
    columns: Mapping[str, int]
    headers: Mapping[str, str]
    authorities: Collection[str]
    width: int
    schools: dict[str, ListedSchool] = field(default_factory=dict)
    rows_of: dict[str, list[int]] = field(default_factory=dict)
    _findings: list[Finding] = field(default_factory=list)
    _grouped: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def read(self, number: int, cells: Sequence[str]) -> None:
        """Reads one row; `number` as a person counts. A blank row is passed over."""
        if not any(cells):
            return
        if (len(cells) != self.width and any(cells[self.width :])) or len(cells) < self.width:
            self._findings.append(
                Finding("DQ-114", self.sheet, (number,), value=str(len(cells)), expected=str(self.width))
            )
            return
        before = len(self._findings)
        values = {name: self._clean(number, name, cells[at]) for name, at in self.columns.items()}
        school = self._school(number, values)
        if school is None:
            return
        self._label_findings(before, school.school_number)
        self.rows_of.setdefault(school.school_number, []).append(number)
        self.schools.setdefault(school.school_number, school)

    @property
    def findings(self) -> list[Finding]:
        """Every finding so far: those of single rows first, then those grouped by value, then doubled numbers."""
        grouped = [
            Finding(rule, self.sheet, tuple(rows), self.headers.get(name), value)
            for (rule, name, value), rows in self._grouped.items()
        ]
        doubled = [
            Finding("DQ-108", self.sheet, tuple(rows), self.headers.get("school_number"), number,
                    school_number=number)
            for number, rows in self.rows_of.items()
            if len(rows) > 1
        ]  # fmt: skip
        return [*self._findings, *grouped, *doubled]

    def _find(
        self, rule: str, row: int, name: str, value: str | None = None, expected: str | None = None
    ) -> None:
        self._findings.append(
            Finding(rule, self.sheet, (row,), self.headers.get(name, name), value, expected)
        )

    def _label_findings(self, before: int, school_number: str) -> None:
        for at in range(before, len(self._findings)):
            found = self._findings[at]
            self._findings[at] = Finding(
                found.rule, found.sheet, found.rows, found.column, found.value, found.expected, school_number
            )

    def _clean(self, row: int, name: str, raw: str) -> str:
        """The value of a cell: composed letters (NFC), no surrounding space, no control character."""
        value = raw if raw.isascii() else unicodedata.normalize("NFC", raw.replace("\u00a0", " "))
        stripped = value.strip()
        if stripped != value and stripped:
            self._find("DQ-002", row, name, stripped)
        if not stripped.isprintable():
            self._find("DQ-117", row, name)
            return ""
        if len(stripped) > _LONGEST[name]:
            # A number that is too long is not a number: one finding says it, not two.
            if name not in ("school_number", "authority", "pupils"):
                self._find("DQ-116", row, name, expected=str(_LONGEST[name]))
            return stripped[: _LONGEST[name] + 1]
        if not stripped and name in _REQUIRED:
            self._find("DQ-111", row, name)
        return stripped

    def _school(self, row: int, values: Mapping[str, str]) -> ListedSchool | None:
        number, authority = values["school_number"], values.get("authority", "")
        known_number = is_number(number)
        if number and not known_number:
            self._find("DQ-107", row, "school_number", number)
        if authority and authority not in self.authorities:
            self._grouped.setdefault(("DQ-109", "authority", authority), []).append(row)
        elif authority and known_number and authority_of(number) != authority:
            self._find("DQ-110", row, "school_number", authority)
        codes = {name: self._code(row, name, values[name]) for name in _BY_LABEL if name in values}
        category = self._category(row, values)
        pupils = self._pupils(row, values)
        if not known_number:
            return None
        school = ListedSchool(
            school_number=number,
            name=values.get("name", ""),
            authority=authority,
            part=self.part,
            sector=codes.get("sector") or (self.part.value if self.part is not Part.maintained else ""),
            governance=codes.get("governance"),
            school_type=codes.get("school_type"),
            language_category=category,
            religious_character=codes.get("religious_character"),
            address=tuple(line for at in range(1, 5) if (line := values.get(f"address_{at}", ""))),
            postcode=values.get("postcode") or None,
            phone=values.get("phone") or None,
            pupils=pupils,
        )
        self._judge(row, school)
        return school

    def _code(self, row: int, name: str, value: str) -> str | None:
        if not value:
            return None
        entry = _BY_LABEL[name].by_label(value)
        if entry is None or (name == "sector" and entry.code in _NOT_MAINTAINED):
            self._grouped.setdefault(("DQ-112", name, value), []).append(row)
            return None
        return entry.code

    def _category(self, row: int, values: Mapping[str, str]) -> str | None:
        """The language category by its code: `NA` is a code, not a missing value."""
        value = values.get("language_category", "")
        if not value:
            return None
        if value not in LANGUAGE_CATEGORY_2007:
            self._grouped.setdefault(("DQ-112", "language_category", value), []).append(row)
            return None
        label = values.get("language_label", "")
        named = LANGUAGE_CATEGORY_2007.by_label(label)
        if label and (named is None or named.code != value):
            self._find("DQ-004", row, "language_label", label, value)
        return value

    def _pupils(self, row: int, values: Mapping[str, str]) -> int | None:
        value = values.get("pupils")
        if value is None:
            return None
        if not value:
            self._find("DQ-003", row, "pupils")
            return None
        if not _PUPILS.fullmatch(value):
            self._find("DQ-113", row, "pupils", value)
            return None
        return int(value)

    def _judge(self, row: int, school: ListedSchool) -> None:
        """Warnings about a school as a whole: DQ-001, DQ-005, DQ-007."""
        if range_of(school.school_number) is None:
            self._find("DQ-007", row, "school_number", school.school_number)
        if school.sector:
            for found in disagreements(school.school_number, school.sector, school.governance):
                self._find("DQ-001", row, found.field, found.value, " / ".join(found.expected))
        usual = _SECTORS_OF_CATEGORY.get(school.language_category or "")
        if usual is not None and school.sector and school.sector not in usual:
            self._find("DQ-005", row, "language_category", school.language_category)


def columns_in(header: Sequence[str], wanted: Sequence[tuple[ListColumn, str]]) -> dict[str, int]:
    """In which cell each wanted column stands, for those that are there; the first where one stands twice."""
    return {column.field: header.index(name) for column, name in wanted if name in header}
