"""What the published description promises, item by item: compared with the last release, and told as a changelog.

An item is an operation, a parameter, or a field of a schema. It may go only when the release said from when it may be
gone (`x-sunset-on`, at least a year after it was deprecated) and that day has come.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from service_kit.deprecation import SINCE, SUNSET

RELEASES: Final = "docs/reference/released-interface"
PAGE: Final = "docs/reference/changelog.md"
METHODS: Final = ("get", "post", "patch", "put", "delete")
Surface = Mapping[str, Mapping[str, str]]
"""By item: its dates (`since`, `sunset`) where it is deprecated, else nothing."""


def surface(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The items of an OpenAPI document."""
    return dict(sorted(_items(document)))


def gone(released: Surface, current: Surface, today: date) -> list[str]:
    """What was released and is not there any more, although no sunset announced it, or before its day."""
    return [
        item
        for item, dates in released.items()
        if item not in current and not (dates and date.fromisoformat(dates["sunset"]) <= today)
    ]


def shortened(released: Surface, current: Surface) -> list[str]:
    """What is to go earlier than the release said."""
    return [
        item
        for item, dates in released.items()
        if dates and current.get(item) and current[item]["sunset"] < dates["sunset"]
    ]


def last_release(root: Path) -> tuple[str, Surface]:
    """The newest released version and its items. Raises FileNotFoundError where nothing was released."""
    versions = {
        tuple(int(part) for part in path.stem.split(".")): path for path in (root / RELEASES).glob("*.json")
    }
    if not versions:
        raise FileNotFoundError(f"{RELEASES} holds no release")
    path = versions[max(versions)]
    found: Surface = json.loads(path.read_text("utf-8"))
    return path.stem, found


def release_text(current: Surface) -> str:
    """The file of a release: one item a line, so that a difference is read at once."""
    lines = (f"  {json.dumps(item)}: {json.dumps(dates)}" for item, dates in sorted(current.items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def changelog(version: str, released: Surface, current: Surface) -> str:
    """The page: what the description adds to the last release, what it deprecates, what has gone."""
    added = [item for item in current if item not in released]
    removed = [item for item in released if item not in current]
    to_go = [
        f"{item}: deprecated since {dates['since']}, may be gone from {dates['sunset']}"
        for item, dates in current.items()
        if dates
    ]
    parts = (("Added", added), ("Deprecated", to_go), ("Gone", removed))
    body = "\n\n".join(f"## {title}\n\n{_listed(items)}" for title, items in parts)
    return (
        "<!-- Written by `make contracts`; change the source, not this page. -->\n\n"
        "# Changes of the HTTP interface\n\n"
        f"What the description says today beside release {version}, which `{RELEASES}` keeps. What may change and\n"
        "for how long it is announced: [versions](versioning.md).\n\n"
        f"{body}\n"
    )


def _listed(items: list[str]) -> str:
    return "\n".join(f"- `{item}`" for item in items) or "Nothing."


def _items(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            name = f"{method.upper()} {path}"
            yield name, _dates(operation)
            for parameter in operation.get("parameters", ()):
                if "name" in parameter:
                    dates = _dates(parameter) or _dates(parameter.get("schema", {}))
                    yield f"{name} {parameter['in']} {parameter['name']}", dates
    for schema, body in document.get("components", {}).get("schemas", {}).items():
        for field, described in body.get("properties", {}).items():
            yield f"{schema}.{field}", _dates(described)


def _dates(described: Mapping[str, Any]) -> dict[str, str]:
    if SUNSET not in described:
        return {}
    return {"since": described[SINCE], "sunset": described[SUNSET]}
