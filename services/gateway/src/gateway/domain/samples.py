"""A value that fits a schema, in the field's own words: the examples of the published description.

Deterministic: one schema always has one example. What a schema cannot say (that a school belongs to the authority
beside it) an example does not promise either.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.domain.sample_values import (
    ABSENT,
    DATES,
    FORMATS,
    KEYS,
    NOT_SO,
    NUMBERS,
    OPEN,
    PATTERNED,
    texts_for,
)
from gateway.domain.schema_limits import FREE, NO_NUL

Schema = Mapping[str, Any]

DEPTH: Final = 8
"""How deep a value is filled; below it only what is required stands, so that a schema may refer to itself."""
_PREFIX: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: the schema and the field, what is said of it, how deep."""

    within: str = ""
    name: str = ""
    description: str = ""
    depth: int = 0


class NoSampleError(ValueError):
    """A schema whose pattern or limits none of the known values fits."""


def sample(schema: Schema, components: Mapping[str, Schema], name: str = "") -> Any:
    """A value that fits `schema`; `components` by name, `name` of the field. Raises NoSampleError."""
    return _sample(schema, components, _Place(name=name))


def _sample(schema: Schema, components: Mapping[str, Schema], place: _Place) -> Any:
    if "description" in schema and "$ref" not in schema:
        place = replace(place, description=schema["description"]) if place.description == "" else place
    while isinstance(reference := schema.get("$ref"), str):
        place = replace(place, within=reference.removeprefix(_PREFIX))
        schema = components[place.within]
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        known = texts_for(place.within, place.name, place.description)
        return next((text for text in known if text in schema["enum"]), schema["enum"][0])
    if schema.get("examples"):
        return schema["examples"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _chosen(schema[choice], components, place)
    if "allOf" in schema:
        parts = [components[part["$ref"].removeprefix(_PREFIX)] if "$ref" in part else part
                 for part in schema["allOf"]]  # fmt: skip
        return _sample({key: value for part in parts for key, value in part.items()}, components, place)
    return _typed(schema, components, place)


def _chosen(choices: list[Schema], components: Mapping[str, Schema], place: _Place) -> Any:
    shown = [one for one in choices if one.get("type") != "null"]
    open_ended = len(shown) < len(choices) and place.name in OPEN and not place.within.endswith("Patch")
    return _sample(shown[0], components, place) if shown and not open_ended else None


def _typed(schema: Schema, components: Mapping[str, Schema], place: _Place) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, components, place)
        case "array":
            return _array(schema, components, place)
        case "string":
            return _string(schema, place)
        case "integer":
            return _integer(schema, place.name)
        case "number":
            return schema.get("minimum", 1.5)
        case "boolean":
            return bool(schema.get("default", place.name not in NOT_SO))
        case "null":
            return None
    return "example"


def _object(schema: Schema, components: Mapping[str, Schema], place: _Place) -> dict[str, Any]:
    required = schema.get("required", ())
    wanted = {
        name: inner
        for name, inner in schema.get("properties", {}).items()
        if name in required or (place.depth < DEPTH and name not in ABSENT)
    }
    below = place.depth + 1
    found = {
        name: _sample(inner, components, _Place(place.within, name, inner.get("description", ""), below))
        for name, inner in wanted.items()
    }
    further = schema.get("additionalProperties")
    if isinstance(further, Mapping) and not found and place.depth < DEPTH:
        key = KEYS.get(place.name, "primary")
        found[key] = _sample(further, components, _Place(place.within, key, depth=below))
    return found


def _array(schema: Schema, components: Mapping[str, Schema], place: _Place) -> list[Any]:
    least = schema.get("minItems", 0)
    if place.depth >= DEPTH and not least:
        return []
    one = _sample(schema.get("items", {}), components, replace(place, depth=place.depth + 1))
    return [one] * max(1, least)


def _integer(schema: Schema, name: str) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
    most = schema.get("maximum", schema.get("exclusiveMaximum", 2**31) - ("exclusiveMaximum" in schema))
    return int(min(max(least, NUMBERS.get(name, 1)), most))


def _string(schema: Schema, place: _Place) -> str:
    kind, name = str(schema.get("format")), place.name
    if kind == "date":
        return DATES.get(name, FORMATS["date"])
    if (known := FORMATS.get(kind)) is not None:
        return known
    words = name.replace("_", " ").strip().capitalize() or "Text"
    by_name = texts_for(place.within, name, place.description)
    free = [words, words[:1], f"{words}: a text for the example".ljust(schema.get("minLength", 0), ".")]
    strict = schema.get("pattern", NO_NUL) not in FREE
    tried = (*by_name, *PATTERNED, *free) if strict else (*by_name, *free, *PATTERNED)
    for text in tried:
        if _fits(schema, text):
            return text
    raise NoSampleError(f"no text known for {name!r}: {dict(schema)}")


def _fits(schema: Schema, text: str) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None
