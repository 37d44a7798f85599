"""The load of `gwella bench http`, a process of its own: `python -m` this module reads a `Load`, writes a `Loaded`.

Closed loop, for throughput: each connection asks again as soon as it was answered. Open loop, for latency: requests
come at a fixed rate whether or not the last was answered, and one that waits for a free connection waits on its own
account, so that a server that stalls cannot hide it by being asked less.
"""

import asyncio
import gc
import json
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_BODILESS = frozenset((204, 304))
BROKEN = 0
"""Stands for the status of a request whose connection was closed before its answer had come."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask of a server on this machine: the requests (whole, as sent) in turn, over so many connections.

    `rate`, a second: open loop; None: closed loop. It ends after `seconds`, or after `count` requests where given.
    """

    port: int
    requests: Sequence[str]
    connections: int
    seconds: float = 3600.0
    count: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of it: milliseconds of each answer, by request in the order of `Load.requests`; how many answers of
    each status; how long it all took; and how many more the rate would have asked."""

    latencies: list[list[float]]
    statuses: dict[int, int]
    seconds: float
    missed: int = 0

    @property
    def all(self) -> list[float]:
        """The milliseconds of every answer."""
        return [one for found in self.latencies for one in found]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds

    def only(self, *expected: int) -> "Loaded":
        """Itself. Raises RuntimeError where anything else was answered: a refusal costs something else."""
        if other := {status: n for status, n in self.statuses.items() if status not in expected}:
            raise RuntimeError(f"answered otherwise than {expected}: {other}")
        return self


class _Connection(asyncio.Protocol):
    """One connection: asks, takes the whole answer, tells `answered`."""

    def __init__(self, answered: Callable[["_Connection", int], None]) -> None:
        self._answered = answered
        self._buffer = b""
        self._wanted = 0
        self._status = BROKEN
        self.transport: asyncio.Transport | None = None
        self.busy = False
        self.asked = 0
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, number: int, request: bytes, since: float) -> None:
        """Sends request `number`, which has been waiting since then."""
        self.busy, self.asked, self.since = True, number, since
        if self.transport is not None:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Takes a part of an answer."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self._wanted:
            end = self._buffer.find(_HEAD_END)
            if end < 0:
                return
            head = self._buffer[:end].lower()
            self._status = int(head[9:12])
            length = head.partition(b"\ncontent-length:")[2].partition(b"\r")[0]
            self._wanted = end + 4 + (int(length) if length and self._status not in _BODILESS else 0)
        if len(self._buffer) >= self._wanted:
            self._buffer, self._wanted, self.busy = b"", 0, False
            self._answered(self, self._status)

    def connection_lost(self, error: Exception | None) -> None:
        """The server closed it."""
        self.transport = None
        if self.busy:
            self.busy = False
            self._answered(self, BROKEN)


class _Driver:
    """Asks as a `Load` says and keeps what came of it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = [request.encode("latin-1") for request in load.requests]
        self._left = load.count if load.count is not None else sys.maxsize
        self._sent = 0
        self._until = 0.0
        self._idle: list[_Connection] = []
        self._waiting: deque[float] = deque()
        self._open = 0
        self._all_answered = asyncio.Event()
        self.latencies: list[list[float]] = [[] for _ in self._requests]
        self.statuses: Counter[int] = Counter()

    async def run(self) -> Loaded:
        """The whole load."""
        self._idle = [await self._connected() for _ in range(self._load.connections)]
        began = perf_counter()
        self._until = began + self._load.seconds
        if self._load.rate is None:
            connections, self._idle = self._idle, []
            for connection in connections:
                self._ask(connection, perf_counter())
        else:
            await self._paced(began, self._load.rate)
        # Those that still wait for a connection are asked as well: their latency is what counts most.
        while self._open:
            self._all_answered.clear()
            await self._all_answered.wait()
        return Loaded(self.latencies, dict(self.statuses), perf_counter() - began, len(self._waiting))

    async def _paced(self, began: float, rate: float) -> None:
        number = 0
        while number < self._left and (due := began + number / rate) < self._until:
            if (pause := due - perf_counter()) > 0:
                await asyncio.sleep(pause)
            # From here on it waits for the server; that our own timer is coarse is not the server's fault.
            self._waiting.append(perf_counter())
            number += 1
            self._next()

    def _next(self) -> None:
        if self._waiting and self._idle:
            self._ask(self._idle.pop(), self._waiting.popleft())

    async def _connected(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            lambda: _Connection(self._answered), "127.0.0.1", self._load.port
        )
        return made

    def _ask(self, connection: _Connection, since: float) -> None:
        number = self._sent % len(self._requests)
        self._sent += 1
        self._open += 1
        connection.ask(number, self._requests[number], since)

    def _answered(self, connection: _Connection, status: int) -> None:
        now = perf_counter()
        self._open -= 1
        self.statuses[status] += 1
        self.latencies[connection.asked].append((now - connection.since) * 1000)
        if self._load.rate is not None:
            if connection.transport is not None:
                self._idle.append(connection)
            self._next()
        elif connection.transport is not None and self._sent < self._left and now < self._until:
            self._ask(connection, now)
        if not self._open:
            self._all_answered.set()


def request_of(path: str, token: str, *, method: str = "GET", language: str = "cy", **headers: str) -> str:
    """A request as a client's library sends it, whole. `headers`: further lines, `_` for `-`."""
    lines = {
        "Host": "127.0.0.1", "Authorization": f"Bearer {token}", "Accept": "application/json",
        "Accept-Language": language, "User-Agent": "authority-system/1.0", "Accept-Encoding": "gzip",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip
    return f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"


def begun(load: Load) -> subprocess.Popen[str]:
    """Starts a load beside us; `ended` has its outcome."""
    child = subprocess.Popen(
        [sys.executable, "-m", "gwella.bench.http_load"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if child.stdin is None:
        raise RuntimeError("the load has no input")
    child.stdin.write(json.dumps(asdict(load)))
    child.stdin.close()
    return child


def ended(child: subprocess.Popen[str]) -> Loaded:
    """Waits for the end of a load. Raises RuntimeError where it failed; its error is above, where ours goes."""
    with child:
        said = child.stdout.read() if child.stdout is not None else ""
    if child.returncode != 0:
        raise RuntimeError("the load failed; see its error above")
    told = json.loads(said)
    told["statuses"] = {int(status): number for status, number in told["statuses"].items()}
    return Loaded(**told)


def loaded(load: Load) -> Loaded:
    """A load from its beginning to its end."""
    return ended(begun(load))


def main() -> None:
    """One load, as its input says."""
    load = Load(**json.load(sys.stdin))
    # The collector would stop us for longer than most answers take; what we make is no garbage.
    gc.disable()

    async def run() -> Loaded:
        return await _Driver(load).run()

    json.dump(asdict(uvloop.run(run())), sys.stdout)


if __name__ == "__main__":
    main()
