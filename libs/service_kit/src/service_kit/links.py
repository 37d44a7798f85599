"""Links of a description (OpenAPI 3.1): from the answer that shows a record to what may be asked of it next.

Derived from the paths alone: what a POST to `/things` answers with its `id` is asked for below `/things/{id}`; whoever
has read it holds the ETag by which it is changed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_PARAMETER: Final = re.compile(r"{(\w+)}")
_COMPONENT: Final = "#/components/schemas/"


def add_links(document: dict[str, Any]) -> None:
    """Writes the links into every answer that has some. `document`: an OpenAPI description, changed in place."""
    paths = document["paths"]
    for path, item in paths.items():
        for method, operation in item.items():
            found = dict(_links(document, path, method, operation))
            status = next((code for code in ("201", "200") if code in operation["responses"]), None)
            if found and status is not None:
                operation["responses"][status]["links"] = found


def _links(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    names = _PARAMETER.findall(path)
    if method == "post" and not names:
        shown = _properties(document, operation["responses"].get("201", {}))
        for name in shown:
            for target, tagged in _below(document, f"{path}/{{{name}}}"):
                yield _link(target, name, f"$response.body#/{name}", tagged=tagged)
    elif method == "get" and len(names) == 1 and path.endswith("}"):
        for target, tagged in _below(document, path):
            if tagged:
                yield _link(target, names[0], f"$request.path.{names[0]}", tagged=True)


def _below(document: Mapping[str, Any], record: str) -> Iterator[tuple[str, bool]]:
    """Operations on the record at this path and below it that need nothing more than it; whether by If-Match."""
    for path, item in document["paths"].items():
        if path != record and not path.startswith(f"{record}/"):
            continue
        if len(_PARAMETER.findall(path)) > 1:
            continue
        for operation in item.values():
            headers = {one["name"] for one in operation.get("parameters", ()) if one.get("required")}
            yield operation["operationId"], "If-Match" in headers


def _link(target: str, name: str, value: str, *, tagged: bool) -> tuple[str, dict[str, Any]]:
    parameters = {name: value} | ({"If-Match": "$response.header.ETag"} if tagged else {})
    return target, {"operationId": target, "parameters": parameters}


def _properties(document: Mapping[str, Any], response: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").startswith(_COMPONENT):
        schema = document["components"]["schemas"][schema["$ref"].removeprefix(_COMPONENT)]
    found: Mapping[str, Any] = schema.get("properties", {})
    return found
