"""The refusals of `test_one_policy`: of what may not be known nobody learns from a problem that it exists.

Every documented operation on a record is asked for a record that the caller may not read, and for one that there never
was, with the description's own example as its body; so is every command whose body names another record. The answers
are the same but for the ids.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import orjson
from policy_surfaces import Read, kind_of
from policy_world import Asker, World

NEVER: Final = "01980d3e-0000-7000-8000-00000000dead"
"""An id that nothing ever had."""
NEVER_OF: Final[Mapping[str, str]] = {
    "liaisons": "lead_officer:676", "categories": "national_2014.2019-20.6762199",
}  # fmt: skip
"""The same where ids have a form of their own."""
TRIED: Final = 12
"""Operations that one caller tries, chosen by luck."""
TAGS: Final = (None, '"1-000000000000"', '"9-000000000000"')
"""No version, the first one, one that never was."""
KIND_OF_MEMBER: Final[Mapping[str, str]] = {
    "visit_id": "visits", "finding_id": "findings", "request_id": "support-requests", "provider_id": "providers",
    "meeting_id": "meetings", "agenda_item_id": "agenda-items", "resolution_id": "resolutions",
    "menu_item_id": "menu-items", "at_meeting_id": "meetings", "offer_id": "offers",
}  # fmt: skip
"""Members of a body that name a record, and its kind."""
DATES: Final = {
    "2025-09-01": "2020-01-20",
    "2025-09-01T09:30:00Z": "2020-01-20T09:30:00Z",
    "6732118": "6732101",
}
"""What the description's examples say, as it fits the region."""


@dataclass(frozen=True)
class Operation:
    """One documented operation: its path with `{id}`, its media type and an example of its body."""

    method: str
    path: str
    kind: str
    media_type: str | None
    example: Any


def operations_of(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation of the gateway's description that is on a record with an id, or whose body may name one."""
    found = []
    for path, item in document["paths"].items():
        kind = path.split("/")[2]
        if (
            "{number}" in path
            or path.count("{") > 1
            or kind in ("jobs", "consumers", "audit", "documents", "returns")
        ):
            continue
        for method in ("get", "post", "patch", "put"):
            content = item.get(method, {}).get("requestBody", {}).get("content", {})
            media_type, example = next(iter(_examples(document, content)), (None, None))
            if method not in item or (content and example is None):
                continue
            if "{id}" in path or (example and KIND_OF_MEMBER.keys() & example.keys()):
                found.append(Operation(method.upper(), path, kind, media_type, example))
    return found


def _examples(document: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for media_type, described in content.items():
        for named in described.get("examples", {}).values():
            value = document["components"]["examples"][named["$ref"].rsplit("/", 1)[1]]["value"]
            if isinstance(value, dict):
                raw = orjson.dumps(value).decode()
                for said, fitting in DATES.items():
                    raw = raw.replace(f'"{said}"', f'"{fitting}"')
                yield media_type, orjson.loads(raw)


async def refusals(world: World, asker: Asker, seen: Read, luck: Random, only: str = "") -> list[str]:
    """Where an answer about a record that may not be read differs from that about one that never was."""
    hidden: dict[str, list[str]] = {}
    # A record that is read may name another: the supporting side knows the request by its offer, and no more of it.
    named = str(seen)
    for path in world.universe:
        if path not in seen and path.count("/") == 2 and path.rsplit("/", 1)[1] not in named:
            hidden.setdefault(kind_of(path), []).append(path.rsplit("/", 1)[1])
    wrong = []
    tried = [one for one in world.operations if one.method == only or not only]
    chosen = luck.sample(tried, min(TRIED, len(tried)))
    for operation in chosen:
        for place, kind in _places(operation):
            for id_ in hidden.get(kind, [])[:2]:
                tag = luck.choice(TAGS)
                answers = [
                    await _answer(world, asker, operation, place, one, seen, tag)
                    for one in (id_, NEVER_OF.get(kind, NEVER))
                ]
                world.compared += 1
                if answers[0] != answers[1]:
                    wrong.append(
                        f"{operation.method} {operation.path} ({place} {id_}): {answers[0]} is not {answers[1]}"
                    )
    return wrong


def _places(operation: Operation) -> Iterator[tuple[str, str]]:
    if "{id}" in operation.path:
        yield "path", operation.kind
    for name in (operation.example or {}).keys() & KIND_OF_MEMBER.keys():
        yield name, KIND_OF_MEMBER[name]


async def _answer(
    world: World, asker: Asker, operation: Operation, place: str, id_: str, seen: Read, tag: str | None
) -> tuple[int, str]:
    """Status and problem of one attempt, with the id taken out; a dry run, so that nothing comes of it."""
    path, body = operation.path, deepcopy(operation.example)
    for name in (body or {}).keys() & KIND_OF_MEMBER.keys():
        mine = [one for one in seen if kind_of(one) == KIND_OF_MEMBER[name]]
        body[name] = mine[0].rsplit("/", 1)[1] if mine else NEVER
    if place == "path":
        path = path.replace("{id}", id_)
    else:
        body[place] = id_
        mine = [one for one in seen if kind_of(one) == operation.kind]
        path = path.replace("{id}", mine[0].rsplit("/", 1)[1] if mine else NEVER)
    headers = {"If-Match": tag} if operation.method == "PATCH" and tag is not None else {}
    if operation.media_type is not None:
        headers["Content-Type"] = operation.media_type
    asked = path if operation.method == "GET" else f"{path}?dry_run=true"
    answer = await world.send(asker, operation.method, asked, body, gateway=True, **headers)
    told = answer.json() if answer.content else {}
    told.pop("request_id", None)
    return answer.status_code, orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode().replace(id_, "<id>")
