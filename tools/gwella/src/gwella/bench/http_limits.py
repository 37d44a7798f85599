"""What one noisy client costs another: over its rate, and with more requests at once than it may have in flight.

The gateway that is asked has the limits of the settings. The quiet client asks at a fixed rate, alone and beside the
noise in turns; what it waits for an answer is compared.
"""

from collections.abc import Mapping

from gwella.bench.figures import Figure, percentile
from gwella.bench.http_load import Load, Loaded, begun, ended, loaded, request_of
from gwella.bench.http_servers import CALLER, LIMITED, NOISY, SCHOOL_PATH, Servers
from service_kit.settings import Settings

AREA = "http: limits"
QUIET_RATE = 40.0
"""Requests a second of the quiet client: well within its rate."""
TIMES = 5
"""How many times its rate a noisy client asks."""
EXPECTED = 2.0
"""Of its quiet p99, at most."""
LIST = "/v1/schools?limit=200"
_HEAVY = "lists of 200"
"""Without expectation: what a read costs its service no rate tells."""


def measure(servers: Servers) -> list[Figure]:
    """Quiet, beside each noise, quiet again; and what the noise was answered."""
    sizes, port = servers.sizes, servers[LIMITED].port
    settings = Settings()
    rate, in_flight = settings.requests_per_minute / 60, settings.concurrent_requests
    noisy = servers.suite.token(NOISY)
    one, long = request_of(SCHOOL_PATH, noisy), request_of(LIST, noisy)
    seconds = sizes.noise_seconds
    noises = {
        f"over its rate {TIMES} times": Load(port, [one], 2 * in_flight, seconds, rate=TIMES * rate),
        f"{2 * in_flight} at once, without a pause": Load(port, [one], 2 * in_flight, seconds),
        f"{2 * in_flight} at once, {_HEAVY}": Load(port, [long], 2 * in_flight, seconds),
    }
    request = request_of(SCHOOL_PATH, servers.suite.token(CALLER))
    calm = Load(port, [request], 16, seconds, rate=QUIET_RATE)
    loaded(Load(port, [request], 2, count=50)).only(200)
    alone, beside, answered = loaded(calm).only(200).all, {}, {}
    for name, noise in noises.items():
        noise_child = begun(noise)
        beside[name] = loaded(calm).only(200).all
        answered[name] = ended(noise_child)
        alone += loaded(calm).only(200).all
    return _figures(alone, beside, answered)


def _figures(
    alone: list[float], beside: Mapping[str, list[float]], answered: Mapping[str, Loaded]
) -> list[Figure]:
    figures = [
        Figure(
            AREA,
            f"another client's p{percent}, quiet",
            percentile(alone, percent),
            "ms",
            note=f"{QUIET_RATE:g}/s",
        )
        for percent in (50, 99)
    ]
    for name, found in beside.items():
        noise = answered[name]
        let_in, refused = noise.statuses.get(200, 0), noise.statuses.get(429, 0)
        note = f"noise: {let_in / noise.seconds:.0f}/s let in, {refused / noise.seconds:.0f}/s refused (429)"
        figures += [
            Figure(
                AREA, f"its p{percent}, beside one {name}", percentile(found, percent), "ms",
                percentile(alone, percent), "quiet",
                EXPECTED if percent == 99 and _HEAVY not in name else None, "at most",
                note if percent == 99 else "",
            )
            for percent in (50, 99)
        ]  # fmt: skip
    return figures
