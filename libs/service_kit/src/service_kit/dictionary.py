"""What the names of the interface mean, in both languages: the words of a description that the code does not bring.

They lie in `dictionary.toml` beside a service's `service.py`, and in the kit's for what every service shares:

    [fields]                      # by name: holds in every schema of the service unless a schema says otherwise
    school_number = { en = "The school's number ...", cy = "Rhif yr ysgol ..." }
    [schemas.VisitView]           # what one schema means otherwise; "" is the schema itself
    "" = { cy = "Ymweliad ..." }  # without `en` where the code has the English
    [operations.plan_visit]       # by operation id
    summary = { en = "...", cy = "..." }
    description = { cy = "..." }
    [parameters]                  # by name
    [values.side]                 # of an enumeration that is no code list: by field, parameter or schema, each value
    supported = { en = "...", cy = "..." }

Where the code has English, the code's holds. A schema that the kit's dictionary names is the kit's: a service has no
words in it, so that every service describes it alike.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

DESCRIPTION_CY: Final = "x-description-cy"
SUMMARY_CY: Final = "x-summary-cy"
LABELS: Final = "x-enum-labels"
"""Beside an `enum`: for each value its label in both languages."""
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Place = tuple[str, ...]
"""Where an entry stands in its file, such as ("schemas", "VisitView", "planned_for")."""
_INNER: Final = ("anyOf", "oneOf", "allOf", "items", "additionalProperties")
_TABLES: Final = frozenset({"fields", "schemas", "operations", "parameters", "values"})


@dataclass(frozen=True, slots=True)
class Words:
    """One meaning in Welsh, and in English where the code has none."""

    cy: str
    en: str | None = None


@dataclass(frozen=True)
class Dictionary:
    """The entries of one file by their places. `owner` is the package that it lies in."""

    owner: str
    entries: Mapping[Place, Words] = field(default_factory=dict)
    schemas: frozenset[str] = field(init=False, compare=False)
    """The schemas that it has words of their own for."""

    def __post_init__(self) -> None:
        named = frozenset(place[1] for place in self.entries if place[0] == "schemas")
        object.__setattr__(self, "schemas", named)


@cache
def dictionary_of(package: Path) -> Dictionary:
    """The dictionary of a package, empty where it has none; read once. Raises ValueError as `parse_dictionary`."""
    path = package / "dictionary.toml"
    return parse_dictionary(package.name, path.read_text("utf-8") if path.exists() else "")


def shared_dictionary() -> Dictionary:
    """The kit's own: what holds in every service."""
    return dictionary_of(Path(__file__).parent)


def parse_dictionary(owner: str, toml: str) -> Dictionary:
    """Reads a dictionary. Raises ValueError for an unknown table and for an entry without Welsh."""
    tables = tomllib.loads(toml)
    if unknown := tables.keys() - _TABLES:
        raise ValueError(f"a dictionary has {sorted(_TABLES)} only, not {sorted(unknown)}")
    return Dictionary(owner, dict(_entries(tables, ())))


def _entries(table: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, Words]]:
    for name, value in table.items():
        here = (*place, name)
        if not isinstance(value, dict):
            raise ValueError(f"{'.'.join(here)}: an entry is {{ en = ..., cy = ... }}")
        if value and all(isinstance(text, str) for text in value.values()):
            if not value.get("cy", "").strip() or value.keys() - {"en", "cy"}:
                raise ValueError(
                    f"{'.'.join(here)}: a text in Welsh, and one in English where the code has none"
                )
            yield here, Words(value["cy"], value.get("en"))
        else:
            yield from _entries(value, here)


def write_words(document: Mapping[str, Any], own: Dictionary, shared: Dictionary) -> None:
    """Puts the words of a service's dictionary and of the kit's into the description of the service."""
    for slot in slots(document, own, shared):
        found = slot.entry()
        if found is not None and slot.welsh not in slot.target:
            words = found[2]
            if words.en is not None:
                slot.target.setdefault(slot.key, words.en)
            slot.target[slot.welsh] = words.cy
    for slot, value in valued(document, own, shared):
        found = slot.entry()
        if found is not None:
            words = found[2]
            labels = slot.target.setdefault(LABELS, {})
            labels.setdefault(value, {"en": words.en or value, "cy": words.cy})


@dataclass(frozen=True, slots=True)
class Slot:
    """One text of a description: where it stands and where its words are looked for, in this order."""

    name: str
    target: dict[str, Any]
    key: str
    welsh: str
    places: tuple[tuple[Dictionary, Place], ...]

    def entry(self) -> tuple[str, Place, Words] | None:
        """The owner, the place and the words of the entry that holds here, or None."""
        for dictionary, place in self.places:
            if (words := dictionary.entries.get(place)) is not None:
                return dictionary.owner, place, words
        return None


def slots(document: Mapping[str, Any], own: Dictionary, shared: Dictionary) -> Iterator[Slot]:
    """Every text of a service's description that a dictionary may hold."""
    both = (own, shared)
    for operation in _operations(document):
        name = operation["operationId"]
        for key, welsh in (("summary", SUMMARY_CY), ("description", DESCRIPTION_CY)):
            yield _slot(f"{name} {key}", operation, key, welsh, both, ("operations", name, key))
        for parameter in operation.get("parameters", ()):
            place = ("parameters", parameter["name"])
            where = f"{name}({parameter['name']})"
            yield _slot(where, parameter, "description", DESCRIPTION_CY, both, place)
    for name, schema, base, dictionaries in _schemas(document, own, shared):
        first = dictionaries[:1]
        yield _slot(name, schema, "description", DESCRIPTION_CY, first, ("schemas", base, ""))
        for field_name, described in schema.get("properties", {}).items():
            general = [(dictionary, ("fields", field_name)) for dictionary in dictionaries]
            places = ((first[0], ("schemas", base, field_name)), *general)
            yield Slot(f"{name}.{field_name}", described, "description", DESCRIPTION_CY, places)


def valued(document: Mapping[str, Any], own: Dictionary, shared: Dictionary) -> Iterator[tuple[Slot, str]]:
    """Each value of each enumeration of the description that is no code list, with the place of its label."""
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            yield from _values(parameter.get("schema"), parameter["name"], (own, shared))
    for name, schema, _, dictionaries in _schemas(document, own, shared):
        if "enum" in schema:
            yield from _values(schema, name, dictionaries)
        for field_name, described in schema.get("properties", {}).items():
            yield from _values(described, field_name, dictionaries)


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document.get("paths", {}).values():
        yield from (item[method] for method in METHODS if isinstance(item.get(method), dict))


def _schemas(
    document: Mapping[str, Any], own: Dictionary, shared: Dictionary
) -> Iterator[tuple[str, dict[str, Any], str, tuple[Dictionary, ...]]]:
    """Name and schema, the name that dictionaries know it by, and the dictionaries that hold in it."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        # A generic model filled in bears the words of its origin: Page of Page_SchoolView_.
        base = name.partition("_")[0] if name.endswith("_") else name
        yield name, schema, base, (shared,) if base in shared.schemas else (own, shared)


def _slot(
    name: str,
    target: dict[str, Any],
    key: str,
    welsh: str,
    dictionaries: tuple[Dictionary, ...],
    place: Place,
) -> Slot:
    return Slot(name, target, key, welsh, tuple((dictionary, place) for dictionary in dictionaries))


def _values(schema: Any, name: str, dictionaries: tuple[Dictionary, ...]) -> Iterator[tuple[Slot, str]]:
    """Of the enumerations within the schema of a field, also in its choices and items."""
    if isinstance(schema, list):
        for one in schema:
            yield from _values(one, name, dictionaries)
    if not isinstance(schema, dict):
        return
    for value in map(str, schema.get("enum", ())):
        place = ("values", name, value)
        yield _slot(f"{name}={value}", schema, LABELS, LABELS, dictionaries, place), value
    for key in _INNER:
        yield from _values(schema.get(key), name, dictionaries)
