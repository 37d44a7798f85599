"""The limits that hold for every value, written into each schema that states none of its own.

They are true of the whole suite and not chosen field by field: no body is longer than the gateway lets through, no
line of a request longer than the server reads, whole numbers are those of 64 bits, no text has a NUL (R03).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

BODY: Final = 1_048_576
"""Characters of one text, at most: no JSON body is longer."""
LINE: Final = 65_536
"""Characters of one parameter, at most: the server reads no longer head of a request."""
FILE: Final = 26_214_400
"""Bytes of a file, at most."""
ITEMS: Final = BODY // 2
"""Items of an array, at most: each takes two characters of a body."""
PAGE: Final = 1_000
"""Items of a page, at most: the feed's pages are the longest."""
INT64: Final = (-(2**63), 2**63 - 1)
NO_NUL: Final = "^[^\\u0000]*$"
NOT_BLANK: Final = r"\S"
"""How a model says that a text is more than blanks; that it has no NUL is then still to be said."""
NOT_BLANK_NO_NUL: Final = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
FREE: Final = frozenset({NO_NUL, NOT_BLANK_NO_NUL})
"""Patterns of a text of any words."""
_PART: Final = re.compile(r"(?:\[[^\]]+\]|\\d|[\w/:-])(?:\{(?P<least>\d+)(?:,(?P<most>\d+))?\})?")
_PLAIN: Final = re.compile(rf"\^(?:{re.sub('[?]P<[a-z]+>', '?:', _PART.pattern)})+\$")
_LENGTHS: Final[Mapping[str, int]] = {"date": 10, "date-time": 40, "binary": FILE}


def limited(schema: Any, longest: int = BODY, name: str = "") -> Any:
    """The schema with its limits, inner schemas included; a reference stays as it is. `name`: of the component."""
    if not isinstance(schema, Mapping) or "$ref" in schema:
        return schema
    found = {key: _inner(key, value, longest, name) for key, value in schema.items()}
    match found.get("type"):
        case "string":
            _limit_text(found, longest)
        case "array":
            found.setdefault("maxItems", PAGE if name.startswith("Page_") else ITEMS)
        case "integer":
            _limit_number(found)
    return found


def _inner(key: str, value: Any, longest: int, name: str) -> Any:
    match key:
        case "properties" | "$defs" | "patternProperties":
            return {inner: limited(schema, longest, name) for inner, schema in value.items()}
        case "items" | "additionalProperties" | "not":
            return limited(value, longest, name)
        case "anyOf" | "oneOf" | "allOf" | "prefixItems":
            return [limited(schema, longest, name) for schema in value]
    return value


def _limit_text(schema: dict[str, Any], longest: int) -> None:
    if "enum" in schema or "const" in schema:
        return
    stated = _length_of(schema["pattern"]) if "pattern" in schema else None
    schema.setdefault("maxLength", stated or _LENGTHS.get(str(schema.get("format")), longest))
    if "format" not in schema:
        schema.setdefault("pattern", NO_NUL)
    if schema.get("pattern") == NOT_BLANK:
        schema["pattern"] = NOT_BLANK_NO_NUL


def _length_of(pattern: str) -> int | None:
    """The length that a plain pattern allows: classes and characters in a row, each so many times."""
    if _PLAIN.fullmatch(pattern) is None:
        return None
    return sum(int(part["most"] or part["least"] or 1) for part in _PART.finditer(pattern[1:-1]))


def _limit_number(schema: dict[str, Any]) -> None:
    schema.setdefault("format", "int64")
    if "exclusiveMinimum" not in schema:
        schema.setdefault("minimum", INT64[0])
    if "exclusiveMaximum" not in schema:
        schema.setdefault("maximum", INT64[1])
