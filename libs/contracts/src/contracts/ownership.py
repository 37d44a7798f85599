"""Which body or consortium an event's record belongs to, beside its authority and school, which every event carries."""

from collections.abc import Mapping
from typing import Any


def body_of(aggregate: str, data: Mapping[str, Any]) -> str | None:
    """The body of a record by its event's data; None: it belongs to none. `aggregate` is `<publisher>.<aggregate>`.

    Governance's records are a body's; a return that is made for several authorities is its consortium's.
    """
    if aggregate.startswith("governance."):
        return data.get("body_id")
    if aggregate == "exchange.return" and data.get("kind") == "consortium":
        return data.get("organisation")
    return None
