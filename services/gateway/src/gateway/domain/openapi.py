"""One OpenAPI 3.1 document of many: the services' own documents and the gateway's, under one address."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.media_types import EXPORTS, JSON

Document = Mapping[str, Any]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LOCAL: Final = "#/components/"
_PUBLIC: Final = "/v1/"
_SECURITY: Final = "securitySchemes"


def merge(documents: Mapping[str, Document], *, front: str = "gateway", server: str = "/") -> dict[str, Any]:
    """The document of the whole API. `documents` by service; that of `front` leads and is taken whole.

    A component that two services describe alike is kept once; one that they describe differently (or that refers to
    such a one) gets its service's name before its own; of security schemes the scopes are joined. Of the services
    behind only paths below `/v1/` are taken. `server`: the address that clients use. Raises KeyError without `front`.
    """
    own = documents[front]
    parts = {front: own, **{name: documents[name] for name in sorted(documents) if name != front}}
    differing = _differing(parts)
    repeated = _repeated_operation_ids(parts)
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": dict(own["info"]),
        "servers": [{"url": server}],
        "tags": [],
        "paths": {},
        "components": {},
    }
    for service, document in parts.items():
        renamed = _renaming(service, document, differing)
        for path, item in document.get("paths", {}).items():
            # A path that several services share is described alike by all of them.
            if path in merged["paths"]:
                _page_by_page(merged["paths"][path])
            elif path.startswith(_PUBLIC) or service == front:
                merged["paths"][path] = _with_ids(_rewritten(item, renamed), service, repeated)
        for section, components in document.get("components", {}).items():
            kept = merged["components"].setdefault(section, {})
            if section == _SECURITY:
                _join(kept, components)
                continue
            for name, component in components.items():
                new = renamed.get((section, name), name)
                kept.setdefault(new, _rewritten(component, renamed))
        known = {tag["name"] for tag in merged["tags"]}
        merged["tags"] += [tag for tag in document.get("tags", ()) if tag["name"] not in known]
    return merged


def with_bearer(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with every operation also open to a token that the reader already has (the viewer asks for it)."""
    schemes = document["components"].setdefault(_SECURITY, {})
    schemes["bearer"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    for item in document["paths"].values():
        for method in METHODS:
            if isinstance(item.get(method), dict) and item[method].get("security"):
                item[method]["security"] = [*item[method]["security"], {"bearer": []}]
    return document


def _join(kept: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            inner = kept.setdefault(key, {})
            if isinstance(inner, dict):
                _join(inner, value)
        else:
            kept.setdefault(key, value)


def _differing(parts: Mapping[str, Document]) -> set[tuple[str, str]]:
    """Names that stand for different things, also where only something that they refer to differs."""
    texts: dict[tuple[str, str], set[str]] = {}
    refers: dict[tuple[str, str], set[tuple[str, str]]] = {}
    shared: dict[tuple[str, str], int] = {}
    for document in parts.values():
        for section, components in document.get("components", {}).items():
            for name, component in components.items() if section != _SECURITY else ():
                key = (section, name)
                texts.setdefault(key, set()).add(json.dumps(component, sort_keys=True))
                refers.setdefault(key, set()).update(references(component))
                shared[key] = shared.get(key, 0) + 1
    differing = {key for key, variants in texts.items() if len(variants) > 1}
    while True:
        more = {key for key, count in shared.items() if count > 1 and refers[key] & differing} - differing
        if not more:
            return differing
        differing |= more


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Section and name of each component that a part of a description refers to itself."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "$ref" and isinstance(inner, str) and inner.startswith(_LOCAL):
                section, _, name = inner.removeprefix(_LOCAL).partition("/")
                yield section, name
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def _renaming(
    service: str, document: Document, differing: set[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    return {
        (section, name): service.capitalize() + name[:1].upper() + name[1:]
        for section, components in document.get("components", {}).items()
        for name in components
        if (section, name) in differing
    }


def _rewritten(value: Any, renamed: Mapping[tuple[str, str], str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _reference(inner, renamed) if key in _POINTING else _rewritten(inner, renamed)
                for key, inner in value.items()}  # fmt: skip
    if isinstance(value, list):
        return [_rewritten(inner, renamed) for inner in value]
    return value


_POINTING: Final = frozenset(("$ref", "mapping"))


def _reference(value: Any, renamed: Mapping[tuple[str, str], str]) -> Any:
    """A `$ref`, or the `mapping` of a discriminator, whose values are references too."""
    if isinstance(value, Mapping):
        return {key: _reference(inner, renamed) for key, inner in value.items()}
    if not isinstance(value, str) or not value.startswith(_LOCAL):
        return value
    section, _, name = value.removeprefix(_LOCAL).partition("/")
    return f"{_LOCAL}{section}/{renamed.get((section, name), name)}"


def _page_by_page(item: Mapping[str, Any]) -> None:
    """A list of which several services have a part is not given whole (`usecases.page_shared_list`)."""
    content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    for media_type in EXPORTS if JSON in content else ():
        content.pop(media_type, None)


def _repeated_operation_ids(parts: Mapping[str, Document]) -> set[str]:
    """Names that stand for operations on different paths."""
    places: dict[str, set[tuple[str, str]]] = {}
    for document in parts.values():
        for path, item in document.get("paths", {}).items():
            for method in METHODS:
                if isinstance(item.get(method), Mapping) and (name := item[method].get("operationId")):
                    places.setdefault(name, set()).add((path, method))
    return {name for name, found in places.items() if len(found) > 1}


def _with_ids(item: dict[str, Any], service: str, repeated: set[str]) -> dict[str, Any]:
    for method in METHODS:
        operation = item.get(method)
        if not isinstance(operation, dict):
            continue
        linked = [
            link
            for answer in operation.get("responses", {}).values()
            for link in answer.get("links", {}).values()
        ]
        for named in (operation, *linked):
            if named.get("operationId") in repeated:
                named["operationId"] = f"{service}_{named['operationId']}"
    return item
