"""A value that fits a schema, in the field's own words: the examples of the published description.

Deterministic: one schema always has one example. What a schema cannot say (that a school belongs to the authority
beside it) an example does not promise either.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

DEPTH: Final = 8
"""How deep a value is filled; below it only what is required stands, so that a schema may refer to itself."""
_PREFIX: Final = "#/components/schemas/"
_ID: Final = "01980d3e-5b7a-7c61-9f0e-3a5c8d1b2e47"
_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2025-09-01",
    "date-time": "2025-09-01T09:30:00Z",
    "binary": "bytes",
    "uri-reference": "/problems/not_found",
}
_NAMED: Final[Mapping[str, str]] = {
    "authority": "673",
    "school_number": "6732118",
    "school": "6732118",
    "school_year": "2025/26",
    "municipal_year": "2025/26",
    "first_year": "2025",
    "email": "swyddfa@ysgol.example",
    "telephone": "01633 555 010",
    "phone": "01633 555 010",
    "postcode": "CF10 3NQ",
    "gss_code": "W06000014",
    "language": "cy",
    "name": "Ysgol Gynradd yr Enfys",
    "name_en": "Joint committee",
    "name_cy": "Cyd-bwyllgor",
    "title": "Support with reading",
    "title_en": "Support with reading",
    "title_cy": "Cymorth gyda darllen",
    "text_en": "The committee agreed the plan.",
    "text_cy": "Cytunodd y pwyllgor ar y cynllun.",
    "en": "Support with reading",
    "cy": "Cymorth gyda darllen",
    "label_en": "Chair",
    "label_cy": "Cadeirydd",
    "minute_en": "The matter was noted.",
    "minute_cy": "Nodwyd y mater.",
    "claim_en": "Reading has improved in every year group.",
    "claim_cy": "Mae darllen wedi gwella ym mhob grŵp blwyddyn.",
    "reason": "Agreed with the school",
    "statement": "Pupils' reading improves steadily in every year group.",
    "media_type": "application/pdf",
    "file_name": "papur.pdf",
    "sha256": _HASH,
    "digest": _HASH,
    "hash": _HASH,
    "self": "/v1/schools?limit=50",
    "next": "/v1/schools?limit=50&cursor=eyJ2IjoxfQ",
    "operation": "schools.read",
    "pointer": "/valid_from",
    "code": "primary",
    "state": "open",
    "status": "open",
}
"""By the name of the field; used where the schema allows it."""
_PATTERNED: Final = (
    _ID, "673", "6732118", "csc_joint_committee", "brokerage.commission", "2025/26", "2025", "footprint:673",
    "swyddfa@ysgol.example", "W06000014", _HASH, "9f", "example", "Example", "1",
)  # fmt: skip
"""Tried in this order against a pattern."""


class NoSampleError(ValueError):
    """A schema whose pattern or limits none of the known values fits."""


def sample(schema: Schema, components: Mapping[str, Schema], name: str = "", depth: int = 0) -> Any:
    """A value that fits `schema`; `components` by name, `name` of the field. Raises NoSampleError."""
    schema = _resolved(schema, components)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            shown = [one for one in schema[choice] if one.get("type") != "null"]
            return sample(shown[0], components, name, depth) if shown else None
    if "allOf" in schema:
        return sample({key: value for part in schema["allOf"] for key, value in _resolved(part, components).items()},
                      components, name, depth)  # fmt: skip
    return _typed(schema, components, name, depth)


def _typed(schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, components, depth)
        case "array":
            return _array(schema, components, name, depth)
        case "string":
            return _string(schema, name)
        case "integer":
            return _integer(schema)
        case "number":
            return schema.get("minimum", 1.5)
        case "boolean":
            return bool(schema.get("default", True))
        case "null":
            return None
    return "example"


def _resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    while isinstance(reference := schema.get("$ref"), str):
        schema = components[reference.removeprefix(_PREFIX)]
    return schema


def _object(schema: Schema, components: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    wanted = schema.get("properties", {})
    if depth >= DEPTH:
        wanted = {name: wanted[name] for name in schema.get("required", ()) if name in wanted}
    found = {name: sample(inner, components, name, depth + 1) for name, inner in wanted.items()}
    further = schema.get("additionalProperties")
    if isinstance(further, Mapping) and not found and depth < DEPTH:
        found["primary"] = sample(further, components, "primary", depth + 1)
    return found


def _array(schema: Schema, components: Mapping[str, Schema], name: str, depth: int) -> list[Any]:
    least = schema.get("minItems", 0)
    if depth >= DEPTH and not least:
        return []
    one = sample(schema.get("items", {}), components, name, depth + 1)
    return [one] * max(1, least)


def _integer(schema: Schema) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
    most = schema.get("maximum", schema.get("exclusiveMaximum", 2) - ("exclusiveMaximum" in schema))
    return int(min(max(least, 1), most))


def _string(schema: Schema, name: str) -> str:
    if (known := _FORMATS.get(str(schema.get("format")))) is not None:
        return known
    words = name.replace("_", " ").strip().capitalize() or "Text"
    by_name = [_NAMED[name]] if name in _NAMED else [_ID] if name == "id" or name.endswith("_id") else []
    free = [words, words[:1], f"{words}: a text for the example".ljust(schema.get("minLength", 0), ".")]
    tried = (*by_name, *_PATTERNED, *free) if "pattern" in schema else (*by_name, *free, *_PATTERNED)
    for text in tried:
        if _fits(schema, text):
            return text
    raise NoSampleError(f"no text known for {name!r}: {dict(schema)}")


def _fits(schema: Schema, text: str) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None
