"""The merged description made ready for those who build on it: words, examples, limits, refusals described once.

What the services say of themselves stays small; here everything is added that holds for all of them alike.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.text import Text
from gateway.domain.openapi import METHODS, merge, references, with_bearer
from gateway.domain.samples import NoSampleError, sample
from gateway.domain.schema_limits import LINE, limited
from gateway.domain.wording import DESCRIPTION_CY, in_both, summarise

Described = Mapping[str, Mapping[str, Any]]
"""Problems by code, each with its status and its texts in both languages, as services describe them."""

CODES: Final = "x-problem-codes"
_PROBLEM: Final = "application/problem+json"
_NAMED_CODES: Final = 3
_SHARED: Final = ("RateLimit", "RateLimit-Policy", "Access-Control-Allow-Origin")
_HEADERS: Final[Mapping[str, tuple[Text, dict[str, Any]]]] = {
    "RateLimit": (
        Text("What is left of the client's rate", "Yr hyn sy'n weddill o gyfradd y cleient"),
        {"type": "string"},
    ),
    "RateLimit-Policy": (Text("The client's rate", "Cyfradd y cleient"), {"type": "string"}),
    "Access-Control-Allow-Origin": (
        Text("The caller's origin, where it is on the list", "Tarddiad y galwr, os yw ar y rhestr"),
        {"type": "string"},
    ),
    "Retry-After": (
        Text("Seconds to wait before the next attempt", "Eiliadau i aros cyn y cynnig nesaf"),
        {"type": "integer", "minimum": 0, "maximum": 86_400},
    ),
    "X-Request-Id": (
        Text("Id of the request, also in our logs", "Dynodydd y cais, hefyd yn ein cofnodion"),
        {},
    ),
    "Content-Language": (Text("Language of the answer", "Iaith yr ateb"), {}),
    "ETag": (Text("Version and slice shown", "Y fersiwn a'r tafell a ddangosir"), {}),
    "Link": (Text("rel=next, where another page follows", "rel=next, lle mae tudalen arall yn dilyn"), {}),
    "Idempotency-Replayed": (Text("The answer was given before", "Rhoddwyd yr ateb o'r blaen"), {}),
    "Dry-Run": (Text("Nothing was kept", "Ni chadwyd dim"), {}),
}
_GOOD: Final[Mapping[str, Text]] = {
    "200": Text("Done; the answer", "Wedi'i wneud; yr ateb"),
    "201": Text("Created; the record as it is now", "Wedi'i greu; y cofnod fel y mae nawr"),
    "202": Text("Begun; the job that does it", "Wedi dechrau; y dasg sy'n ei wneud"),
    "206": Text("The range asked for", "Yr ystod y gofynnwyd amdani"),
    "304": Text("What you hold is current", "Mae'r hyn sydd gennych yn gyfredol"),
}
_CHECKED: Final = " Checked as RFC8725 recommends: type, algorithm, issuer, audience and expiry."


def published(
    documents: Mapping[str, Mapping[str, Any]],
    problems: Described,
    *,
    server: str,
    sandbox: bool = False,
) -> dict[str, Any]:
    """The services' descriptions merged and finished. `problems`: every problem of the suite; `server`: the address
    that clients use; `sandbox`: whether its data are nobody's.
    """
    merged = with_bearer(merge(documents, server=server))
    components = merged["components"]
    _introduce(merged, sandbox=sandbox)
    components["schemas"] = {
        name: limited(schema, name=name) for name, schema in components.get("schemas", {}).items()
    }
    _headers(components)
    for _, operation in _operations(merged):
        summarise(operation)
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = limited(_sent(parameter["schema"]), LINE)
        _answers(operation, components, problems)
        _examples(operation, components)
    _drop_unused(merged)
    return merged


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield path, item[method]


def _sent(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter may be left out; what is sent is never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) != 1:
        return schema
    own = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**own, **choices[0]}


def _introduce(merged: dict[str, Any], *, sandbox: bool) -> None:
    for server in merged["servers"]:
        # Only a sandbox may be spoken to without TLS, on the machine that it runs on.
        local = sandbox or server["url"].startswith("http:")
        server["description"] = "Sandbox / Blwch tywod" if local else "Production / Cynhyrchu"
        server["x-internal"] = False
    merged["info"]["contact"] = {
        "name": "Support / Cymorth",
        "url": f"{merged['servers'][0]['url'].rstrip('/')}/docs",
    }
    merged["tags"] = [in_both(tag) for tag in {tag["name"]: tag for tag in merged["tags"]}.values()]
    for scheme in merged["components"].get("securitySchemes", {}).values():
        scheme["description"] = scheme.get("description", "An access token that you hold.") + _CHECKED
        code = scheme.get("flows", {}).get("authorizationCode")
        if code is not None:
            code["refreshUrl"] = code["tokenUrl"]


def _headers(components: dict[str, Any]) -> None:
    held = components.setdefault("headers", {})
    for name, (meaning, schema) in _HEADERS.items():
        header = held.setdefault(name, {"schema": schema})
        header |= {
            "description": meaning.en,
            DESCRIPTION_CY: meaning.cy,
            "schema": limited(header["schema"], LINE),
        }


def _answers(operation: dict[str, Any], components: dict[str, Any], problems: Described) -> None:
    answers = operation["responses"]
    for status, answer in answers.items():
        codes = [code for code in answer.pop(CODES, ()) if code in problems]
        if codes:
            answers[status] = _refusal(status, codes, answer, components, problems)
        elif status in _GOOD:
            answer |= {"description": _GOOD[status].en, DESCRIPTION_CY: _GOOD[status].cy}
            answer["headers"] = {**answer.get("headers", {}), **_refs(_SHARED)}


def _refusal(
    status: str, codes: list[str], answer: Mapping[str, Any], components: dict[str, Any], problems: Described
) -> dict[str, Any]:
    """The refusal as a component, each of its problems with an example in both languages."""
    name = ".".join([f"Problem{status}", *codes[:_NAMED_CODES]])
    if len(codes) > _NAMED_CODES:
        name += "." + hashlib.sha256(" ".join(codes).encode()).hexdigest()[:8]
    examples = components.setdefault("examples", {})
    for code in codes:
        for language in ("en", "cy"):
            examples[f"{code}.{language}"] = _problem_example(code, problems[code], language)
    shared = (*_SHARED, "Retry-After") if status in {"409", "429", "503"} else _SHARED
    components.setdefault("responses", {})[name] = {
        "description": "; ".join(f"{code}: {problems[code]['title']['en']}" for code in codes),
        DESCRIPTION_CY: "; ".join(f"{code}: {problems[code]['title']['cy']}" for code in codes),
        "headers": {**answer.get("headers", {}), **_refs(shared)},
        "content": {
            _PROBLEM: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    key: {"$ref": f"#/components/examples/{key}"}
                    for key in (f"{code}.{language}" for code in codes for language in ("en", "cy"))
                },
            }
        },
    }
    return {"$ref": f"#/components/responses/{name}"}


def _problem_example(code: str, kind: Mapping[str, Any], language: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": f"/problems/{code}",
        "code": code,
        "title": kind["title"][language],
        "status": kind["status"],
        "detail": kind["detail"][language],
        "language": language,
        "request_id": "01980d3e-5b7a-7c61-9f0e-3a5c8d1b2e47",
    }
    explained = f"{kind['cause'][language]} {kind['remedy'][language]}"
    return {"summary": kind["title"][language], "description": explained, "value": value}


def _examples(operation: Mapping[str, Any], components: dict[str, Any]) -> None:
    """One example of each body, in or out; a schema that many bodies have is shown in one component."""
    bodies = [operation.get("requestBody", {})]
    bodies += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    for body in bodies:
        for media_type, media in body.get("content", {}).items():
            media["schema"] = limited(media.get("schema", {}))
            reference = str(media["schema"].get("$ref", ""))
            if not (media_type.endswith("json") and reference):
                media.setdefault("example", _bytes_of(media_type))
                continue
            name = reference.rpartition("/")[2]
            examples = components.setdefault("examples", {})
            if name not in examples:
                try:
                    value = sample(media["schema"], components["schemas"])
                except NoSampleError as error:
                    raise NoSampleError(f"{name}: {error}") from None
                examples[name] = {"summary": name, "value": value}
            media.setdefault("examples", {name: {"$ref": f"#/components/examples/{name}"}})


def _bytes_of(media_type: str) -> str:
    match media_type:
        case "text/csv":
            return "school_number,name\r\n6732118,Ysgol Gynradd yr Enfys\r\n"
        case "application/x-ndjson":
            return '{"school_number": "6732118", "name": "Ysgol Gynradd yr Enfys"}\n'
        case "text/plain":
            return "Cofnodion y cyfarfod"
        case _:
            return "bytes"


def _drop_unused(merged: dict[str, Any]) -> None:
    """Components that nothing refers to any more, also not by way of another, tell a reader nothing."""
    components = merged["components"]
    used: set[tuple[str, str]] = set()
    found = set(references(merged["paths"]))
    while found:
        used |= found
        found = {
            further
            for section, name in found
            for further in references(components[section].get(name))
            if further not in used
        }
    merged["components"] = {
        section: kept
        for section, held in components.items()
        if (kept := {n: c for n, c in held.items() if section == "securitySchemes" or (section, n) in used})
    }


def _refs(headers: tuple[str, ...]) -> dict[str, Any]:
    return {header: {"$ref": f"#/components/headers/{header}"} for header in headers}
