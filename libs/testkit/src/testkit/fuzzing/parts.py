"""Parts of a description: of the one published document, the operations that a run is about and what these refer to."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

METHODS: Final = ("get", "post", "put", "patch", "delete")
_LOCAL: Final = "#/components/"
_WORDS: Final = frozenset(
    {"description", "x-description", "x-title", "x-enum-labels", "examples", "x-problem-codes"}
)
"""What a reader needs and a generator does not: two thirds of the published document."""
_GENERAL: Final = 65_536
"""Lengths from here on bound a request as a whole: beside a pattern, each costs a generator a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Described:
    """One operation of a description."""

    id: str
    label: str
    operation: str
    tag: str


def described(document: Mapping[str, Any]) -> list[Described]:
    """Every operation, in the document's order."""
    return [
        Described(
            part["operationId"], f"{method.upper()} {path}", part["x-gwella-operation"], part["tags"][0]
        )
        for path, method, part in _operations(document)
    ]


def narrowed(document: Mapping[str, Any], ids: Collection[str]) -> dict[str, Any]:
    """The document with these operations alone, the components that they reach, and no words; links among them stay."""
    paths: dict[str, Any] = {}
    for path, method, part in _operations(document):
        if part["operationId"] in ids:
            paths.setdefault(path, {})[method] = _linked_within(_wordless(part), ids)
    kept: dict[tuple[str, str], Any] = {}
    waiting = list(_references(paths))
    while waiting:
        section, name = key = waiting.pop()
        if key not in kept:
            kept[key] = _wordless(document["components"][section][name])
            waiting += _references(kept[key])
    components: dict[str, Any] = {"securitySchemes": document["components"]["securitySchemes"]}
    for (section, name), component in sorted(kept.items()):
        components.setdefault(section, {})[name] = component
    return {
        "openapi": document["openapi"],
        "info": {"title": "part", "version": document["info"]["version"]},
        "paths": paths,
        "components": components,
    }


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _wordless(value: Any, *, named: bool = False) -> Any:
    """Without words; below `properties` and the like a name is a name, whatever it is."""
    if isinstance(value, Mapping):
        if not named and value.get("type") == "string" and value.get("maxLength", 0) >= _GENERAL:
            value = {name: inner for name, inner in value.items() if name != "maxLength"}
        return {
            name: _wordless(inner, named=not named and name in ("properties", "patternProperties", "$defs"))
            for name, inner in value.items()
            if named or name not in _WORDS or (name == "description" and "headers" in value)
        }
    return [_wordless(one) for one in value] if isinstance(value, list) else value


def _linked_within(part: dict[str, Any], ids: Collection[str]) -> dict[str, Any]:
    for response in part["responses"].values():
        links = {name: link for name, link in response.pop("links", {}).items() if link["operationId"] in ids}
        if links:
            response["links"] = links
    return part


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(_LOCAL):
            section, _, name = reference.removeprefix(_LOCAL).partition("/")
            yield section, name
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
