"""`gwella bench http`: what the HTTP interface costs, each figure beside its baseline of the same run."""

from collections.abc import Callable, Mapping, Sequence

from gwella.bench import http_depth, http_limits, http_passing, http_profile
from gwella.bench.figures import Figure
from gwella.bench.http_servers import Servers, Sizes, servers

Part = Callable[[Servers], list[Figure]]

PARTS: Mapping[str, Part] = {
    "passing": http_passing.measure,
    "profile": http_profile.measure,
    "depth": http_depth.measure,
    "limits": http_limits.measure,
}
"""In this order: depth fills the register, so that the lists of a noisy client are long."""


def measure(parts: Sequence[str] = tuple(PARTS), sizes: Sizes | None = None) -> list[Figure]:
    """These parts in turn, on servers that are started and stopped here; by default all, at full size."""
    with servers(sizes or Sizes()) as running:
        return [figure for name in parts for figure in PARTS[name](running)]
