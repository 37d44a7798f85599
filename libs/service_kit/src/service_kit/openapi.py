"""OpenAPI 3.1 of one service: what FastAPI derives, completed with what the contract adds on every route."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from contracts.media_types import CSV, NDJSON, ODS
from contracts.operations import OPERATIONS
from contracts.text import LANGUAGES, Text
from service_kit.body import JSON, MERGE_PATCH
from service_kit.dictionary import Dictionary, dictionary_of, shared_dictionary, write_words
from service_kit.links import add_links
from service_kit.problems import PROBLEM_MEDIA_TYPE, Catalogue, entries_of, generic_catalogue
from service_kit.routing import Router

_PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457). `code` is stable; the texts are in the caller's language.",
    "required": ["type", "code", "title", "status", "detail", "language"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "language": {"type": "string", "enum": list(LANGUAGES)},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        "current": {"type": "object", "description": "The current record, on a stale version"},
    },
}
_FILE: Mapping[str, Any] = {
    "type": "string",
    "format": "binary",
    "title": "File",
    "description": "The bytes of a file, as its Content-Type says",
}
_FAULT: Mapping[str, Any] = {
    "type": "object",
    "title": "Fault",
    "description": "What is wrong in one place: a JSON Pointer into the body, or a parameter's or header's name.",
    "required": ["in", "pointer", "code", "detail"],
    "properties": {
        "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
        "pointer": {"type": "string"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_STREAM = 2**31 - 1
"""Characters of an export, at most: a number for readers that want one; the list ends where it ends."""
_EXPORTED: Mapping[str, Any] = {
    NDJSON: {
        "schema": {
            "type": "string",
            "maxLength": _STREAM,
            "description": "The whole list as a stream: each line is one item as the page would show it",
            "x-description-cy": "Y rhestr gyfan fel ffrwd: pob llinell yn un eitem fel y mae'r dudalen yn ei dangos",
        }
    },
    CSV: {
        "schema": {
            "type": "string",
            "maxLength": _STREAM,
            "description": "The whole list as a stream (RFC 4180, UTF-8): a line of headings, a line for each item; "
            "what is null or may not be seen is empty",
            "x-description-cy": "Y rhestr gyfan fel ffrwd (RFC 4180, UTF-8): llinell o benawdau, yna llinell ar gyfer "
            "pob eitem; mae'r hyn sy'n null neu na chewch ei weld yn wag",
        }
    },
    ODS: {
        "schema": {
            "type": "string",
            "format": "binary",
            "maxLength": _STREAM,
            "description": "The whole list as a stream: a spreadsheet of one sheet with the columns of the CSV",
            "x-description-cy": "Y rhestr gyfan fel ffrwd: taenlen o un ddalen gyda cholofnau'r CSV",
        }
    },
}
_HEADERS: Mapping[str, Any] = {
    "X-Request-Id": {"description": "Id of the request, also in our logs", "schema": {"type": "string"}},
    "Content-Language": {
        "description": "Language of the answer",
        "schema": {"type": "string", "enum": list(LANGUAGES)},
    },
    "ETag": {"description": "Version and slice shown", "schema": {"type": "string"}},
    "Link": {"description": "rel=next, where another page follows", "schema": {"type": "string"}},
    "Idempotency-Replayed": {"description": "The answer was given before", "schema": {"type": "string"}},
    "Dry-Run": {"description": "Nothing was kept", "schema": {"type": "string"}},
}


def openapi_of(
    name: str,
    title: Text,
    routes: Iterable[BaseRoute],
    routers: Iterable[Router],
    catalogue: Catalogue,
    issuer_url: str,
    package: Path | None = None,
) -> dict[str, Any]:
    """The description of a service, in the words of the dictionaries of its `package` and of the kit.

    Raises ValueError where two endpoints have one name.
    """
    document = get_openapi(
        title=f"{title.en} / {title.cy}",
        version="1",
        openapi_version="3.1.0",
        routes=list(routes),
        tags=[
            {"name": router.tag, "description": f"{router.title.en} / {router.title.cy}"}
            for router in routers
        ],
    )
    document["info"]["x-gwella-service"] = name
    document["info"]["x-title"] = {"en": title.en, "cy": title.cy}
    document["x-gwella-catalogue"] = _own_catalogue(catalogue)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update({"Problem": deepcopy(_PROBLEM), "Fault": deepcopy(_FAULT)})
    if "File" in schemas:
        schemas["File"] = dict(_FILE)
    components["headers"] = {header: dict(meaning) for header, meaning in _HEADERS.items()}
    components["securitySchemes"] = {"oauth2": _security(document, issuer_url)}
    seen: set[str] = set()
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            if operation["operationId"] in seen:
                raise ValueError(f"two endpoints are named {operation['operationId']}")
            seen.add(operation["operationId"])
            # What the framework makes of the function's name is no sentence of anybody.
            operation.pop("summary", None)
            _complete(method, operation, catalogue)
    add_links(document)
    own = Dictionary(name) if package is None else dictionary_of(package)
    write_words(document, own, shared_dictionary())
    return document


def _own_catalogue(catalogue: Catalogue) -> dict[str, Any]:
    """The service's own problems and faults: from here the gateway knows those of every service at `/problems`."""
    generic, entries = generic_catalogue(), entries_of(catalogue)
    return {
        "problems": {
            code: entry for code, entry in entries["problems"].items() if code not in generic.problems
        },
        "faults": {code: entry for code, entry in entries["faults"].items() if code not in generic.faults},
    }


def _complete(method: str, operation: dict[str, Any], catalogue: Catalogue) -> None:
    name = operation["x-gwella-operation"]
    operation["x-operation-title"] = {"en": OPERATIONS[name].title.en, "cy": OPERATIONS[name].title.cy}
    responses = operation["responses"]
    responses.pop("default", None)
    if operation.pop("x-gwella-file", False):
        content = {"application/octet-stream": {"schema": {"$ref": "#/components/schemas/File"}}}
        responses["200"] = {"description": "The file", "content": content}
        responses["206"] = {"description": "The range asked for", "content": content}
    shown = ["X-Request-Id", "Content-Language"]
    match method:
        case "get":
            paged = any(parameter["name"] == "cursor" for parameter in operation["parameters"])
            shown.append("Link" if paged else "ETag")
            if paged:
                responses["200"]["content"] |= deepcopy(_EXPORTED)
            else:
                responses["304"] = {"description": "What you hold is current", "headers": _refs(["ETag"])}
        case "post":
            shown += ["ETag", "Idempotency-Replayed", "Dry-Run"]
        case _:
            shown += ["ETag", "Dry-Run"]
    for status, response in responses.items():
        if status.startswith("2"):
            response["headers"] = _refs(shown)
    content = operation.get("requestBody", {}).get("content", {})
    if method == "patch" and JSON in content:
        content[MERGE_PATCH] = content.pop(JSON)
    by_status: dict[int, list[str]] = {}
    for code in operation.pop("x-gwella-problems"):
        by_status.setdefault(catalogue.problems[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _refusal(status, codes, catalogue)


def _refusal(status: int, codes: list[str], catalogue: Catalogue) -> dict[str, Any]:
    headers = ["X-Request-Id", "Content-Language", *(["ETag"] if status == 412 else [])]
    return {
        "description": "; ".join(f"{code}: {catalogue.problems[code].title.en}" for code in codes),
        "headers": _refs(headers),
        "x-problem-codes": codes,
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _refs(headers: Iterable[str]) -> dict[str, Any]:
    return {header: {"$ref": f"#/components/headers/{header}"} for header in headers}


def _security(document: Mapping[str, Any], issuer_url: str) -> dict[str, Any]:
    used = {
        operation["x-gwella-operation"]
        for path in document.get("paths", {}).values()
        for operation in path.values()
    }
    scopes = {name: OPERATIONS[name].title.en for name in sorted(used)}
    return {
        "type": "oauth2",
        "description": f"Access tokens (RFC 9068) of {issuer_url}",
        "flows": {
            "clientCredentials": {"tokenUrl": f"{issuer_url}/token", "scopes": scopes},
            "authorizationCode": {
                "authorizationUrl": f"{issuer_url}/authorize",
                "tokenUrl": f"{issuer_url}/token",
                "scopes": scopes,
            },
        },
    }
