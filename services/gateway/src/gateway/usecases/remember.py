"""What was composed for whom, by its validators only: so that a reader who holds it costs one call, not fifteen.

No body is kept: what a service shows of confidential records it enters in its audit, and an answer from a memory of
ours would be a read that nobody knows of. So the gateway holds no business data, and a full answer is always read.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Final

MOST: Final = 5_000
TRUSTED: Final = 60.0
"""Seconds for which the exchange's version alone decides. It tells of events, and not of what the clock makes of them,
nor how far a service's own projections have come; after a minute everything is composed and compared again."""

HEARD_AFTER: Final = 5_000_000_000
"""Nanoseconds after which the exchange may be taken to have heard of a client's own change."""


def may_not_be_heard_yet(wrote_at: int | None, now: int) -> bool:
    """Whether a client changed something so lately that the exchange's version cannot be asked about it."""
    return wrote_at is not None and now - wrote_at < HEARD_AFTER


@dataclass(frozen=True, slots=True)
class Version:
    """How far the exchange has come with a subject for one caller, and what that caller may see.

    `settled`: nothing came in the last seconds, so that every service knows of it too.
    """

    position: int
    rights: str
    settled: bool

    @property
    def same(self) -> tuple[int, str]:
        """What must be equal for two answers to be the same."""
        return self.position, self.rights


@dataclass(frozen=True, slots=True)
class _Held:
    tag: str
    version: tuple[int, str]
    until: float


class Remembered:
    """The validators of the last compositions: at most `MOST`, each for `TRUSTED` seconds."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()

    def keep(self, key: Hashable, tag: str, version: Version) -> None:
        """Remembers a composition, unless its version is so young that a section may not have known of it yet."""
        self._held.pop(key, None)
        if not version.settled:
            return
        if len(self._held) >= MOST:
            self._held.popitem(last=False)
        self._held[key] = _Held(tag, version.same, self._now() + TRUSTED)

    def forget(self, key: Hashable) -> None:
        """Forgets what was composed: a section failed, so that nothing is known of it now."""
        self._held.pop(key, None)

    def tag(self, key: Hashable) -> str | None:
        """The validator that is worth asking about; None: there is none, or it is too old."""
        held = self._held.get(key)
        return held.tag if held is not None and held.until > self._now() else None

    def unchanged(self, key: Hashable, version: Version) -> bool:
        """Whether what is remembered was composed at this very version under these very rights."""
        held = self._held.get(key)
        return held is not None and held.until > self._now() and held.version == version.same
