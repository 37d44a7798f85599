"""How many statements each reading endpoint sends to PostgreSQL: asked of the services as they run, on a small region.

A count is the same on every machine, which seconds are not: so it is what a test can hold on to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.policy.roles import roles
from testkit.policy_matrix import Probe, probes
from testkit.statements import statements_of
from testkit.whole_suite import SCHOOL, Suite

ASKED: Final = 3
"""Times that each is asked: the fewest count, since audit of the reads before is written beside."""
_KNOWN: Final = {"school_number": SCHOOL, "authority": "673", "first_year": "2019", "post": "head_teacher"}
_CALLERS: Final = (
    "authority_system",
    "adviser",
    "senior_adviser",
    "consortium_officer",
    "operator",
    "clerk",
    "auditor",
)
_PARAMETER: Final = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class StatementCount:
    """One endpoint: what it answered, and with how many statements."""

    service: str
    path: str
    role: str
    status: int
    statements: int


async def counted(suite: Suite) -> list[StatementCount]:
    """Every GET of every service, with an id of a record where the region has one."""
    found = []
    for name, document in sorted(suite.documents.items()):
        engine = suite.apps[name].state.serving.database.engine
        gets = [probe for probe in probes(document) if probe.method.upper() == "GET"]
        transport = httpx.ASGITransport(suite.apps[name])
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as client:
            for probe in gets:
                found.append(await _counted(suite, name, probe, client, engine))
    return found


async def _counted(
    suite: Suite, service: str, probe: Probe, client: httpx.AsyncClient, engine: AsyncEngine
) -> StatementCount:
    role = _role(probe.operation)
    caller = _caller(suite, role)
    url = await _url(probe, client, caller)
    counts = []
    for _ in range(ASKED):
        with statements_of(engine) as statements:
            answer = await client.get(url, params=dict(probe.query), headers=caller)
        counts.append(len(statements))
    return StatementCount(service, probe.path, role, answer.status_code, min(counts))


def _role(operation: str) -> str:
    """The first of the callers whose role lists the operation, else any role that does. Raises StopIteration."""
    held = roles().roles
    named = (*_CALLERS, *sorted(held))
    return next(name for name in named if operation in held[name].operations)


def _caller(suite: Suite, role: str) -> Mapping[str, str]:
    person = {"person_id": suite.people["adviser"]} if roles().roles[role].kind == "person" else {}
    return suite.caller(role, authority="673", school=SCHOOL, body="csc", client_id=f"count-{role}", **person)


async def _url(probe: Probe, client: httpx.AsyncClient, caller: Mapping[str, str]) -> str:
    """The path with what the region has: ids of the first record of the list before them."""
    names = _PARAMETER.findall(probe.path)
    if names and names[0] == "id":
        listed = await client.get(probe.path.partition("/{id}")[0], params={"limit": "1"}, headers=caller)
        items: list[dict[str, Any]] = listed.json().get("items", []) if listed.status_code == 200 else []
        if items and "id" in items[0]:
            return probe.url if len(names) > 1 else probe.path.replace("{id}", str(items[0]["id"]))
    if names and set(names) <= set(_KNOWN):
        return probe.path.format_map(_KNOWN)
    return probe.url
