"""The parts of `gwella bench http` run, on a real suite and real processes, with sizes that mean nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gwella.bench import http
from gwella.bench.http_load import BROKEN, Load, Loaded, loaded, request_of
from gwella.bench.http_servers import Sizes
from gwella.commands.bench import NAMED_ONLY, Area

TINY = Sizes(
    requests=60, turns=1, seconds=0.6, rows=650, noise_seconds=0.5, compared=40, instant_requests=160
)


def test_every_part_gives_its_figures() -> None:
    """C-16, C-17: each line is there, each figure a number above zero; how fast it is here, nobody asks."""
    figures = http.measure(sizes=TINY)
    measured = [figure for figure in figures if not figure.note.startswith("nginx is not installed")]
    # The kernel counts CPU in hundredths of a second: of so few requests it may count none.
    assert all(figure.value is not None and (figure.value > 0 or "CPU" in figure.name) for figure in measured)
    expected = {(figure.area, figure.name) for figure in figures if figure.expected is not None}
    assert {
        ("http: pass-through", "bare proxy's CPU over the gateway's, per 1,000"),
        ("http: worker", "bare proxy's CPU over the gateway's, per request"),
        ("http: profile", "unchanged (304), p50, alone"),
        ("http: list of 200", "at depth 400, p99"),
    } <= expected
    lines = {figure.name for figure in figures}
    for server in ("service direct", "gateway", "aiohttp proxy"):
        assert {
            f"p50 at half load, {server}",
            f"p99 at half load, {server}",
            f"memory held, {server}",
        } <= lines
    assert sum(figure.area == "http: limits" and figure.expected is not None for figure in figures) == 2
    # Each noise was refused something, or it was none.
    noises = [figure.note for figure in figures if figure.note.startswith("noise: ")]
    assert len(noises) == 3


class _Answering(asyncio.Protocol):
    """Answers every other request with 429, and closes the connection at the tenth."""

    def __init__(self, asked: list[bytes]) -> None:
        self._asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked.append(data)
        if len(self._asked) == 10:
            self._transport.close()
            return
        status = b"429 Too Many Requests" if len(self._asked) % 2 else b"200 OK"
        self._transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\n\r\nyes")


@asynccontextmanager
async def answering(asked: list[bytes]) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(asked), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("load", "requests"), [({"count": 20}, 20), ({"rate": 100.0, "seconds": 0.3}, 30)])
async def test_a_load_counts_every_answer_and_every_broken_one(load: dict[str, float], requests: int) -> None:
    """Closed and open loop: nothing is lost on the way, and a refusal is no fast answer."""
    asked: list[bytes] = []
    request = request_of("/v1/schools", "token")
    async with answering(asked) as port:
        outcome = await asyncio.to_thread(loaded, Load(port, [request, request], 3, **load))
    assert len(asked) == requests == sum(outcome.statuses.values()) == len(outcome.all)
    assert outcome.statuses[BROKEN] == 1
    assert [len(found) for found in outcome.latencies] == [requests / 2, requests / 2]
    with pytest.raises(RuntimeError, match="429"):
        outcome.only(200)


def test_a_load_that_was_answered_as_expected_is_itself() -> None:
    """And its rate is that of all answers."""
    outcome = Loaded([[1.0, 2.0]], {200: 2}, 0.5)
    assert outcome.only(200, 304) is outcome
    assert outcome.rate == 4


def test_a_plain_bench_leaves_it_out() -> None:
    """It takes minutes; it is measured when it is named."""
    assert Area.http in NAMED_ONLY
