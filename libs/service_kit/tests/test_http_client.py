"""R75: the client of the suite's own calls, against real sockets: circuit, retry budget, limits, bodies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_kit.circuit import Circuit, RetryBudget, UpstreamLimits
from service_kit.http_client import (
    Upstream,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
    fetch,
)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Odd: 1\r\n\r\nok"


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def opened(url: str, limits: UpstreamLimits | None = None) -> AsyncIterator[Upstream]:
    upstream = Upstream("test", url, limits)
    await upstream.open()
    try:
        yield upstream
    finally:
        await upstream.close()


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_only_the_lines_given_are_sent():
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await head_of(reader))
            writer.write(OK)

    async with server(answer) as url, opened(url) as upstream:
        response = await upstream.send("GET", "/a%2Fb?x=%C5%B5&x=", [("x-one", "1"), ("x-one", "2")])
        assert (response.status, await response.read(10)) == (200, b"ok")
        assert (b"X-Odd", b"1") in tuple(response.raw_headers)
        response.close()
        host = url.removeprefix("http://").encode()
        assert heads == [
            b"GET /a%2Fb?x=%C5%B5&x= HTTP/1.1\r\nx-one: 1\r\nx-one: 2\r\nHost: " + host + b"\r\n\r\n"
        ]
        assert upstream.in_flight == 0


async def test_a_body_is_streamed_and_its_own_failure_is_not_the_upstreams():
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await head_of(reader)
        assert b"Transfer-Encoding: chunked" in head
        body = await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    async def good() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async def failing() -> AsyncIterator[bytes]:
        yield b"one"
        raise KeyError("the source failed")

    async with server(answer) as url, opened(url) as upstream:
        response = await upstream.send("POST", "/", [], good())
        assert await response.read(1_000) == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        response.close()
        # The test's server hangs up after each answer; the end of the connection has to arrive.
        await asyncio.sleep(0.05)
        for _ in range(upstream.limits.circuit_failures + 1):
            with pytest.raises(KeyError, match="the source failed"):
                await upstream.send("POST", "/", [], failing())
        assert not upstream.circuit.is_open
        assert upstream.in_flight == 0


async def test_reading_is_repeated_once_and_writing_never():
    calls: list[bytes] = []

    async def drop(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        calls.append((await head_of(reader)).split(b" ")[0])

    async with server(drop) as url, opened(url, UpstreamLimits(circuit_failures=100)) as upstream:
        for method in ("GET", "POST", "PATCH"):
            with pytest.raises(UpstreamBroken):
                await upstream.send(method, "/", [])
    assert calls == [b"GET", b"GET", b"POST", b"PATCH"]


async def test_repeats_stay_within_their_share():
    calls = 0

    async def drop(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal calls
        await head_of(reader)
        calls += 1

    limits = UpstreamLimits(circuit_failures=10_000, retry_reserve=2.0)
    async with server(drop) as url, opened(url, limits) as upstream:
        for _ in range(60):
            with pytest.raises(UpstreamBroken):
                await upstream.send("GET", "/", [])
    assert 60 + 2 <= calls <= 60 + 2 + 6


async def test_late_is_a_timeout_and_counts_against_the_upstream():
    async def sleep(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(1)

    async with server(sleep) as url, opened(url, UpstreamLimits(circuit_failures=2)) as upstream:
        for _ in range(2):
            with pytest.raises(UpstreamTimeout):
                await upstream.send("GET", "/", [], total=0.05)
        assert upstream.circuit.is_open
        with pytest.raises(UpstreamUnavailable, match="circuit open"):
            await upstream.send("GET", "/", [])
        assert upstream.in_flight == 0


async def test_more_calls_than_connections_are_turned_away_at_once():
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(0.2)
        writer.write(OK)
        await writer.drain()

    async with server(wait) as url, opened(url, UpstreamLimits(connections=2)) as upstream:
        calls = [asyncio.create_task(upstream.send("GET", "/", [])) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(UpstreamUnavailable, match="2 connections are in use"):
            await upstream.send("GET", "/", [])
        for call in calls:
            (await call).close()
        (await upstream.send("GET", "/", [])).close()
        assert not upstream.circuit.is_open


async def test_fetch_bounds_time_and_size():
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await head_of(reader)
        if b"/slow" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(1)
        writer.write(OK)
        await writer.drain()

    async with server(answer) as url:
        assert await fetch(f"{url}/keys?a=1") == (200, b"ok")
        with pytest.raises(UpstreamBroken, match="more than 1 bytes"):
            await fetch(url, limit=1)
        with pytest.raises(UpstreamTimeout):
            await fetch(f"{url}/slow", total=0.1)
    with pytest.raises(UpstreamUnavailable):
        await fetch(url)


def test_a_circuit_lets_one_probe_through_and_waits_longer_each_time():
    now = 0.0
    circuit = Circuit(UpstreamLimits(circuit_failures=2, circuit_open=1, circuit_open_longest=3), lambda: now)
    circuit.failed()
    assert circuit.admit()
    circuit.failed()
    for pause in (1.0, 2.0, 3.0, 3.0):
        assert not circuit.admit()
        assert circuit.seconds_until_probe() == pause
        now += pause
        assert circuit.admit()
        assert not circuit.admit(), "one probe at a time"
        circuit.failed()
    now += 3.0
    assert circuit.admit()
    circuit.abandoned()
    assert circuit.admit(), "a probe whose caller went away leaves its place"
    circuit.succeeded()
    assert not circuit.is_open
    assert circuit.admit()
    assert circuit.seconds_until_probe() == 0


@given(st.lists(st.booleans(), max_size=300), st.floats(0.01, 0.5), st.integers(0, 20))
def test_retries_never_exceed_their_share_and_reserve(wanted: list[bool], share: float, reserve: int):
    budget = RetryBudget(share, float(reserve))
    spent = 0
    for calls, want in enumerate(wanted, start=1):
        budget.earn()
        if want and budget.spend():
            spent += 1
        assert spent <= reserve + calls * share + 1
