"""The definition of the return as versioned data: sections, figures with stable codes, rules by id, and its schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from contracts.text import Text
from exchange.domain.figures import Measure, Status

Severity = Literal["error", "warning"]
DIMENSIONS: Final[Mapping[str, Text]] = {
    "sector": Text("Sector", "Sector"),
    "medium": Text("Medium", "Cyfrwng"),
    "category": Text("Category", "Categori"),
    "school": Text("School", "Ysgol"),
    "visit_type": Text("Visit type", "Math o ymweliad"),
    "specialism": Text("Specialism", "Arbenigedd"),
    "support_type": Text("Support type", "Math o gymorth"),
    "side": Text("Side", "Ochr"),
    "body": Text("Body", "Corff"),
    "body_type": Text("Body type", "Math o gorff"),
    "funding_stream": Text("Funding stream", "Ffrwd gyllido"),
    "rule": Text("Rule", "Rheol"),
}
"""By what figures are broken down. Codes are the same in both languages."""
UNITS: Final[Mapping[str, Text]] = {
    "records": Text("records", "cofnodion"),
    "days": Text("days", "diwrnodau"),
    "working_days": Text("working days", "diwrnodau gwaith"),
    "pence": Text("pence", "ceiniogau"),
    "basis_points": Text("hundredths of a percent", "canfedau o'r cant"),
    "date": Text("day, as YYYYMMDD", "diwrnod, fel BBBBMMDD"),
}
_UNIT_OF: Final = {Measure.counted: "records", Measure.share: "basis_points", Measure.day: "date"}


@dataclass(frozen=True, slots=True)
class FigureDefinition:
    """One figure. `late`: what came late is itemised by it; `compared`: a great change of it asks for a comment."""

    code: str
    section: str
    title: Text
    late: bool = False
    compared: bool = False
    measure: Measure = Measure.counted
    unit: str = "records"
    """Code of `UNITS`."""


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One rule: an error bars freezing unless it is waived, a warning needs a comment."""

    id: str
    severity: Severity
    title: Text


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of the definition of the return."""

    version: str
    title: Text
    due_after_days: int
    change_percent: int
    sectors: frozenset[str]
    visit_types: frozenset[str]
    review_types: frozenset[str]
    """Visit types by which a school that is monitored intensively is reviewed."""
    body_types: frozenset[str]
    """Types of the bodies whose meetings are counted against what is required."""
    sections: Mapping[str, Text]
    figures: Mapping[str, FigureDefinition]
    rules: Mapping[str, RuleDefinition]

    @property
    def collected(self) -> frozenset[str]:
        """The sections that have figures; of the others is said that nothing is collected."""
        return frozenset(figure.section for figure in self.figures.values())


def read_definition(data: Mapping[str, Any]) -> Definition:
    """The definition of a TOML document. Raises ValueError for a figure of a section that is not declared."""
    sections = {code: _text(title) for code, title in data["sections"].items()}
    figures = {code: _figure(code, row) for code, row in data["figures"].items()}
    if lost := sorted(figure.code for figure in figures.values() if figure.section not in sections):
        raise ValueError(f"figures of no section: {lost}")
    return Definition(
        version=data["version"],
        title=_text(data["title"]),
        due_after_days=data["due_after_days"],
        change_percent=data["change_percent"],
        sectors=frozenset(data["sectors"]),
        visit_types=frozenset(data["visit_types"]),
        review_types=frozenset(data["review_types"]),
        body_types=frozenset(data["body_types"]),
        sections=sections,
        figures=figures,
        rules={id_: RuleDefinition(id_, row["severity"], _text(row)) for id_, row in data["rules"].items()},
    )


def _figure(code: str, row: Mapping[str, Any]) -> FigureDefinition:
    measure = Measure(row.get("measure", Measure.counted))
    unit = row.get("unit") or _UNIT_OF[measure]
    if unit not in UNITS:
        raise ValueError(f"{code}: no such unit as {unit}")
    return FigureDefinition(
        code, row["section"], _text(row), row.get("late", False), row.get("compared", False), measure, unit
    )


def _text(row: Mapping[str, str]) -> Text:
    return Text(row["en"], row["cy"])


def json_schema(definition: Definition) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the JSON rendering of a return under this definition."""
    bilingual = _object({"en": _TEXT, "cy": _TEXT})
    section = {
        "code": {"enum": sorted(definition.sections)},
        "title": bilingual,
        "status": {"enum": ["collected", "not_collected"]},
    }
    by_figure = {"type": "object", "propertyNames": {"enum": sorted(definition.figures)}}
    about = ["id", "version", "organisation", "school_year", "period"]
    members = {
        "definition": {"const": definition.version},
        "title": bilingual,
        "test": {"type": "boolean"},
        "trace": _TEXT,
        "return": {"type": "object", "required": about},
        "position": _WHOLE,
        "made_at": _TEXT,
        "earlier": {"type": ["object", "null"]},
        "amends": {"type": ["object", "null"]},
        "sections": _list(_object(section)),
        "titles": {**by_figure, "additionalProperties": bilingual},
        "units": {**by_figure, "additionalProperties": {"enum": sorted(UNITS)}},
        "figures": _list(_cell_schema(definition)),
        "findings": _list(_finding_schema(definition)),
        "renderings": _list(_rendering_schema()),
    }
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": definition.title.en, **_object(members)}


_TEXT: Mapping[str, Any] = {"type": "string"}
_WHOLE: Mapping[str, Any] = {"type": "integer", "minimum": 0}


def _cell_schema(definition: Definition) -> dict[str, Any]:
    by = {"type": "object", "propertyNames": {"enum": list(DIMENSIONS)}, "additionalProperties": _TEXT}
    return _object(
        {
            "figure": {"enum": sorted(definition.figures)},
            "authority": {"type": ["string", "null"], "pattern": "^[0-9]{3}$"},
            "by": by,
            "status": {"enum": [status.value for status in Status]},
            "value": {"type": ["integer", "null"], "minimum": 0},
        }
    )


def _finding_schema(definition: Definition) -> dict[str, Any]:
    remark = _object({"kind": {"enum": ["comment", "waiver"]}, "text": _TEXT})
    return _object(
        {
            "rule": {"enum": sorted(definition.rules)},
            "severity": {"enum": ["error", "warning"]},
            "authority": {"type": ["string", "null"]},
            "figure": {"type": ["string", "null"]},
            "expected": {"type": ["integer", "null"]},
            "found": {"type": ["integer", "null"]},
            "remark": {"anyOf": [{"type": "null"}, remark]},
        }
    )


def _rendering_schema() -> dict[str, Any]:
    return _object(
        {
            "format": {"enum": ["csv", "ods"]},
            "language": {"enum": ["en", "cy"]},
            "media_type": _TEXT,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "bytes": _WHOLE,
        }
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}
