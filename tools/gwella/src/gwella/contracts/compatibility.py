"""Whether a schema still keeps what a released one promised.

Inside a version an event may only gain optional fields. Then every reader, old or new, reads every event, old or
new: full compatibility, and because every released version is compared, transitively. Everything else is a new
version `v<n+1>`, published beside the old one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gwella.contracts.schemas import EXTENSION

_WORDS: Final = frozenset({"title", "description", "examples", "$schema", "$id", "$defs", "$comment"})
"""Parts of a schema that explain; they may change freely."""
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE: Final = {
    "items": "[]",
    "additionalProperties": "{}",
    "contains": "[?]",
    "not": "!",
    "propertyNames": "{#}",
}
"""Keywords whose value is a schema, and how a place below them is written."""
_STRUCTURE: Final = frozenset({"properties", "required", "$ref", "patternProperties", *_LISTS, *_SINGLE})

Schema = Mapping[str, Any]


def incompatibilities(released: Schema, current: Schema) -> list[str]:
    """What the current schema of an event breaks of a released one; empty when it keeps everything."""
    found = list(_differences(_Side.of(released, released), _Side.of(current, current), "", frozenset()))
    if released.get(EXTENSION) != current.get(EXTENSION):
        found.append(f"{EXTENSION} was {released.get(EXTENSION)}, is {current.get(EXTENSION)}")
    return found


def all_incompatibilities(
    released: Mapping[str, Mapping[str, Schema]], current: Mapping[str, Schema]
) -> list[str]:
    """Compares with every released version: `released` is version to event type to schema."""
    found: list[str] = []
    for version, schemas in sorted(released.items()):
        for event_type, schema in sorted(schemas.items()):
            if event_type not in current:
                found.append(f"{event_type}: released with {version}, no longer published")
                continue
            found += [
                f"{event_type} since {version}: {said}"
                for said in incompatibilities(schema, current[event_type])
            ]
    return found


_Seen = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class _Side:
    """A schema within the document that its references are found in."""

    root: Schema
    schema: Schema
    written: str
    """As it stands in the document: within it, the same text is the same schema."""

    @classmethod
    def of(cls, root: Schema, schema: Schema | bool) -> "_Side":
        """Whatever is allowed is the empty schema; what never is, is `not` of it."""
        return cls(root, _resolved(root, schema), _json(schema))

    def below(self, schema: Schema | bool) -> "_Side":
        """A part of it."""
        return _Side.of(self.root, schema)


def _differences(old: _Side, new: _Side, at: str, seen: _Seen) -> Iterator[str]:
    # A schema that refers to itself was compared already where it was met first.
    pair = (old.written, new.written)
    if pair in seen:
        return
    seen |= {pair}
    yield from _properties(old, new, at, seen)
    yield from _parts(old, new, at, seen)
    for word in sorted((old.schema.keys() | new.schema.keys()) - _WORDS - _STRUCTURE - {EXTENSION}):
        before, after = old.schema.get(word), new.schema.get(word)
        if _json(before) != _json(after) or (word in old.schema) != (word in new.schema):
            yield f"{at or 'the event'}: {word} was {before!r}, is {after!r}"


def _json(value: object) -> str:
    # In Python `1 == True == 1.0`; in JSON they are three values.
    return json.dumps(value, sort_keys=True)


def _properties(old: _Side, new: _Side, at: str, seen: _Seen) -> Iterator[str]:
    before, after = old.schema.get("properties", {}), new.schema.get("properties", {})
    must_before, must_after = set(old.schema.get("required", ())), set(new.schema.get("required", ()))
    for name in sorted(before):
        where = f"{at}.{name}" if at else name
        if name not in after:
            yield f"{where}: removed"
            continue
        if name in must_before - must_after:
            yield f"{where}: was always there, is now optional"
        if name in must_after - must_before:
            yield f"{where}: was optional, is now required"
        yield from _differences(old.below(before[name]), new.below(after[name]), where, seen)
    for name in sorted(must_after - before.keys() - must_before):
        yield f"{at}.{name}: added as required".lstrip(".")
    for name in sorted(must_before - before.keys() - must_after):
        yield f"{at}.{name}: was always there, is now optional".lstrip(".")
    if _said(old.schema, "additionalProperties") is not None or "patternProperties" in old.schema:
        for name in sorted(after.keys() - before.keys()):
            yield f"{at}.{name}: added where readers of the released version allow no other fields".lstrip(
                "."
            )


def _parts(old: _Side, new: _Side, at: str, seen: _Seen) -> Iterator[str]:
    """What a schema is composed of beside its fields: same parts in the same order, each compared."""
    where = at or "the event"
    for word, sign in _SINGLE.items():
        before, after = _said(old.schema, word), _said(new.schema, word)
        if before is None or after is None:
            if before is not after:
                yield f"{where}: {word} was {before!r}, is {after!r}"
        else:
            yield from _differences(old.below(before), new.below(after), f"{at}{sign}", seen)
    for word in _LISTS:
        befores, afters = old.schema.get(word, []), new.schema.get(word, [])
        if len(befores) != len(afters):
            yield f"{where}: {len(befores)} alternatives became {len(afters)}"
            continue
        for number, (one, other) in enumerate(zip(befores, afters, strict=True)):
            yield from _differences(old.below(one), new.below(other), f"{at}|{number}", seen)
    patterns, others = old.schema.get("patternProperties", {}), new.schema.get("patternProperties", {})
    if patterns.keys() != others.keys():
        yield f"{where}: patternProperties were {sorted(patterns)}, are {sorted(others)}"
    for pattern in sorted(patterns.keys() & others.keys()):
        yield from _differences(
            old.below(patterns[pattern]), new.below(others[pattern]), f"{at}/{pattern}/", seen
        )


def _said(schema: Schema, word: str) -> Any:
    """What a keyword says; None where it allows whatever it would allow unsaid."""
    said = schema.get(word)
    return None if word in ("items", "additionalProperties") and said in (True, {}) else said


def _resolved(root: Schema, schema: Schema | bool) -> Schema:
    """The schema that a reference leads to, with what stands beside it. Raises KeyError where it leads nowhere."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if "$ref" not in schema:
        return schema
    target: Any = root
    for part in str(schema["$ref"]).removeprefix("#/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    found = _resolved(root, target)
    return {**found, **beside} if beside else found
