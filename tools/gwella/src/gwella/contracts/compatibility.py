"""Whether a schema still keeps what a released one promised.

Inside a version an event may only gain optional fields. Then every reader, old or new, reads every event, old or
new: full compatibility, and because every released version is compared, transitively. Everything else is a new
version `v<n+1>`, published beside the old one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gwella.contracts.schemas import EXTENSION

_WORDS: Final = frozenset(
    {"title", "description", "examples", "$schema", "$id", "$defs", "default", "$comment"}
)
"""Parts of a schema that explain; they may change freely."""
_STRUCTURE: Final = frozenset({"properties", "required", "items", "anyOf", "$ref"})

Schema = Mapping[str, Any]


def incompatibilities(released: Schema, current: Schema) -> list[str]:
    """What the current schema of an event breaks of a released one; empty when it keeps everything."""
    found = list(_differences(released, released, current, current, ""))
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


def _differences(old_root: Schema, old: Schema, new_root: Schema, new: Schema, at: str) -> Iterator[str]:
    old, new = _resolved(old_root, old), _resolved(new_root, new)
    yield from _properties(old_root, old, new_root, new, at)
    if "items" in old and "items" in new:
        yield from _differences(old_root, old["items"], new_root, new["items"], f"{at}[]")
    elif ("items" in old) != ("items" in new):
        yield f"{at or 'the event'}: the form of the entries changed"
    yield from _alternatives(old_root, old, new_root, new, at)
    for word in sorted((old.keys() | new.keys()) - _WORDS - _STRUCTURE - {EXTENSION}):
        if old.get(word) != new.get(word):
            yield f"{at or 'the event'}: {word} was {old.get(word)!r}, is {new.get(word)!r}"


def _properties(old_root: Schema, old: Schema, new_root: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before):
        where = f"{at}.{name}" if at else name
        if name not in after:
            yield f"{where}: removed"
            continue
        if name in must_before - must_after:
            yield f"{where}: was always there, is now optional"
        if name in must_after - must_before:
            yield f"{where}: was optional, is now required"
        yield from _differences(old_root, before[name], new_root, after[name], where)
    for name in sorted(must_after - before.keys()):
        yield f"{at}.{name}: added as required".lstrip(".")


def _alternatives(old_root: Schema, old: Schema, new_root: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{at or 'the event'}: {len(before)} alternatives became {len(after)}"
        return
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        yield from _differences(old_root, one, new_root, other, f"{at}|{number}")


def _resolved(root: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    target: Any = root
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    siblings = {key: value for key, value in schema.items() if key != "$ref"}
    return {**target, **siblings}
