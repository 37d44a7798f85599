"""Telling a database that is away or a lost race from an event that cannot be handled."""

import socket
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_TRANSIENT_STATES: Final = frozenset({"40001", "40P01", "57P01", "57P02", "57P03", "57P05", "25P03"})
"""Serialisation failure, deadlock, shutdown, crash, cannot connect now, idle time-outs (PostgreSQL, appendix A)."""


def is_transient(error: BaseException) -> bool:
    """Whether the same event may well succeed later without anybody changing anything: never a reason to park."""
    if isinstance(error, ConnectionError | TimeoutError | PoolTimeoutError | socket.gaierror):
        return True
    if isinstance(error, DBAPIError):
        state = _sqlstate(error)
        # Classes 08 (connection) and 53 (resources).
        return error.connection_invalidated or state in _TRANSIENT_STATES or state[:2] in ("08", "53")
    return _sqlstate(error)[:2] in ("08", "53") or _sqlstate(error) in _TRANSIENT_STATES


def _sqlstate(error: BaseException | None) -> str:
    while error is not None:
        state = getattr(error, "sqlstate", None)
        if isinstance(state, str):
            return state
        error = getattr(error, "orig", None) or error.__cause__
    return ""
