"""R16: reading takes a fixed, small number of statements, at every endpoint of every service."""

from typing import Final

import pytest

from testkit.fixtures import MigratedDatabase
from testkit.statement_counts import counted
from testkit.whole_suite import running, told

pytestmark = pytest.mark.journey

MOST: Final = 4
"""Who asks, on which dated facts its rights turn, the settings that follow from them, the query."""
MORE: Final = {
    # The obligations of a year follow from regimes, term dates and consortia, each asked of the log.
    "/v1/return-obligations": 8,
    # Schools and allocations under the caller's own rights, then regimes, which bind everyone, under theirs.
    "/v1/adviser-gaps": 6,
    # Who is in the room: members, those present, those with an interest, after the meeting itself.
    "/v1/meetings/{id}/quorum": 5,
}
"""Endpoints that need more, each with its reason beside it."""


async def test_no_endpoint_reads_in_more_statements_than_it_needs(
    migrated_database: MigratedDatabase,
) -> None:
    """R16: a list costs the same however long; whoever adds a statement says here why."""
    async with running(migrated_database) as suite:
        await told(suite)
        counts = await counted(suite)
    assert len(counts) > 90
    failed = [one for one in counts if one.status >= 500]
    assert not failed, failed
    assert sum(one.status == 200 for one in counts) > len(counts) / 2
    over = [one for one in counts if one.statements > MORE.get(one.path, MOST)]
    assert not over, "\n".join(f"{one.path}: {one.statements} for {one.role}" for one in over)
