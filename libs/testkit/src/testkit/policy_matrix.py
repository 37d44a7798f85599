"""Every route with every role and with no token, read from a service's own OpenAPI document.

What is expected follows from the roles file alone: 401 without a good token, 403 for a role that does not list the
route's operation (and for a token whose scopes leave it out), anything but 401, 403 or a 5xx for one that does.
Requests are as small as a request can be and carry no precondition, so that none of them changes anything.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx

from service_kit.auth.principal import ALL_OPERATIONS, Grant
from service_kit.clock import FixedClock
from service_kit.policy.roles import Role, Roles
from testkit.tokens import TokenFactory

OPERATION: Final = "x-gwella-operation"
METHODS: Final = ("get", "post", "put", "patch", "delete")
GRANT: Final = {"authority": "673", "school": "6732118", "body": "csc"}
PERSON: Final = "01900000-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Probe:
    """One route and the smallest request to it."""

    method: str
    path: str
    operation: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None

    @property
    def name(self) -> str:
        """How a report names the route."""
        return f"{self.method.upper()} {self.path}"


@dataclass(frozen=True, slots=True)
class Violation:
    """An answer that the roles file does not allow."""

    route: str
    caller: str
    expected: str
    status: int


class UndeclaredRouteError(ValueError):
    """A route of the document names no operation: nobody can know who may use it."""


def probes(document: Mapping[str, Any]) -> list[Probe]:
    """The routes of an OpenAPI document. Raises UndeclaredRouteError for one without an operation."""
    found = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if (declared := item.get(method)) is None:
                continue
            if OPERATION not in declared:
                raise UndeclaredRouteError(f"{method.upper()} {path}")
            found.append(_probe(document, method, path, item, declared))
    return found


def report(wrong: Sequence[Violation], limit: int = 20) -> str:
    """The first violations, a line each."""
    lines = [f"{v.route} by {v.caller}: {v.status}, expected {v.expected}" for v in wrong[:limit]]
    return "\n".join([f"{len(wrong)} answers are not what roles.toml says", *lines])


async def violations(
    client: httpx.AsyncClient, document: Mapping[str, Any], tokens: TokenFactory, roles: Roles
) -> list[Violation]:
    """Every answer of a running application that the roles file does not allow; none: the matrix holds."""
    wrong: list[Violation] = []
    for probe in probes(document):
        for caller, authorization in _without_rights(tokens, probe):
            status = await _ask(client, probe, authorization)
            if status != 401:
                wrong.append(Violation(probe.name, caller, "401", status))
        wrong.extend([violation async for violation in _by_role(client, probe, tokens, roles)])
    return wrong


async def _by_role(
    client: httpx.AsyncClient, probe: Probe, tokens: TokenFactory, roles: Roles
) -> AsyncIterator[Violation]:
    for role in roles.roles.values():
        listed = probe.operation in role.operations
        status = await _ask(client, probe, _bearer(tokens, role, ALL_OPERATIONS))
        if listed and (status in (401, 403) or status >= 500):
            yield Violation(probe.name, role.name, "permitted", status)
        if not listed and status != 403:
            yield Violation(probe.name, role.name, "403", status)
        if listed:
            status = await _ask(client, probe, _bearer(tokens, role, "none"))
            if status != 403:
                yield Violation(probe.name, f"{role.name} without the scope", "403", status)
    status = await _ask(client, probe, "Bearer " + tokens.signed([], sub="nobody", client_id="nobody"))
    if status != 403:
        yield Violation(probe.name, "no role", "403", status)


def _without_rights(tokens: TokenFactory, probe: Probe) -> Iterator[tuple[str, str | None]]:
    """Callers who bring no good token, whatever they claim to be."""
    powerful = [Grant("operator"), Grant("auditor"), Grant("authority_system", authority="673")]
    stranger = TokenFactory(issuer=tokens.issuer, clock=tokens.clock)
    past = FixedClock(tokens.clock.now() - timedelta(hours=1))
    late = TokenFactory(issuer=tokens.issuer, clock=past, key=tokens.key)
    yield "no token", None
    yield "an empty token", "Bearer"
    yield "another scheme", "Basic b3BlcmF0b3I6"
    yield "rubbish", "Bearer rubbish"
    yield "a stranger's signature", "Bearer " + stranger.signed(powerful)
    yield "an expired token", "Bearer " + late.signed(powerful)
    yield "a token for others", "Bearer " + tokens.signed(powerful, aud=f"not-{probe.operation}")


def _bearer(tokens: TokenFactory, role: Role, scope: str) -> str:
    person = {"person_id": PERSON} if role.kind == "person" else {}
    # A client of its own per role: a limit per client must not be what refuses.
    return "Bearer " + tokens.token(
        role.name, sub=f"matrix-{role.name}", client_id=f"matrix-{role.name}", scope=scope, **GRANT, **person
    )


async def _ask(client: httpx.AsyncClient, probe: Probe, authorization: str | None) -> int:
    headers = {"Authorization": authorization} if authorization is not None else {}
    content = None
    if probe.media_type is not None:
        headers["Content-Type"] = probe.media_type
        content = b"{}"
    answer = await client.request(
        probe.method, probe.url, params=dict(probe.query), headers=headers, content=content
    )
    return answer.status_code


def _probe(
    document: Mapping[str, Any], method: str, path: str, item: Mapping[str, Any], declared: Mapping[str, Any]
) -> Probe:
    url, query = path, {}
    for entry in (*item.get("parameters", ()), *declared.get("parameters", ())):
        parameter = _resolved(document, entry)
        value = _value(document, parameter)
        if parameter["in"] == "path":
            url = url.replace("{" + parameter["name"] + "}", quote(value, safe=""))
        elif parameter["in"] == "query" and parameter.get("required"):
            query[parameter["name"]] = value
    content = _resolved(document, declared.get("requestBody", {})).get("content", {})
    return Probe(method, path, declared[OPERATION], url, query, next(iter(content), None))


def _value(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> str:
    """A value of the parameter's form: its own example where it has one."""
    schema = _resolved(document, parameter.get("schema", {}))
    for source in (parameter, schema):
        if "example" in source:
            return str(source["example"])
        if source.get("examples"):
            examples = source["examples"]
            return str(next(iter(examples.values()))["value"] if isinstance(examples, dict) else examples[0])
    if "enum" in schema:
        return str(schema["enum"][0])
    if schema.get("type") in ("integer", "number"):
        return str(schema.get("minimum", 1))
    by_format = {"date": "2020-01-06", "uuid": PERSON, "date-time": "2020-01-06T09:00:00Z"}
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    name = parameter["name"]
    return GRANT["school"] if "number" in name else GRANT["authority"] if "authority" in name else PERSON


def _resolved(document: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a `$ref` inside the document stands for."""
    while "$ref" in entry:
        found: Any = document
        for step in entry["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        entry = found
    return entry
