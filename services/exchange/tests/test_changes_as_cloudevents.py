"""The feed as a CloudEvents batch, read by the CNCF's own package: same entries, same rights (E-01, E-07, E-15)."""

import asyncio
import json
from datetime import datetime
from itertools import repeat
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from contracts.event import EVENTS
from contracts.events.brokerage_commissions import CommissionPlaced
from contracts.events.registry import ContactChanged, SchoolRegistered

BATCH = "application/cloudevents-batch+json"
EXAMPLES = [cls.model_validate(cls.EXAMPLE) for _, cls in sorted(EVENTS.items())]
READERS: list[tuple[str, dict[str, Any]]] = [
    ("operator", {}), ("consortium_system", {}), ("authority_system", {"authority": "673"}),
    ("welsh_government", {}), ("data_officer", {"authority": "673"}),
]  # fmt: skip
MEMBERS = {
    "event_id": "id", "type": "type", "subject": "subject", "key": "partitionkey", "change": "change",
    "correlation_id": "correlationid", "authority": "authority", "school": "school",
}  # fmt: skip
"""Members of our own form, and the attributes that say the same."""


async def batch(exchange: Any, role: str, accept: str = BATCH, **query: Any) -> Any:
    of = query.pop("of", {})
    return await exchange.ask(
        "GET", "/v1/changes", role, headers={"Accept": accept}, query={"wait": 5, **query}, **of
    )


async def followed(exchange: Any, path: str) -> Any:
    """What is at a link, taken as it stands."""
    headers = {"Accept": BATCH, "Authorization": f"Bearer {exchange.tokens.token('operator')}"}
    return await exchange.client.get(path, headers=headers)


async def both_forms(exchange: Any, role: str, of: Any) -> list[tuple[dict[str, Any], CloudEvent]]:
    """Every entry that a reader is shown, in our own form and as the standard's package reads it."""
    own = await exchange.changes(role, of=of, limit=1000)
    answer = await batch(exchange, role, of=of, limit=1000)
    assert (answer.status_code, answer.headers["content-type"]) == (200, BATCH)
    return list(zip(own["items"], parsed(answer.content), strict=True))


def parsed(document: bytes) -> list[CloudEvent]:
    """What the standard's own package makes of each event of a batch; it raises where one is not valid."""
    events = json.loads(document)
    return [JSONFormat().read(CloudEvent, json.dumps(event)) for event in events]


async def test_an_independent_package_reads_every_event_as_our_own_form_tells_it(exchange: Any) -> None:
    """Of every type that the caller may see: required attributes, their types, every value, and the data."""
    await exchange.hear(*(exchange.envelope(event, f"k{n}") for n, event in enumerate(EXAMPLES)))
    async with asyncio.timeout(60):
        for pause in repeat(0.05):
            if (await exchange.changes("operator", wait=0))["safe_until"] >= len(EXAMPLES):
                break
            await asyncio.sleep(pause)
    told = [event for role, of in READERS for event in await both_forms(exchange, role, of)]
    assert len({item["type"] for item, _ in told}) > len(EXAMPLES) * 0.8
    for item, event in told:
        assert event.get_specversion() == "1.0"
        attributes = event.get_attributes()
        for member, name in MEMBERS.items():
            assert attributes.get(name) == item.get(member), (name, item)
        assert event.get_source() == f"/{item['type'].split('.')[2]}"
        assert event.get_time() == datetime.fromisoformat(item["time"])
        assert event.get_dataschema() == f"/schemas/{item['type']}.json"
        assert event.get_datacontenttype() == "application/json"
        assert (event.get_extension("sequence"), event.get_extension("position")) == (
            str(item["version"]), str(item["position"]),
        )  # fmt: skip
        assert event.get_data() == item["data"]
        assert not [name for name in attributes if not (name.isalnum() and name.islower())]


async def test_the_headers_say_where_to_go_on(exchange: Any) -> None:
    """E-01: following the links gives every entry once; the parameters of the request stay."""
    schools = [SchoolRegistered.model_validate({**SchoolRegistered.EXAMPLE, "school_number": f"673{n:04d}",
                                                "school": f"673{n:04d}"}) for n in range(7)]  # fmt: skip
    await exchange.hear(*(exchange.envelope(event, event.school_number) for event in schools))
    await exchange.settled()
    taken, path = [], f"/v1/changes?limit=3&type={SchoolRegistered.TYPE}&after=0"
    for _ in range(3):
        answer = await followed(exchange, path)
        taken += [event.get_extension("partitionkey") for event in parsed(answer.content)]
        assert answer.headers["gwella-safe-until"] == "7"
        assert answer.headers["gwella-feed"] == (await exchange.changes("operator"))["feed"]
        link, _, relation = answer.headers["link"].partition(";")
        path = link.strip("<>")
        assert relation.strip() == 'rel="next"'
        assert f"after={answer.headers['gwella-next-after']}" in path
    assert taken == [event.school_number for event in schools]
    assert "limit=3" in path
    empty = await followed(exchange, path)
    assert (empty.json(), empty.headers["gwella-next-after"]) == ([], "7")


async def test_what_is_hidden_in_one_form_is_hidden_in_the_other(exchange: Any) -> None:
    """E-15: rows and fields that the caller may not see are in no batch."""
    contact = ContactChanged.model_validate(ContactChanged.EXAMPLE)
    placed = CommissionPlaced.model_validate(CommissionPlaced.EXAMPLE)
    await exchange.hear(exchange.envelope(contact, "contact"), exchange.envelope(placed, "placed"))
    await exchange.settled()
    seen: dict[str, list[list[str]]] = {}
    for name, role, of in (
        ("supported", "authority_system", {"authority": placed.authority}),
        ("supporting", "authority_system", {"authority": placed.provider_authority}),
        ("government", "welsh_government", {}),
    ):
        answer = await batch(exchange, role, of=of, wait=0)
        own = await exchange.changes(role, of=of, wait=0)
        events = parsed(answer.content)
        assert [event.get_data() for event in events] == [item["data"] for item in own["items"]]
        seen[name] = [
            sorted(event.get_data()) for event in events if event.get_type() == CommissionPlaced.TYPE
        ]
    assert "finding_id" in seen["supported"][0]
    assert "finding_id" not in seen["supporting"][0]
    assert len(seen["supporting"][0]) > 5
    assert seen["government"] == []


async def test_only_who_names_the_batch_gets_it(exchange: Any) -> None:
    """Whoever accepts anything gets our own form; both say that the answer depends on it."""
    for accept, kind in (
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (f"application/json;q=0.5, {BATCH.upper()}; charset=utf-8", BATCH),
    ):
        answer = await batch(exchange, "operator", accept, wait=0)
        assert answer.headers["content-type"] == kind
        assert "Accept" in answer.headers["vary"].split(", ")
