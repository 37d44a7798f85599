"""What the exit status of every `gwella` command means, and the one error that carries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """Exit statuses. A script may rely on them; a new one is added at the end, none changes its meaning."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PORT_IN_USE = 3
    ALREADY_RUNNING = 4
    NOT_RUNNING = 5
    SERVER_FAILED = 6
    REFUSED = 7
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for the help text."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done, and everything was as expected",
    Exit.FAILED: "the work was done but something was not as expected (a check, a figure, a difference)",
    Exit.USAGE: "the command line was not understood",
    Exit.PORT_IN_USE: "a port is in use by another program; it is named",
    Exit.ALREADY_RUNNING: "the suite already runs on this data folder; its process is named",
    Exit.NOT_RUNNING: "the command needs a running suite and found none",
    Exit.SERVER_FAILED: "PostgreSQL, Kafka or a service did not start or ended by itself; its log is named",
    Exit.REFUSED: "a server understood the request and refused it",
    Exit.INTERRUPTED: "interrupted before it was ready",
}


@dataclass
class CommandError(Exception):
    """Ends a command with an exit status. `message` says what is wrong, `hint` what to do about it."""

    status: Exit
    message: str
    hint: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    def as_json(self) -> dict[str, Any]:
        """The form for scripts: `{"error": ..., "status": ...}` with whatever details there are."""
        return {
            "error": self.status.name.lower(),
            "status": int(self.status),
            "message": self.message,
            "hint": self.hint,
            **self.details,
        }


def table() -> str:
    """All statuses with their meaning, for `--help`."""
    return "\n".join(f"{status.value}: {status.meaning}" for status in Exit)
