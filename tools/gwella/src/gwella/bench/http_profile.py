"""A school's profile beside one school passed through: unchanged (304), and in full beside its parts.

Two requests are compared by asking them in turn on one connection, so that whatever slows one slows the other.
"""

from statistics import median

import httpx

from gwella.bench.figures import Figure, percentile
from gwella.bench.http_load import Load, loaded, request_of
from gwella.bench.http_servers import CALLER, GATEWAY, SCHOOL_PATH, Server, Servers, Sizes

AREA = "http: profile"
PROFILE = f"{SCHOOL_PATH}/profile"
FULL_SHARE = 10
"""One full profile for so many unchanged ones: it costs as much as fifteen reads."""


def measure(servers: Servers) -> list[Figure]:
    """Unchanged profile and pass-through in turn, alone and at half load; then CPU of each; then the full profile."""
    gateway, token, sizes = servers[GATEWAY], servers.suite.token(CALLER), servers.sizes
    tag, links = _first(gateway, token)
    one = request_of(SCHOOL_PATH, token)
    unchanged = request_of(PROFILE, token, If_None_Match=tag)
    loaded(Load(gateway.port, [one, unchanged], 4, count=sizes.compared // 4)).only(200, 304)
    alone = loaded(Load(gateway.port, [one, unchanged], 1, count=sizes.compared)).only(200, 304)
    full_rate = loaded(Load(gateway.port, [one, unchanged], 8, count=sizes.compared)).only(200, 304).rate
    load = Load(gateway.port, [one, unchanged], 32, seconds=sizes.seconds, rate=full_rate / 2)
    half = loaded(load).only(200, 304)
    figures = []
    for what, found, expected in (
        ("alone", alone.latencies, 1.0), (f"at half load, {full_rate / 2:.0f}/s", half.latencies, None),
    ):  # fmt: skip
        for percent in (50, 99):
            figures.append(
                Figure(
                    AREA, f"unchanged (304), p{percent}, {what}", percentile(found[1], percent), "ms",
                    percentile(found[0], percent), "one school passed through",
                    expected if percent == 50 else None, "at most",
                )
            )  # fmt: skip
    return figures + _computed(gateway, one, unchanged, sizes) + _full(gateway, token, links, sizes.compared)


def _first(gateway: Server, token: str) -> tuple[str, list[str]]:
    """The profile's tag, and the addresses of its sections."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "cy"}
    answer = httpx.get(f"http://127.0.0.1:{gateway.port}{PROFILE}", headers=headers, trust_env=False)
    answer.raise_for_status()
    return answer.headers["etag"], [section["link"] for section in answer.json()["sections"].values()]


def _computed(gateway: Server, one: str, unchanged: str, sizes: Sizes) -> list[Figure]:
    """Milliseconds of the gateway's CPU for 1,000 of each, the median of the turns."""
    requests = sizes.compared
    found: dict[str, list[float]] = {one: [], unchanged: []}
    for _ in range(sizes.turns):
        for request, costs in found.items():
            used = gateway.cpu_seconds()
            loaded(Load(gateway.port, [request], 8, count=requests)).only(200, 304)
            costs.append((gateway.cpu_seconds() - used) * 1_000_000 / requests)
    return [
        Figure(
            AREA, "unchanged (304), the gateway's CPU per 1,000", median(found[unchanged]), "ms",
            median(found[one]), "one school passed through",
        )
    ]  # fmt: skip


def _full(gateway: Server, token: str, links: list[str], compared: int) -> list[Figure]:
    """The whole profile beside the sum of its parts, read one after the other as a client would without it."""
    requests = [request_of(path, token) for path in (PROFILE, *links)]
    rounds = max(3, compared // FULL_SHARE // 2)
    outcome = loaded(Load(gateway.port, requests, 1, count=rounds * len(requests))).only(200)
    whole, *parts = outcome.latencies
    together = [sum(times) for times in zip(*parts, strict=True)]
    return [
        Figure(
            AREA, f"in full, p{percent}", percentile(whole, percent), "ms", percentile(together, percent),
            f"its {len(parts)} parts in turn", 1.0 if percent == 50 else None, "at most",
        )
        for percent in (50, 99)
    ]  # fmt: skip
