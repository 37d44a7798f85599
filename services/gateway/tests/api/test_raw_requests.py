"""R110: what no client would send, over raw sockets: smuggled, truncated, slow, oversized, pipelined, garbage.

After each of them the gateway serves others; no answer is a fault of ours; nobody is given another one's answer; and
the service behind is asked nothing that the gateway did not decide to ask.
"""

import asyncio
import json

import pytest

from testkit.raw_http import Reply, request, spoken

SHORT = {"request_head_seconds": 0.5, "request_body_seconds": 0.5}


@pytest.fixture
async def gateway(start_gateway):
    """A gateway that does not wait long."""
    return await start_gateway(**SHORT, requests_per_minute=1_000_000)


def is_problem(reply: Reply, code: str) -> bool:
    document = json.loads(reply.body)
    return (
        (document["code"], document["status"], reply.headers["connection"]) == (code, reply.status, "close")
        and reply.headers["content-type"] == "application/problem+json"
        and reply.headers["content-language"] == document["language"]
        and "Accept-Language" in reply.headers["vary"]
        and reply.headers["x-request-id"] == document["request_id"]
    )


HIDDEN = b"GET /v1/echo?asked=smuggled1 HTTP/1.1\r\nHost: gateway\r\n\r\n"
POST = "POST /v1/echo HTTP/1.1\r\nHost: gateway\r\n{token}\r\n"
UNREADABLE: dict[str, str | bytes] = {
    "both lengths": POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, the other way round": POST
    + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "one length twice": POST + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": POST + "Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": POST + "Content-Length: +4\r\n\r\nabcd",
    "a length below nothing": POST + "Content-Length: -4\r\n\r\nabcd",
    "a hexadecimal length": POST + "Content-Length: 0x4\r\n\r\nabcd",
    "a length beyond all numbers": POST + "Content-Length: 99999999999999999999999\r\n\r\nabcd",
    "a coding that is none": POST + "Transfer-Encoding: identity\r\n\r\nabcd",
    "a coding after the chunks": POST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a coding before the chunks": POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked behind a control character": POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in an old version": POST.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + "Content-Length : 4\r\n\r\nabcd",
    "a folded line": POST + "X-A: a\r\n b: c\r\n\r\n",
    "a folded length": POST + "Content-Length:\r\n 4\r\n\r\nabcd",
    "NUL in a header": POST + "X-A: a\0b\r\n\r\n",
    "a bare CR in a header": POST + "X-A: a\rContent-Length: 4\r\n\r\n",
    "a header without a name": POST + ": a\r\n\r\n",
    "a header without a colon": POST + "nothing\r\n\r\n",
    "bare line feeds": "GET /v1/echo HTTP/1.1\nHost: gateway\n\n",
    "two hosts": "GET /v1/echo HTTP/1.1\r\nHost: gateway\r\nHost: other\r\n{token}\r\n\r\n",
    "no host": "GET /v1/echo HTTP/1.1\r\n{token}\r\n\r\n",
    "no target": "GET  HTTP/1.1\r\nHost: gateway\r\n\r\n",
    "a target that is no path": "GET v1/echo HTTP/1.1\r\nHost: gateway\r\n\r\n",
    "raw bytes in the target": b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: gateway\r\n\r\n",
    "a tunnel": "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n",
    "another version": "GET /v1/echo HTTP/3.0\r\nHost: gateway\r\n\r\n",
    "an older version": "GET /v1/echo HTTP/0.9\r\nHost: gateway\r\n\r\n",
    "no version": "GET /v1/echo\r\n\r\n",
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "the beginning of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x7f" * 64,
    "garbage": bytes(range(256)) * 4,
    "a method that is none": "G\x01T /v1/echo HTTP/1.1\r\nHost: gateway\r\n\r\n",
}
BROKEN_CHUNKS = {
    "no size": "\r\nabc\r\n0\r\n\r\n",
    "a size that is none": "xyz\r\nabc\r\n0\r\n\r\n",
    "a size below nothing": "-1\r\nabc\r\n0\r\n\r\n",
    "a size beyond all numbers": "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a size with a prefix": "0x3\r\nabc\r\n0\r\n\r\n",
    "more than the size says": "3\r\nabcdef\r\n0\r\n\r\n",
    "a bare line feed": "3\nabc\n0\n\n",
}


def as_bytes(text: str | bytes, line: str) -> bytes:
    return text if isinstance(text, bytes) else text.replace("{token}", line).encode("latin-1")


async def test_what_cannot_be_read_is_refused_and_ends_its_connection(gateway):
    """R110: 400 as a problem, the connection closed, and nothing behind it is taken for a request."""
    line = gateway.line
    async with gateway.others_served() as served:
        for name, text in UNREADABLE.items():
            exchange = await spoken(gateway.url, [as_bytes(text, line) + HIDDEN])
            assert exchange.statuses == [400], (name, exchange)
            assert is_problem(exchange.replies[0], "malformed_request"), name
            assert (exchange.closed, exchange.rest) == (True, b""), name
        for name, chunks in BROKEN_CHUNKS.items():
            text = POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks
            exchange = await spoken(gateway.url, [as_bytes(text, line) + HIDDEN])
            assert exchange.statuses == [400], (name, exchange)
            assert exchange.closed, name
    assert set(served) == {200}
    assert len(served) >= 2
    assert nothing_smuggled(gateway)


def nothing_smuggled(running) -> bool:
    """Whether the service was asked by the gateway alone, and never what stood in a body."""
    return all(
        "for=127.0.0.1" in forwarded and number != "smuggled1" for number, forwarded in running.upstream.asked
    )


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_the_refusal_is_in_the_callers_language_where_that_has_arrived(gateway, language):
    """R05, R110: also before anything of the application is reached."""
    text = f"GET /v1/echo HTTP/1.1\r\nHost: a\r\nAccept-Language: {language}\r\nHost: b\r\n\r\n"
    exchange = await spoken(gateway.url, [text.encode()])
    assert exchange.replies[0].headers["content-language"] == language
    assert (
        json.loads(exchange.replies[0].body)["title"]
        == {
            "en": "The request cannot be read",
            "cy": "Ni ellir darllen y cais",
        }[language]
    )


async def test_pipelined_requests_are_answered_in_order_each_its_own(gateway):
    """R110: forty in one piece; a body that looks like a request is a body."""
    numbers = [f"piped-{n:04}" for n in range(40)]
    exchange = await spoken(
        gateway.url, [b"".join(gateway.asking(n) for n in numbers)], until=lambda e: len(e.replies) == 40
    )
    assert all(
        gateway.answers(reply, number) for reply, number in zip(exchange.replies, numbers, strict=True)
    )
    body = HIDDEN
    command = request("POST", "/v1/echo", gateway.line, f"Content-Length: {len(body)}", body=body)
    exchange = await spoken(
        gateway.url, [command + gateway.asking("after-it")], until=lambda e: len(e.replies) == 2
    )
    assert json.loads(exchange.replies[0].body) == {"length": len(body)}
    assert gateway.answers(exchange.replies[1], "after-it")
    assert nothing_smuggled(gateway)


async def test_what_was_asked_before_the_garbage_is_answered_first(gateway):
    """R110: the refusal of the second request is never taken for the answer to the first."""
    for rubbish in (b"\0\0\0\0\r\n\r\n", as_bytes(UNREADABLE["both lengths"], gateway.line)):
        pieces = [gateway.asking("first-001") + gateway.asking("second-01") + rubbish + HIDDEN]
        exchange = await spoken(gateway.url, pieces)
        assert exchange.statuses == [200, 200, 400]
        assert gateway.answers(exchange.replies[0], "first-001")
        assert gateway.answers(exchange.replies[1], "second-01")
        assert (exchange.closed, exchange.rest) == (True, b"")
    text = as_bytes(POST + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", gateway.line)
    exchange = await spoken(gateway.url, [gateway.asking("third-001") + text + HIDDEN])
    assert exchange.statuses == [200, 400]
    assert gateway.answers(exchange.replies[0], "third-001")
    assert nothing_smuggled(gateway)


async def test_forms_that_are_allowed_are_understood(gateway):
    """R110: the absolute form, chunks with extensions and trailers, an upgrade that is not made, an old version."""
    line, number = gateway.line, "absolute-1"
    absolute = request("GET", f"http://other/v1/echo?asked={number}", line, f"X-Request-Id: {number}")
    exchange = await spoken(gateway.url, [absolute], until=lambda e: bool(e.replies))
    assert gateway.answers(exchange.replies[0], number)

    chunks = (
        POST + "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Request-Id: from-a-trailer\r\n\r\n"
    )
    exchange = await spoken(
        gateway.url,
        [as_bytes(chunks, line) + gateway.asking("after-it")],
        until=lambda e: len(e.replies) == 2,
    )
    assert json.loads(exchange.replies[0].body) == {"length": 3}
    # A trailer is no header: it comes behind whatever looked at the headers before us.
    assert exchange.replies[0].headers["x-request-id"] != "from-a-trailer"
    assert gateway.answers(exchange.replies[1], "after-it")

    for protocol in ("h2c", "websocket"):
        upgrade = gateway.asking("upgrade-1", "Connection: Upgrade", f"Upgrade: {protocol}")
        exchange = await spoken(gateway.url, [upgrade + HIDDEN])
        assert exchange.statuses == [200], protocol
        assert gateway.answers(exchange.replies[0], "upgrade-1")
        assert exchange.closed

    old = gateway.asking("oldstyle1").replace(b"HTTP/1.1", b"HTTP/1.0")
    exchange = await spoken(gateway.url, [old])
    assert gateway.answers(exchange.replies[0], "oldstyle1")
    assert exchange.closed
    assert nothing_smuggled(gateway)


async def test_a_head_has_a_size(gateway):
    """R110: 431 for large or many fields and for an endless one, however it is cut; others are served."""
    line = gateway.line
    fine = request("GET", "/v1/echo?asked=large-one", line, "X-Request-Id: large-one", "X-A: " + "a" * 20_000)
    exchange = await spoken(gateway.url, [fine], until=lambda e: bool(e.replies))
    assert gateway.answers(exchange.replies[0], "large-one")
    large = request("GET", "/v1/echo", line, "X-A: " + "a" * 40_000)
    endless = b"GET /v1/echo HTTP/1.1\r\nHost: gateway\r\nX-A: "
    cases = {
        "one large field": [large],
        "one large field, cut": [large[n : n + 5_000] for n in range(0, len(large), 5_000)],
        "a large target": [request("GET", "/v1/echo?a=" + "a" * 40_000, line)],
        "many fields": [request("GET", "/v1/echo", line, *(f"X-{n}: a" for n in range(101)))],
        "a field without an end": [endless, *[b"a" * 8_192] * 16],
        "a target without an end": [b"GET /", *[b"a" * 8_192] * 16],
    }
    async with gateway.others_served() as served:
        for name, parts in cases.items():
            exchange = await spoken(gateway.url, parts, pause=0.002)
            assert exchange.statuses == [431], (name, exchange)
            assert is_problem(exchange.replies[0], "headers_too_large"), name
            assert exchange.closed, name
    assert set(served) == {200}


async def test_slow_clients_are_given_up_and_keep_nobody_waiting(gateway):
    """R110: a head or a body that trickles or stops is 408; a connection on which nothing comes is closed."""
    line = gateway.line
    head = request("GET", "/v1/echo", line)
    waiting = POST + "Content-Length: 100\r\n\r\n"
    trickle = [head[n : n + 1] for n in range(len(head))]
    slow: dict[str, tuple[list[bytes], list[int]]] = {
        "nothing": ([], []),
        "half a head": ([head[:30]], [408]),
        "a head by bytes": (trickle, [408]),
        "no body": ([as_bytes(waiting, line)], [408]),
        "half a body": ([as_bytes(waiting, line) + b"a" * 50], [408]),
        "half a chunk": ([as_bytes(POST + "Transfer-Encoding: chunked\r\n\r\nff\r\nabc", line)], [408]),
        "half an upload": (
            [as_bytes(waiting.replace("/v1/echo", "/v1/school-lists"), line) + b"a" * 50], [408],
        ),
    }  # fmt: skip
    async with gateway.others_served() as served:
        many = [name for name in slow for _ in range(8)]
        exchanges = await asyncio.gather(
            *(spoken(gateway.url, slow[name][0], pause=0.1, wait=10) for name in many)
        )
    for name, exchange in zip(many, exchanges, strict=True):
        assert exchange.statuses == slow[name][1], (name, exchange)
        assert exchange.closed, name
        assert all(is_problem(reply, "request_timeout") for reply in exchange.replies)
    assert set(served) == {200}
    assert len(served) >= 2


async def test_slow_clients_are_not_held_against_the_service(gateway):
    """R74, R110: neither one who sends slowly nor one who does not read opens the circuit for everybody."""
    line = gateway.line
    upload = as_bytes(POST.replace("/v1/echo", "/v1/slow-uploads") + "Content-Length: 4000\r\n\r\n", line)
    sending = [spoken(gateway.url, [upload, *[b"a" * 50] * 30], pause=0.05) for _ in range(8)]
    for exchange in await asyncio.gather(*sending):
        assert exchange.statuses == [408], exchange
        assert exchange.closed
    unread = request("GET", "/v1/slow-exports", line)
    open_connections = [await asyncio.open_connection(*address(gateway.url), limit=1) for _ in range(8)]
    for _, writer in open_connections:
        writer.write(unread)
    await asyncio.sleep(1.0)
    async with gateway.client("operator", client_id="somebody-else") as client:
        for _ in range(5):
            assert (await client.get("/v1/echo")).status_code == 200
    for _, writer in open_connections:
        writer.transport.abort()


def address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


async def test_what_a_slow_client_held_is_given_back(start_gateway):
    """R73, R110: a client's own slow requests do not lock it out for longer than they last."""
    running = await start_gateway(**SHORT, concurrent_requests=4)
    text = as_bytes(POST + "Content-Length: 100\r\n\r\n", running.line)
    slow = [asyncio.create_task(spoken(running.url, [text])) for _ in range(4)]
    await asyncio.sleep(0.2)
    refused = await spoken(running.url, [running.asking("too-many-1")], until=lambda e: bool(e.replies))
    assert refused.statuses == [429]
    assert [exchange.statuses for exchange in await asyncio.gather(*slow)] == [[408]] * 4
    served = await spoken(running.url, [running.asking("again-001")], until=lambda e: bool(e.replies))
    assert running.answers(served.replies[0], "again-001")
