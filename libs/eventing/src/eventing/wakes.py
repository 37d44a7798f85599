"""Who is woken by a commit: whoever follows a table to which the transaction has added.

In one process that spares a follower the wait until its next look, and those of other tables the look itself.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

_ADDED_TO: Final = "eventing.added_to"


def added_to(connection: AsyncConnection, table: Table) -> None:
    """Notes that the transaction under way added to a table that somebody follows."""
    connection.info.setdefault(_ADDED_TO, set()).add(table.name)


def taken(info: dict[Any, Any]) -> set[str]:
    """The tables noted since this was last asked: `info` is the pooled connection's, which outlives a transaction."""
    names: set[str] = info.pop(_ADDED_TO, set())
    return names


def wake(wakes: Mapping[str, asyncio.Event], tables: set[str]) -> None:
    """Wakes the followers of these tables, after the commit."""
    for name in tables & wakes.keys():
        wakes[name].set()
