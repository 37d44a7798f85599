"""The client: repeats what may be repeated and nothing else, waits as it is told, renews its token."""

import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from answering import Reply, answering

from gwella_client import Client, ClientCredentials, Problem

FINE: Reply = (200, {}, '{"name": "fine"}')
AT_ONCE = {"Retry-After": "0"}


def refused(status: int, code: str, **headers: str) -> Reply:
    kept = {"Content-Type": "application/problem+json", **headers}
    return status, kept, f'{{"code": "{code}", "title": "No"}}'


def quick(url: str, **options: Any) -> Client:
    return Client(url, first_wait=0.001, **options)


@pytest.mark.parametrize(
    "passing",
    [
        None,
        refused(503, "service_unavailable", **AT_ONCE),
        refused(504, "deadline"),
        refused(502, "upstream"),
        refused(429, "too_many_requests", **AT_ONCE),
    ],
)
async def test_what_passes_is_repeated_where_nothing_can_be_done_twice(passing: Reply) -> None:
    """C-10: reads, and commands under one and the same Idempotency-Key."""
    async with answering(passing, passing, FINE) as server, quick(server.url) as client:
        assert (await client.get("/v1/schools"))["name"] == "fine"
        assert (client.traffic.requests, client.traffic.repeats) == (3, 2)
    async with answering(passing, passing, FINE) as server, quick(server.url) as client:
        await client.post("/v1/schools", {"name": "x"})
        keys = server.header("Idempotency-Key")
        assert len(keys) == 3
        assert len(set(keys)) == 1
        assert keys[0]


async def test_a_change_is_not_repeated_but_where_it_was_refused_at_the_door() -> None:
    """A PATCH whose answer was lost may have been done: the caller reads and decides."""
    async with answering(None, FINE) as server, quick(server.url) as client:
        with pytest.raises(httpx.TransportError):
            await client.patch("/v1/schools/1", {"name": "x"}, etag='"1"')
        assert len(server.asked) == 1
    async with answering(refused(503, "x", **AT_ONCE), FINE) as server, quick(server.url) as client:
        with pytest.raises(Problem):
            await client.patch("/v1/schools/1", {"name": "x"}, etag='"1"')
    async with answering(refused(429, "x", **AT_ONCE), FINE) as server, quick(server.url) as client:
        await client.patch("/v1/schools/1", {"name": "x"}, etag='"1"')
        assert server.header("If-Match") == ['"1"', '"1"']


async def test_a_command_that_is_still_under_way_is_asked_after_again() -> None:
    """R44: 409 with Retry-After says so; another 409 is a refusal."""
    async with answering(refused(409, "under_way", **AT_ONCE), FINE) as server, quick(server.url) as client:
        await client.post("/v1/schools", {})
        assert len(server.asked) == 2
    async with answering(refused(409, "conflict"), FINE) as server, quick(server.url) as client:
        with pytest.raises(Problem) as caught:
            await client.post("/v1/schools", {})
        assert (caught.value.status, caught.value.code) == (409, "conflict")


async def test_it_gives_up_after_its_attempts_and_never_waits_longer_than_it_may() -> None:
    """A Retry-After beyond `longest_wait` is the caller's to decide."""
    for problem, asked in (
        (refused(503, "x", **AT_ONCE), 3),
        (refused(429, "x", **{"Retry-After": "61"}), 1),
    ):
        async with answering(problem) as server, quick(server.url, attempts=3) as client:
            with pytest.raises(Problem) as caught:
                await client.get("/v1/schools")
            assert caught.value.body["title"] == "No"
            assert len(server.asked) == asked
    async with answering(None) as server, quick(server.url, attempts=3) as client:
        with pytest.raises(httpx.TransportError):
            await client.get("/v1/schools")
        assert len(server.asked) == 3


async def test_a_refused_token_is_renewed_once() -> None:
    """O-01: by client credentials; a second refusal is a problem."""
    granted = [(200, {}, f'{{"access_token": "t{n}", "expires_in": 300}}') for n in (1, 2, 3)]
    invalid = refused(401, "token_invalid")
    for replies, tokens in (([invalid, FINE], ["t1", "t2"]), ([invalid, invalid], ["t1", "t2"])):
        async with answering(*granted) as issuer, answering(*replies) as server:
            credentials = ClientCredentials(f"{issuer.url}/token", "authority-673", "secret")
            async with quick(server.url, tokens=credentials) as client:
                if replies[-1] is FINE:
                    await client.get("/v1/me")
                    await client.get("/v1/me")
                    tokens = [*tokens, "t2"]
                else:
                    with pytest.raises(Problem):
                        await client.get("/v1/me")
            assert server.header("Authorization") == [f"Bearer {token}" for token in tokens]
            assert len(issuer.asked) == 2


async def test_a_token_is_renewed_before_it_expires() -> None:
    """One that has 0 seconds to live is asked for again with the next request."""
    granted = [(200, {}, f'{{"access_token": "t{n}", "expires_in": 0}}') for n in (1, 2)]
    async with answering(*granted) as issuer, answering(FINE) as server:
        credentials = ClientCredentials(f"{issuer.url}/token", "authority-673", "secret")
        async with quick(server.url, tokens=credentials) as client:
            await client.get("/v1/me")
            await client.get("/v1/me")
        assert server.header("Authorization") == ["Bearer t1", "Bearer t2"]


async def test_any_callable_gives_tokens_and_queries_are_written_as_the_api_reads_them() -> None:
    """Lists are repeated, truth is true or false, None is left out."""
    async with answering(FINE) as server, quick(server.url, tokens=lambda: "mine", language="cy") as client:
        await client.get("/v1/changes", after=3, type=["a", "b"], total=True, school=None)
        assert server.asked[0][0].split()[1] == "/v1/changes?after=3&type=a&type=b&total=true"
        assert server.header("Authorization") == ["Bearer mine"]
        assert server.header("Accept-Language") == ["cy"]
