"""One school through the gateway with all its checks, beside the service itself, nginx and a bare aiohttp proxy.

All pass on to the same process of the registry and are asked in turns, so that a busy machine slows each alike; the
median turn counts. What the service computes for an answer it computes for each of them; CPU and memory are those of
the server that is asked alone.
"""

import shutil
from collections.abc import Mapping, Sequence
from statistics import median

from gwella.bench import gateway
from gwella.bench.figures import Figure, percentile
from gwella.bench.http_load import Load, loaded, request_of
from gwella.bench.http_servers import (
    CALLER,
    DIRECT,
    GATEWAY,
    NGINX,
    PROXY,
    SCHOOL_PATH,
    Server,
    Servers,
)

AREA = "http: pass-through"
CONNECTIONS = 8
_MIB = 1024 * 1024


class _Turns:
    """What was measured of one server, turn by turn."""

    def __init__(self) -> None:
        self.cpu: list[float] = []
        self.rates: list[float] = []
        self.grown: list[float] = []

    def take(self, server: Server, load: Load, requests: int) -> None:
        """One turn: milliseconds of CPU and KiB of memory per 1,000 requests, requests a second."""
        used, held = server.cpu_seconds(), server.held_bytes()
        outcome = loaded(load).only(200)
        self.cpu.append((server.cpu_seconds() - used) * 1_000_000 / requests)
        self.grown.append((server.held_bytes() - held) / 1024 * 1000 / requests)
        self.rates.append(outcome.rate)


def measure(servers: Servers) -> list[Figure]:
    """Closed loop in turns, then half of the gateway's rate in open loop, then the same with no service behind."""
    sizes, token = servers.sizes, servers.suite.token(CALLER)
    asked = [servers[name] for name in (DIRECT, GATEWAY, PROXY, NGINX) if name in servers.named]
    request = request_of(SCHOOL_PATH, token)
    turns = {server.name: _Turns() for server in asked}
    for server in asked:
        loaded(Load(server.port, [request], CONNECTIONS, count=max(50, sizes.requests // 4))).only(200)
    for _ in range(sizes.turns):
        for server in asked:
            load = Load(server.port, [request], CONNECTIONS, count=sizes.requests)
            turns[server.name].take(server, load, sizes.requests)
    rate = median(turns[GATEWAY].rates) / 2
    latencies: dict[str, list[float]] = {server.name: [] for server in asked}
    halves = min(2, sizes.turns)
    for _ in range(halves):
        for server in asked:
            load = Load(server.port, [request], 4 * CONNECTIONS, seconds=sizes.seconds / halves, rate=rate)
            latencies[server.name] += loaded(load).only(200).all
    figures = _computed(turns) + _held(asked, turns) + _waited(latencies, rate)
    return figures + _instant(gateway.measure(sizes.instant_requests, sizes.turns))


def _computed(turns: Mapping[str, _Turns]) -> list[Figure]:
    """Computing and throughput; how many of a baseline's CPU the gateway needs."""
    cpu = {name: median(of.cpu) for name, of in turns.items()}
    figures = [
        # The other way round, so that more is better, as the expectation is worded.
        Figure(
            AREA, "bare proxy's CPU over the gateway's, per 1,000", cpu[PROXY], "ms", cpu[GATEWAY], GATEWAY,
            gateway.EXPECTED, note="every check of the gateway against none",
        ),
        Figure(AREA, "CPU per 1,000 requests, gateway", cpu[GATEWAY], "ms", cpu[DIRECT], "the service's own"),
        Figure(AREA, f"CPU per 1,000 requests, {PROXY}", cpu[PROXY], "ms", cpu[DIRECT], "the service's own"),
    ]  # fmt: skip
    if NGINX in cpu:
        figures.append(Figure(AREA, "CPU per 1,000 requests, nginx", cpu[NGINX], "ms", cpu[GATEWAY], GATEWAY))
    elif shutil.which("nginx") is None:
        figures.append(_absent("CPU per 1,000 requests, nginx"))
    direct = median(turns[DIRECT].rates)
    return figures + [
        Figure(AREA, f"requests of one service's worker, {name}", median(of.rates), "1/s", direct, DIRECT)
        for name, of in turns.items()
    ]


def _absent(name: str) -> Figure:
    return Figure(AREA, name, None, "", note="nginx is not installed here (Debian: apt-get install nginx)")


def _held(asked: Sequence[Server], turns: Mapping[str, _Turns]) -> list[Figure]:
    """What each holds after all turns, and what it grew by per 1,000 requests."""
    return [
        Figure(
            AREA, f"memory held, {server.name}", server.held_bytes() / _MIB, "MiB",
            note=f"grew by {median(turns[server.name].grown):.0f} KiB per 1,000 requests",
        )
        for server in asked
    ]  # fmt: skip


def _waited(latencies: Mapping[str, list[float]], rate: float) -> list[Figure]:
    """What a client waits at half of the gateway's rate."""
    return [
        Figure(
            AREA, f"p{percent} at half load, {name}", percentile(found, percent), "ms",
            percentile(latencies[DIRECT], percent), DIRECT, note=f"{rate:.0f} requests/s",
        )
        for name, found in latencies.items()
        for percent in (50, 99)
    ]  # fmt: skip


def _instant(measured: Mapping[str, float]) -> list[Figure]:
    """The same with a service behind that answers at once: then the server that is asked is the limit."""
    names = {"gateway": GATEWAY, "bare": PROXY, "nginx": NGINX}
    area = "http: worker"
    figures = [
        Figure(
            area, "bare proxy's CPU over the gateway's, per request", measured["bare_us"], "us",
            measured["gateway_us"], GATEWAY, gateway.EXPECTED,
        )
    ]  # fmt: skip
    for key, name in names.items():
        if f"{key}_rate" in measured:
            figures.append(
                Figure(
                    area, f"requests of one worker, {name}", measured[f"{key}_rate"], "1/s",
                    measured["bare_rate"], PROXY, note=f"{measured[f'{key}_us']:.0f} us of CPU each",
                )
            )  # fmt: skip
    return figures
