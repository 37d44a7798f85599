"""An entry of the feed as a caller is told of it: in the feed itself, and where a digest lists entries."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contracts.event import Change
from exchange.usecases.read_changes import Shown, before_move, held_back, moved, scope_change


def entry_as_told(shown: Sequence[Shown], row: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says to who may see it: `left_scope` tells of a record that moved away no more than where to."""
    change = scope_change(shown, row) if moved(row) else None
    if change is not Change.left_scope:
        entry = _entry(row, _data(row, held_back(shown, row)))
        return entry if change is None else entry | {"change": change}
    told = orjson.loads(row["data"])
    kept = {name: told[name] for name in _TOLD_ON_LEAVING if name in told}
    return _entry(before_move(row), kept) | {"change": change}


def _data(row: Mapping[str, Any], hidden: frozenset[str]) -> Any:
    """An event's data without the fields that are hidden; as it came, where nothing is."""
    if not hidden:
        return orjson.Fragment(row["data"])
    return {name: value for name, value in orjson.loads(row["data"]).items() if name not in hidden}


def _entry(row: Mapping[str, Any], data: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {name: row[name] for name in _CARRIED}
    entry["data"] = data
    for tenant in ("authority", "school"):
        if row[tenant] is not None:
            entry[tenant] = row[tenant]
    return entry


_CARRIED = ("position", "event_id", "type", "change", "subject", "key", "version", "time", "correlation_id")
_TOLD_ON_LEAVING = (
    "authority", "school", "from_authority", "from_school", "reason", "transferred_on", "provider_authority",
    "provider_school", "from_provider_authority", "from_provider_school",
)  # fmt: skip
"""Of a record that left the caller's scope: where it went, which is public, and nothing else."""
