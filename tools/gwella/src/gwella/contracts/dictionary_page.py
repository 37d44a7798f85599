"""The data dictionary: every field of the interface with its meaning in both languages."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gwella.contracts.pages import MADE
from service_kit.dictionary import DESCRIPTION_CY, LABELS

_INTRO: Final = """\
What each field of the API means, in English and in Welsh, service by service; the machine-readable form is
[openapi.json](openapi.json). A field that means the same in several schemas stands once, with all of them. `null`: the
field may be null. Codes stand at the end of each service, with their labels. A list comes as pages: `items` of the
schema named, `links` and, when asked for, `total`.
"""
_EVERY: Final = "every service"
_SHOWN: Final = 6
"""Schemas named beside a field; of more, their number is given."""

Described = Mapping[str, Any]


def dictionary_page(documents: Mapping[str, Described]) -> str:
    """The page, of the services' OpenAPI documents by service."""
    shared = _shared(documents)
    sections = {_EVERY: shared} | {
        service: {
            name: schema
            for name, schema in sorted(document["components"]["schemas"].items())
            if name not in shared and not name.endswith("_")
        }
        for service, document in documents.items()
    }
    parts = [MADE, "# Data dictionary\n", _INTRO]
    for section, schemas in sections.items():
        parts += [f"## {section}\n", _schemas(schemas), _fields(schemas), *_codes(schemas)]
    return "\n".join(parts)


def _shared(documents: Mapping[str, Described]) -> dict[str, Described]:
    """The schemas that several services describe alike, pages of lists left out."""
    held: dict[str, list[Described]] = defaultdict(list)
    for document in documents.values():
        for name, schema in document["components"]["schemas"].items():
            held[name].append(schema)
    return {
        name: alike[0]
        for name, alike in sorted(held.items())
        if len(alike) > 1 and all(one == alike[0] for one in alike) and not name.endswith("_")
    }


def _schemas(schemas: Mapping[str, Described]) -> str:
    rows = [(f"`{name}`", *_meaning(schema)) for name, schema in schemas.items()]
    return _table(("schema", "English", "Cymraeg"), rows)


def _fields(schemas: Mapping[str, Described]) -> str:
    held: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            held[(field, type_of(described), *_meaning(described))].append(name)
    rows = [
        (_named(names), f"`{field}`", kind, english, welsh)
        for (field, kind, english, welsh), names in sorted(held.items())
    ]
    return _table(("schema", "field", "type", "English", "Cymraeg"), rows)


def _named(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:_SHOWN]]
    more = len(names) - _SHOWN
    return ", ".join([*shown, *([f"{more} more"] if more > 0 else [])])


def _codes(schemas: Mapping[str, Described]) -> list[str]:
    rows: dict[tuple[str, str, str, str], None] = {}
    for name, schema in schemas.items():
        for field, described in {name: {**schema, "properties": {}}, **schema.get("properties", {})}.items():
            for code, label in _labels(described):
                rows[(f"`{field}`", f"`{code}`", label["en"], label["cy"])] = None
    return (
        [_table(("codes of", "code", "English", "Cymraeg"), sorted(rows, key=lambda row: row[0]))]
        if rows
        else []
    )


def _labels(schema: Any) -> Iterator[tuple[str, Mapping[str, str]]]:
    if isinstance(schema, list):
        for one in schema:
            yield from _labels(one)
    elif isinstance(schema, Mapping):
        yield from schema.get(LABELS, {}).items()
        for key in ("anyOf", "oneOf", "allOf", "items", "additionalProperties"):
            yield from _labels(schema.get(key))


def type_of(schema: Described) -> str:
    """A field's type in a few words: `date or null`, `list of SchoolView`."""
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(type_of(one) for one in schema[choice])
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "enum" in schema:
        return "code"
    match schema.get("type"):
        case "array":
            return f"list of {type_of(schema.get('items', {}))}"
        case "object":
            further = schema.get("additionalProperties")
            return f"by name: {type_of(further)}" if isinstance(further, Mapping) else "object"
        case None:
            return "any"
        case kind:
            return str(schema.get("format", kind))


def _meaning(schema: Described) -> tuple[str, str]:
    return _line(schema.get("description", "")), _line(schema.get(DESCRIPTION_CY, ""))


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [" | ".join(heads), " | ".join("---" for _ in heads), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines) + "\n"
