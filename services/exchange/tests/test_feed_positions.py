"""Positions of the feed hold for ever: an old one works, or says where to begin anew (E-01, E-05)."""

from typing import Any

import pytest
from feeding import school
from sqlalchemy.exc import ProgrammingError

from exchange.storage.change_log import raise_floor, renew_feed

NUMBERS = ("6732118", "6722046", "6812309", "6732119", "6732120")


async def asked(exchange: Any, language: str = "en", **query: Any) -> Any:
    """One page, refused or not."""
    headers = {"Accept-Language": language}
    return await exchange.ask("GET", "/v1/changes", "operator", query=query, headers=headers)


@pytest.fixture
async def told(exchange: Any) -> str:
    """Five entries; the feed's id."""
    await exchange.hear(*(exchange.envelope(school(number), number) for number in NUMBERS))
    await exchange.settled()
    return str((await exchange.changes("operator"))["feed"])


async def test_each_position_that_was_given_works_for_ever(exchange: Any, told: str) -> None:
    """R98: from 0 up to the head, with the feed's id and without, the same entries behind it."""
    for after in range(6):
        for feed in ({}, {"feed": told}):
            page = (await asked(exchange, after=after, **feed)).json()
            assert [one["position"] for one in page["items"]] == list(range(after + 1, 6))
            assert (page["next_after"], page["safe_until"], page["feed"]) == (5, 5, told)


@pytest.mark.parametrize("query", [{"after": 6}, {"after": 2**62}, {"after": 6, "wait": 30}])
async def test_a_position_that_was_never_given_says_where_to_begin(
    exchange: Any, told: str, query: dict[str, Any]
) -> None:
    """R98: at once, also when asked to wait: whoever went on from there would miss what comes to stand before it."""
    answer = await asked(exchange, **query)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (410, "position_not_known")
    assert (body["restart_after"], body["feed"], body["safe_until"]) == (0, told, 5)
    assert (await asked(exchange, after=body["restart_after"], feed=body["feed"])).status_code == 200


async def test_the_position_of_another_feed_is_refused_although_its_number_exists(
    exchange: Any, told: str
) -> None:
    """R98: another environment; or this one, restored to an earlier state and given a new id."""
    answer = await asked(exchange, after=3, feed="0d9f0b3c-another")
    assert (answer.status_code, answer.json()["code"]) == (410, "position_not_known")
    async with exchange.worker.transaction() as connection:
        renewed = await renew_feed(connection)
    assert renewed != told
    assert (await asked(exchange, after=3, feed=told)).json()["feed"] == renewed
    assert (await asked(exchange, after=3, feed=renewed)).status_code == 200


async def test_what_is_told_no_longer_is_refused_in_both_languages(exchange: Any, told: str) -> None:
    """R98: an entry is never left out in silence; the floor only rises, and no further than the head."""
    async with exchange.worker.transaction() as connection:
        assert await raise_floor(connection, 3) == 3
        assert await raise_floor(connection, 2) == 3
    for language, words in (("en", "begins behind 3"), ("cy", "dechrau ar ôl 3")):
        answer = await asked(exchange, language, after=2)
        body = answer.json()
        assert (answer.status_code, body["code"], body["language"]) == (410, "position_forgotten", language)
        assert words in body["detail"]
        assert (body["restart_after"], body["safe_until"], body["feed"]) == (3, 5, told)
    assert [one["position"] for one in (await asked(exchange, after=3)).json()["items"]] == [4, 5]
    async with exchange.worker.transaction() as connection:
        assert await raise_floor(connection, 99) == 5
    assert (await asked(exchange, after=5)).status_code == 200


async def test_no_request_moves_the_floor(exchange: Any, told: str) -> None:
    """R98: the API's own role may not; only the worker's."""
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with exchange.api.transaction() as connection:
            await raise_floor(connection, 3)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"partition": 0}, {"partitions"}),
        ({"partitions": 8}, {"partition"}),
        ({"partition": 8, "partitions": 8}, {"partition"}),
        ({"partition": -1, "partitions": 65}, {"partition", "partitions"}),
        ({"partition": 0, "partitions": 0}, {"partitions"}),
        ({"feed": ""}, {"feed"}),
    ],
)
async def test_half_of_a_partition_is_no_partition(
    exchange: Any, query: dict[str, Any], places: set[str]
) -> None:
    """R99: both or neither, and within their bounds."""
    answer = await asked(exchange, **query)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == places
