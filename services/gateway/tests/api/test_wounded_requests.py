"""R110: twelve hundred wounded requests, from a seed, each with a good one behind it on the same connection.

Whatever the wound did to the framing: nobody is given another one's answer, no answer is a fault of ours, no connection
hangs, and the service behind is asked by the gateway alone.
"""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

from testkit.raw_http import Exchange, request, spoken

SEED = 20_200_120
CASES = 1_200
HIDDEN = b"GET /v1/echo?asked=smuggled1 HTTP/1.1\r\nHost: gateway\r\n\r\n"
PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"\r\n ", b"\r\n\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: x\r\n", b"0\r\n\r\n",
    b"5\r\nabcde\r\n", b"ffffffffffffffffff", b"Connection: close\r\n", b"Connection: x-request-id\r\n",
    b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n", b"%00", b"%", b"/../", b"//", b"?", b"#", b"\xff\xfe",
    b"\xc3\xa9", b"a" * 3_000, b"HTTP/1.0", b"Host: other\r\n", HIDDEN,
)  # fmt: skip


def mutated(chance: random.Random, good: bytes) -> bytes:
    """A good request with one to four wounds."""
    found = bytearray(good)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) or 1)
        match chance.randrange(5):
            case 0:
                found[at:at] = chance.choice(PIECES)
            case 1:
                del found[at : at + chance.randint(1, 12)]
            case 2 if found:
                found[at % len(found)] = chance.randrange(256)
            case 3:
                found[at:at] = found[at : at + chance.randint(1, 40)]
            case _:
                lines = bytes(found).split(b"\r\n")
                chance.shuffle(lines)
                found = bytearray(b"\r\n".join(lines)) if chance.random() < 0.3 else found
    return bytes(found)


def wounded(running: Any, chance: random.Random) -> Iterator[tuple[str, list[bytes]]]:
    """Connections: a wounded request, sometimes in pieces, and behind it a good one that is known by its id."""
    line = running.line
    for n in range(CASES):
        number = f"fuzz-{n:05}"
        body = b'{"a": 1}'
        good = chance.choice(
            [
                request("GET", f"/v1/echo?asked=wound-{n}", line),
                request("POST", "/v1/echo", line, f"Content-Length: {len(body)}", body=body),
                request(
                    "POST",
                    "/v1/echo",
                    line,
                    "Transfer-Encoding: chunked",
                    body=b"8\r\n" + body + b"\r\n0\r\n\r\n",
                ),
                request(
                    "POST",
                    "/v1/school-lists",
                    line,
                    "Content-Type: text/csv",
                    "Content-Length: 3",
                    body=b"abc",
                ),
                request("GET", "/v1/schools/6732118", "Accept-Language: cy"),
            ]
        )
        whole = mutated(chance, good) + running.asking(number)
        cut = chance.randrange(len(whole))
        yield number, [whole] if chance.random() < 0.7 else [whole[:cut], whole[cut:]]


async def test_wounded_requests_break_nothing(start_gateway):
    """R110: twelve hundred of them, from a seed; each followed by a good one on the same connection."""
    gateway = await start_gateway(
        request_head_seconds=0.5, request_body_seconds=0.5, requests_per_minute=1_000_000
    )
    chance = random.Random(SEED)
    places = asyncio.Semaphore(20)

    async def one(number: str, parts: list[bytes]) -> tuple[str, list[bytes], Exchange]:
        async with places:
            enough = lambda e: any(r.headers.get("x-request-id") == number for r in e.replies)  # noqa: E731
            return number, parts, await spoken(gateway.url, parts, until=enough, wait=5)

    async with gateway.others_served() as served:
        done = await asyncio.gather(*(one(*case) for case in wounded(gateway, chance)))
    followed = 0
    for number, parts, exchange in done:
        for reply in exchange.replies:
            assert reply.status < 500, (parts, exchange)
            theirs = reply.headers["x-request-id"]
            if theirs.startswith("fuzz-"):
                assert theirs == number, (parts, exchange)
                followed += gateway.answers(reply, number)
        # Every connection was answered or ended; none hangs.
        assert exchange.replies or exchange.closed, parts
    assert followed > CASES // 4
    assert set(served) == {200}
    assert len(served) >= 2
    assert all("for=127.0.0.1" in forwarded for _, forwarded in gateway.upstream.asked)
    given = {reply.headers["x-request-id"] for _, _, exchange in done for reply in exchange.replies}
    unanswered = {n for n, _ in gateway.upstream.asked if not n.startswith("other-")} - given
    # Asked of the service and not answered to whoever asked: only where the connection ended in between.
    assert len(unanswered) < CASES // 10
