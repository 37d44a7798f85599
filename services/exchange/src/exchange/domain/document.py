"""The content of a return as one bilingual JSON document, the rows of its tables, and how two versions differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.text import Language, Text
from exchange.domain.definition import DIMENSIONS, UNITS, Definition
from exchange.domain.figures import By, Cell, Status
from exchange.domain.rules import Finding, Key, Remark, Values

STATUS_TITLES: Final[Mapping[str, Text]] = {
    Status.value: Text("Value", "Gwerth"),
    Status.not_collected: Text("Not collected", "Heb ei gasglu"),
    Status.suppressed: Text("Suppressed", "Wedi'i atal"),
    Status.unknown: Text("Unknown", "Anhysbys"),
    Status.no_figure: Text("No figure", "Dim ffigur"),
}

COLUMNS: Final[tuple[tuple[str, Text], ...]] = (
    ("standing", Text("Standing", "Statws y ffurflen")),
    ("section", Text("Section", "Adran")),
    ("figure", Text("Figure code", "Cod y ffigur")),
    ("title", Text("Figure", "Ffigur")),
    ("authority", Text("Authority", "Awdurdod")),
    *DIMENSIONS.items(),
    ("unit", Text("Unit", "Uned")),
    ("status", Text("Status", "Statws")),
    ("value", Text("Value", "Gwerth")),
)
"""The columns of the tables. Codes are the same in both languages, so that totals can be compared by machine."""

STANDING: Final[Mapping[bool, Text]] = {
    False: Text("Return", "Ffurflen"),
    True: Text("TEST RETURN: NOT A RETURN", "FFURFLEN BRAWF: NID FFURFLEN"),
}
"""Whether it is a test: said in every row, so that no part of a test is ever taken for a return."""

TableValue = str | int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs between two versions; None: the version has no such cell, or no count in it."""

    figure: str
    authority: str | None
    by: By
    before: int | None
    after: int | None


def cell_json(cell: Cell) -> dict[str, Any]:
    """A cell as the JSON rendering has it."""
    return {
        "figure": cell.figure,
        "authority": cell.authority,
        "by": dict(cell.by),
        "status": cell.status.value,
        "value": cell.value,
    }


def cells_of(document: Mapping[str, Any]) -> list[Cell]:
    """The cells of a JSON rendering."""
    return [
        Cell(
            row["figure"],
            row["authority"],
            tuple(sorted(row["by"].items())),
            Status(row["status"]),
            row["value"],
        )
        for row in document["figures"]
    ]


def finding_json(finding: Finding, remarks: Sequence[Remark]) -> dict[str, Any]:
    """A finding with what was said of it, as the JSON rendering has it."""
    said = next((r for r in remarks if (r.rule, r.authority) == (finding.rule, finding.authority)), None)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "authority": finding.authority,
        "figure": finding.figure,
        "expected": finding.expected,
        "found": finding.found,
        "remark": {"kind": said.kind, "text": said.text} if said is not None else None,
    }


def document(
    definition: Definition,
    head: Mapping[str, Any],
    cells: Sequence[Cell],
    findings: Sequence[Finding],
    remarks: Sequence[Remark],
    renderings: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The JSON rendering. `head` gives test, return, trace, position, made_at, earlier and amends."""
    title = _both(definition.title)
    if head["test"]:
        title = {language: f"{_both(STANDING[True])[language]}. {text}" for language, text in title.items()}
    return {
        "definition": definition.version,
        "title": title,
        **head,
        "sections": [
            {
                "code": code,
                "title": _both(title),
                "status": "collected" if _collected(definition, code, cells) else "not_collected",
            }
            for code, title in definition.sections.items()
        ],
        "titles": {code: _both(figure.title) for code, figure in definition.figures.items()},
        "units": {code: figure.unit for code, figure in definition.figures.items()},
        "figures": [cell_json(cell) for cell in cells],
        "findings": [finding_json(finding, remarks) for finding in findings],
        "renderings": list(renderings),
    }


def _collected(definition: Definition, section: str, cells: Sequence[Cell]) -> bool:
    return any(
        definition.figures[cell.figure].section == section and cell.status is not Status.not_collected
        for cell in cells
    )


def table_rows(
    definition: Definition, cells: Sequence[Cell], language: Language, *, test: bool
) -> Iterator[list[TableValue]]:
    """The rows of the table of figures, in the order of `COLUMNS`; sections without figures say so in a row."""
    standing = STANDING[test].in_(language)
    told = {definition.figures[cell.figure].section for cell in cells}
    for section, title in definition.sections.items():
        if section not in told:
            status = STATUS_TITLES[Status.not_collected].in_(language)
            yield [standing, title.in_(language), *([None] * (len(COLUMNS) - 4)), status, None]
    for cell in cells:
        figure = definition.figures[cell.figure]
        by = dict(cell.by)
        yield [
            standing,
            definition.sections[figure.section].in_(language),
            figure.code,
            figure.title.in_(language),
            cell.authority,
            *(by.get(name) for name in DIMENSIONS),
            UNITS[figure.unit].in_(language),
            STATUS_TITLES[cell.status].in_(language),
            cell.value,
        ]


def differences(before: Values, after: Values) -> list[Difference]:
    """Every count that differs, by figure, authority and breakdown."""

    def order(key: Key) -> tuple[str, str, By]:
        return key[0], key[1] or "", key[2]

    return [
        Difference(*key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys(), key=order)
        if before.get(key) != after.get(key)
    ]


def difference_json(one: Difference) -> dict[str, Any]:
    """A difference as answers and documents have it."""
    return {
        "figure": one.figure,
        "authority": one.authority,
        "by": dict(one.by),
        "before": one.before,
        "after": one.after,
    }


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "cy": text.cy}
