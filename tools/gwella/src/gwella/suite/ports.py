"""Ports that are taken are named before anything starts: which port, wanted by whom, held by whom."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from gwella.exits import CommandError, Exit
from testkit.processes import port_is_free


def require_free(listeners: Iterable[tuple[int, str]], host: str) -> None:
    """Raise `CommandError` (status 3) naming every port of `listeners` that somebody else listens on."""
    taken = [(port, name) for port, name in listeners if not port_is_free(port, host)]
    if not taken:
        return
    lines = []
    details = []
    for port, name in taken:
        holder = holder_of(port)
        lines.append(f"port {port} (for {name}) is in use" + (f" by {holder}" if holder else ""))
        details.append({"port": port, "service": name, "held_by": holder})
    raise CommandError(
        Exit.PORT_IN_USE,
        "; ".join(lines),
        hint="stop that program, or move the whole suite: gwella up --port-offset 1000",
        details={"ports": details},
    )


def holder_of(port: int) -> str | None:
    """Program and pid that listen on a port; None where the system does not tell us."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return None  # another user's process: the port is named all the same
    return None
