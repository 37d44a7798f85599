"""What a request costs at the gateway: CPU per request beside a bare proxy, the service direct, and nginx if present.

All are asked the same in turns, so that a busy machine slows each alike; the median turn counts.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep
from typing import IO

import psutil
import uvloop

from gwella.bench.figures import Figure, percentile
from testkit.processes import ends_with_parent, free_port

TURNS = 5
REQUESTS = 4_000
CONNECTIONS = 16
EXPECTED = 0.8
"""Of a bare proxy, by CPU per request (design, section 8)."""
_MICRO = 1e6
_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder};
upstream behind {{ server 127.0.0.1:{upstream}; keepalive 64; }}
server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000; location / {{
proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""


class _Caller(asyncio.Protocol):
    """One connection that asks, waits for the whole answer, and asks again."""

    def __init__(self, request: bytes, turn: "_Turn") -> None:
        self._request = request
        self._turn = turn
        self._buffer = b""
        self._expected: int | None = None
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks the first time."""
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Takes a part of an answer; at its end, asks again."""
        self._buffer += data
        if self._expected is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            if not head.startswith(b"http/1.1 200"):
                self._turn.failed(RuntimeError(self._buffer[:300].decode("latin-1")))
                return
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._expected = end + 4 + int(length)
        if len(self._buffer) >= self._expected:
            self._turn.latencies.append(perf_counter() - self._asked)
            self._buffer, self._expected = b"", None
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody hangs up on us while we ask."""
        if self._turn.left > 0:
            self._turn.failed(ConnectionError(f"the server hung up: {error}"))

    def _ask(self) -> None:
        if self._turn.take():
            self._asked = perf_counter()
            self._transport.write(self._request)  # type: ignore[attr-defined]
        else:
            self._transport.close()


class _Turn:
    """A number of requests over several connections."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self._open = requests
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> bool:
        """Whether one more request is to be made."""
        if len(self.latencies) == self._open and not self.done.done():
            self.done.set_result(None)
        if self.left <= 0:
            return False
        self.left -= 1
        return True

    def failed(self, error: Exception) -> None:
        """Ends the measurement: a refused request costs something else."""
        if not self.done.done():
            self.done.set_exception(error)


async def _ask(port: int, token: str, requests: int) -> list[float]:
    request = (
        f"GET /v1/schools/6732118/contacts?limit=50 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\nAccept: application/json\r\nAccept-Language: cy\r\n"
        "User-Agent: authority-system/1.0\r\nAccept-Encoding: gzip\r\n\r\n"
    ).encode()
    turn = _Turn(requests)
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: _Caller(request, turn), "127.0.0.1", port)
    await turn.done
    return turn.latencies


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process and its children have used."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


@contextmanager
def serving(
    *arguments: str,
    port: int,
    environment: Mapping[str, str] | None = None,
    log: int | IO[str] = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """A server as a process of its own, from when it takes connections at `port` to the end of the block.

    What it says goes to `log`. Raises RuntimeError when it takes none within half a minute.
    """
    process = subprocess.Popen(
        arguments,
        stdout=log,
        text=True,
        env={**(environment or os.environ), "PYTHONUNBUFFERED": "1"},
        preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - from the main thread
    )
    try:
        until = monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or monotonic() > until:
                    raise RuntimeError(f"{arguments} did not start") from None
                sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def nginx_command(folder: Path, upstream: int, port: int) -> tuple[str, ...] | None:
    """How to start an nginx that passes everything from `port` on to the port `upstream`; None: it is not installed."""
    nginx = shutil.which("nginx")
    if nginx is None:
        return None
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, upstream=upstream, port=port))
    return nginx, "-c", str(configuration), "-p", str(folder)


def measure(requests: int = REQUESTS, turns: int = TURNS) -> dict[str, float]:
    """CPU per request in microseconds, by server, and the gateway's latencies and rate.

    Keys: `bare_us`, `gateway_us`, `service_us`, `nginx_us` (only where nginx is installed), the same with `_rate`
    (requests a second), `of_bare` (1 is as cheap as a bare proxy), `p50_ms`, `p99_ms`, `requests_per_second`.
    """
    module = (sys.executable, "-m", "gwella.bench.gateway_servers")
    with ExitStack() as running:
        folder = running.enter_context(TemporaryDirectory())
        ports = {name: free_port() for name in ("service", "bare", "gateway", "nginx")}
        behind = f"http://127.0.0.1:{ports['service']}"
        commands = {
            "service": (*module, "upstream", str(ports["service"])),
            "bare": (*module, "bare", str(ports["bare"]), behind),
            "gateway": (*module, "gateway", str(ports["gateway"]), behind),
        }
        if nginx := nginx_command(Path(folder), ports["service"], ports["nginx"]):
            commands["nginx"] = nginx
        servers = {
            name: running.enter_context(serving(*command, port=ports[name]))
            for name, command in commands.items()
        }
        output = servers["gateway"].stdout
        token = output.readline().strip() if output is not None else ""
        return _measured(
            {name: (server.pid, ports[name]) for name, server in servers.items()}, token, requests, turns
        )


def _measured(servers: dict[str, tuple[int, int]], token: str, requests: int, turns: int) -> dict[str, float]:
    costs: dict[str, list[float]] = {name: [] for name in servers}
    rates: dict[str, list[float]] = {name: [] for name in servers}
    latencies: list[float] = []
    for turn in range(turns + 1):
        for name, (pid, port) in servers.items():
            used, began = cpu_seconds(pid), perf_counter()
            found = uvloop.run(_ask(port, token, requests if turn else requests // 4))
            if turn == 0:
                continue  # warms up
            costs[name].append((cpu_seconds(pid) - used) / requests * _MICRO)
            rates[name].append(requests / (perf_counter() - began))
            if name == "gateway":
                latencies += found
    figures = {f"{name}_us": median(found) for name, found in costs.items()}
    figures |= {f"{name}_rate": median(found) for name, found in rates.items()}
    return figures | {
        "of_bare": figures["bare_us"] / figures["gateway_us"],
        "p50_ms": percentile(latencies, 50) * 1000,
        "p99_ms": percentile(latencies, 99) * 1000,
        "requests_per_second": figures["gateway_rate"],
    }


def figures(measured: dict[str, float]) -> list[Figure]:
    """The same as lines of the report."""
    area, bare = "gateway", measured["bare_us"]
    lines = [
        Figure(
            area,
            "bare proxy's CPU over the gateway's",
            bare,
            "us",
            measured["gateway_us"],
            "gateway",
            EXPECTED,
        ),
        Figure(
            area, "CPU per request", measured["gateway_us"], "us", measured["service_us"], "service direct"
        ),
        Figure(area, "latency p50", measured["p50_ms"], "ms"),
        Figure(area, "latency p99", measured["p99_ms"], "ms"),
        Figure(area, "requests", measured["requests_per_second"], "1/s"),
    ]
    if "nginx_us" in measured:
        lines.append(
            Figure(area, "CPU per request", measured["gateway_us"], "us", measured["nginx_us"], "nginx")
        )
    return lines
