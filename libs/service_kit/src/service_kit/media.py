"""Which media type an answer has: what `Accept` wishes, among what the route offers (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from typing import Final

from contracts.media_types import EXPORTS, JSON
from service_kit.problems import ProblemError

PAGES: Final = (JSON, *EXPORTS)


def wished(accept: str | None, offered: Sequence[str]) -> str:
    """The type that `chosen` finds. Raises 406 `not_acceptable`, which names what there is."""
    found = chosen(accept, offered)
    if found is None:
        raise ProblemError("not_acceptable", {"offered": ", ".join(offered)})
    return found


def chosen(accept: str | None, offered: Sequence[str]) -> str | None:
    """The type with the highest weight, the first offered of equals; None: none of them is acceptable.

    The most specific range decides about a type; a range whose weight is malformed counts as not wished.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(item) for item in accept.split(",") if item.strip()]
    weighed = [(_weight(kind, ranges), -place, kind) for place, kind in enumerate(offered)]
    weight, _, best = max(weighed)
    return best if weight > 0 else None


def _range(item: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in item.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return kind, 0.0
            return kind, weight if 0.0 <= weight <= 1.0 else 0.0
    return kind, 1.0


def _weight(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    for wanted in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        found = [weight for name, weight in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
