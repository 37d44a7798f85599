"""Whether a position of the feed may be gone on from, and where to begin anew where it may not.

Positions hold for ever: an old one works, or is refused aloud. A caller who went on from a position that was never
given here would miss what comes to stand before it, and never know.
"""

from exchange.storage.change_log import FeedPage
from service_kit.problems import Fault, ProblemError

MAX_PARTITIONS = 64


def ensure_known(page: FeedPage, after: int, feed: str | None) -> None:
    """Raises the problem (410) where nothing may be read behind `after` in the feed that the caller speaks of."""
    code = "position_not_known" if after > page.safe_until or feed not in (None, page.feed) else None
    if after < page.floor:
        code = code or "position_forgotten"
    if code is None:
        return
    where = {"restart_after": page.floor, "feed": page.feed, "safe_until": page.safe_until}
    raise ProblemError(code, {"after": after, **where}, extra=where)


def chosen_partition(partition: int | None, partitions: int | None) -> tuple[int, int] | None:
    """Which of how many partitions is asked for; None: the feed undivided. Raises the problem for half of a choice."""
    if partition is None and partitions is None:
        return None
    if partition is None or partitions is None:
        missing = "partition" if partition is None else "partitions"
        raise ProblemError("validation_failed", errors=[Fault(missing, "missing", part="query")])
    if partition >= partitions:
        fault = Fault("partition", "must_be_less_than", {"bound": partitions}, "query")
        raise ProblemError("validation_failed", errors=[fault])
    return partition, partitions
