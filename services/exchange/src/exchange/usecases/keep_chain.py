"""Keeping the chain: the records that events tell of, and what a return counts as it is frozen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.envelope import Envelope
from exchange.domain.chain import RETURN, STEP_OF, STEPS, Told, last_told, reference
from exchange.domain.figures import Figure
from exchange.storage import chain

_COUNTABLE: Final = frozenset(step.record for step in STEPS if step.aggregate != RETURN)


async def keep_records(connection: AsyncConnection, envelopes: Iterable[Envelope]) -> None:
    """Keeps the last version of each record in a chain: one statement a batch, none where nothing is in one."""
    rows = last_told(
        Told(one.aggregate, one.key, one.version, one.subject, one.data_class, orjson.loads(one.data))
        for one in envelopes
        if one.aggregate in STEP_OF
    )
    if rows:
        await chain.keep(connection, rows)


async def keep_counted(
    connection: AsyncConnection, digest: str, version: Mapping[str, Any], figures: Sequence[Figure]
) -> None:
    """Keeps under which figures a version that is being frozen counts records of chains.

    A figure without a count for an authority counts none of its records, as in the trace.
    """
    counted: dict[str, set[str]] = defaultdict(set)
    for figure in figures:
        for item in figure.items:
            record = item.reference.subject.replace("_", "-")
            if record in _COUNTABLE and item.authority not in figure.statuses:
                counted[reference(record, item.reference.id)].add(figure.code)
    rows = [
        {
            "content": digest,
            "reference": counted_one,
            "figures": sorted(codes),
            "authority": version["authority"],
            "body": version["body"],
        }
        for counted_one, codes in sorted(counted.items())
    ]
    if rows:
        await chain.keep_counts(connection, rows)
