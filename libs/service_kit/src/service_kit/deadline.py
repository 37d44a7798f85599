"""How long a request may still take: said by its caller (`X-Deadline-Ms`), kept in the process and by Postgres.

The gateway says how long it will wait. Work that nobody waits for any more would only take connections away from what
somebody does wait for, so it ends here: whatever is awaited is cancelled, and the statement that runs is stopped by
Postgres itself (`statement_timeout` of the transaction), also where this process has gone meanwhile.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Final

from service_kit.problems import Fault, ProblemError

HEADER: Final = "X-Deadline-Ms"
STATEMENT_TIMEOUT: Final = "statement_timeout"
"""The setting of Postgres, in milliseconds."""
_WRITTEN: Final = re.compile(r"[1-9][0-9]{0,6}")
"""1 ms to not quite 3 hours."""

_ends: ContextVar[float | None] = ContextVar("ends", default=None)


def seconds_given(header: str | None) -> float | None:
    """The time that a request gives, in seconds; None: it gives no limit. Raises 422 for what is no such number."""
    if header is None:
        return None
    if not _WRITTEN.fullmatch(header):
        raise ProblemError("validation_failed", errors=[Fault(HEADER, "pattern_mismatch", part="header")])
    return int(header) / 1000


@asynccontextmanager
async def within(seconds: float | None) -> AsyncIterator[None]:
    """The block ends in so many seconds. Raises ProblemError 504 `deadline_passed` where it does not by itself."""
    if seconds is None:
        yield
        return
    token = _ends.set(monotonic() + seconds)
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise passed_error() from None
    finally:
        _ends.reset(token)


def passed() -> bool:
    """Whether the time of the request is over (to a hundredth of a second, as Postgres keeps it)."""
    ends = _ends.get()
    return ends is not None and monotonic() > ends - 0.01


def passed_error() -> ProblemError:
    """504 with Retry-After."""
    return ProblemError("deadline_passed", headers={"Retry-After": "1"})


def statement_settings() -> Mapping[str, str]:
    """What a transaction that begins now tells Postgres: no statement runs longer than the request has left."""
    ends = _ends.get()
    if ends is None:
        return {}
    return {STATEMENT_TIMEOUT: str(max(1, round((ends - monotonic()) * 1000)))}
