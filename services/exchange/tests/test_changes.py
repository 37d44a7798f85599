"""The change feed: one gap-free order, each event once, under the caller's policy (E-01, E-04, E-05, E-15, X-01)."""

from typing import Any

import pytest
from feeding import SCHOOL, school

from contracts.events.registry import (
    AdviserAllocated,
    ContactChanged,
    RegimeAdopted,
    SchoolDetailsChanged,
    SchoolRegistered,
)


def positions(items: list[dict[str, Any]]) -> list[int]:
    """The positions of feed entries."""
    return [item["position"] for item in items]


async def test_everything_heard_is_in_the_feed_once_and_in_order(exchange: Any) -> None:
    """E-01, E-10: repeats and steps back on the topic change nothing; positions have no gaps."""
    first = [exchange.envelope(school(f"673{n:04d}"), f"673{n:04d}") for n in range(20)]
    second = [
        exchange.envelope(SchoolDetailsChanged.model_validate({**SCHOOL, "pupils": 7}), e.key) for e in first
    ]
    await exchange.hear(*first)
    await exchange.hear(*second)
    await exchange.hear(*first, *second[:5])
    items = await exchange.everything("operator", 40)
    assert positions(items) == list(range(1, 41))
    assert [item["event_id"] for item in items] == [e.id for e in (*first, *second)]
    assert (await exchange.changes("operator", after=40, wait=0))["items"] == []


async def test_a_waiting_caller_is_answered_when_something_comes(exchange: Any) -> None:
    """E-01: `wait` holds an empty answer back; `next_after` and `safe_until` say where the caller stands."""
    empty = await exchange.changes("operator", wait=0)
    assert (empty["items"], empty["next_after"], empty["safe_until"]) == ([], 0, 0)
    await exchange.hear(exchange.envelope(school("6732118"), "6732118"))
    page = await exchange.changes("operator", after=empty["next_after"])
    assert [item["key"] for item in page["items"]] == ["6732118"]
    assert page["next_after"] == page["safe_until"] == 1
    assert page["items"][0]["data"]["name"] == SCHOOL["name"]


async def test_the_feed_shows_what_a_read_would_show(exchange: Any) -> None:
    """E-15, X-04: public facts to everybody, contacts to those of the authority, allocations to who may read them."""
    contact = ContactChanged.model_validate(ContactChanged.EXAMPLE)
    allocation = AdviserAllocated.model_validate(AdviserAllocated.EXAMPLE)
    regime = RegimeAdopted.model_validate(RegimeAdopted.EXAMPLE)
    await exchange.hear(
        exchange.envelope(school("6732118"), "6732118"),
        exchange.envelope(contact, "6732118.head_teacher"),
        exchange.envelope(allocation, "allocation-1"),
        exchange.envelope(regime, "673.2014"),
    )
    kinds: dict[str, list[str]] = {}
    for name, role, of in (
        ("own", "authority_system", {"authority": "673"}),
        ("neighbour", "authority_system", {"authority": "681"}),
        ("government", "welsh_government", {}),
        ("operator", "operator", {}),
    ):
        items = await exchange.everything(role, 4, **of)
        kinds[name] = [item["type"].split(".")[3] for item in items]
    assert kinds["own"] == ["school", "contact", "adviser", "regime"]
    assert kinds["neighbour"] == ["school", "regime"]
    assert kinds["government"] == ["school", "regime"]
    assert kinds["operator"] == ["school", "adviser", "regime"]


async def test_an_adviser_sees_the_contacts_of_the_schools_it_leads(exchange: Any) -> None:
    """X-04: rights follow the allocation that the registry's event tells of."""
    person = AdviserAllocated.EXAMPLE["person_id"]
    await exchange.hear(
        exchange.envelope(AdviserAllocated.model_validate(AdviserAllocated.EXAMPLE), "allocation-1"),
        exchange.envelope(ContactChanged.model_validate(ContactChanged.EXAMPLE), "6732118.head_teacher"),
        exchange.envelope(
            ContactChanged.model_validate({**ContactChanged.EXAMPLE, "school": "6732119"}),
            "6732119.head_teacher",
        ),
    )
    items = await exchange.everything("adviser", 3, person_id=person)
    assert [item["school"] for item in items if ".contact." in item["type"]] == ["6732118"]
    assert await exchange.everything("adviser", 3, person_id="somebody-else") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"authority": "681"}, ["6812309"]),
        ({"school": ["6732118", "6722046"]}, ["6732118", "6722046"]),
        ({"type": SchoolDetailsChanged.TYPE}, []),
        ({"authority": ["672", "681"], "type": SchoolRegistered.TYPE}, ["6722046", "6812309"]),
    ],
)
async def test_filters_narrow_and_the_position_still_moves_on(
    exchange: Any, query: dict[str, Any], expected: list[str]
) -> None:
    """E-01: a filter hides entries, and never makes the caller ask for them again."""
    await exchange.hear(*(exchange.envelope(school(n), n) for n in ("6732118", "6722046", "6812309")))
    await exchange.everything("operator", 3)
    page = await exchange.changes("operator", wait=0, **query)
    assert [item["key"] for item in page["items"]] == expected
    assert page["next_after"] == 3


async def test_unknown_and_impossible_parameters_are_all_named(exchange: Any) -> None:
    """C-04, C-06: every fault at once."""
    answer = await exchange.client.get(
        "/v1/changes", params={"after": -1, "limit": 5000, "since": 3},
        headers={"Authorization": f"Bearer {exchange.tokens.token('operator')}", "Accept-Language": "cy"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"after", "limit", "since"}
    assert answer.json()["language"] == "cy"
