"""What every resource promises of a client's own references, asked of one that runs (R35)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Send = Callable[..., Awaitable[httpx.Response]]
"""One client: takes method and path, `params` and `json`, and answers."""


async def referenced(send: Send, address: str, *values: str) -> httpx.Response:
    """Puts a client's own references on a record."""
    return await send("PUT", f"{address}/external-references", json={"values": list(values)})


async def found_by(send: Send, listed: str, value: str) -> list[list[str]]:
    """The references of the records that a list gives for one of them."""
    answer = await send("GET", listed, params={"external_reference": value})
    assert answer.status_code == 200, (listed, answer.text)
    return [item["external_references"] for item in answer.json()["items"]]


async def assert_referenced(mine: Send, other: Send, listed: str, first: str, second: str) -> None:
    """Set, shown on the record and in its list, found; one record each; another client's business never.

    `mine` and `other` are two clients that may both read the records at the addresses `first` and `second`.
    """
    answer = await referenced(mine, first, "case-1", "uprn:7")
    assert answer.status_code == 200, (first, answer.text)
    assert answer.json()["external_references"] == ["case-1", "uprn:7"], first
    assert await shown(mine, first) == ["case-1", "uprn:7"], first
    assert await found_by(mine, listed, "case-1") == [["case-1", "uprn:7"]], listed
    assert await found_by(mine, listed, "case-2") == [], listed

    refused = await referenced(mine, second, "case-2", "case-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "external_reference_taken"), second
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/values/1"], second
    assert [held["value"] for held in refused.json()["existing"]] == ["case-1"], second
    assert await shown(mine, second) == [], second

    assert await shown(other, first) == [], first
    assert await found_by(other, listed, "case-1") == [], listed
    assert (await referenced(other, second, "case-1")).status_code == 200, second
    assert await shown(mine, second) == [], second


async def shown(send: Send, address: str) -> Any:
    """The references that a record shows to a client."""
    answer = await send("GET", address)
    assert answer.status_code == 200, (address, answer.text)
    return answer.json()["external_references"]
