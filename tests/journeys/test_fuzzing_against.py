"""Generated requests that are to be refused, and such that follow the description's links: the bounded way."""

import pytest

from testkit.fixtures import MigratedDatabase
from testkit.fuzzing.session import bounded
from testkit.whole_suite import running, told

pytestmark = pytest.mark.journey
SEED = 20_260_101


async def test_what_is_wrong_is_refused_and_links_lead_somewhere(migrated_database: MigratedDatabase) -> None:
    """R62, R112: what breaks the description and who has no right get nothing; what is created is there."""
    async with running(migrated_database, requests_per_minute=1_000_000) as suite:
        await told(suite)
        outcomes = {name: await bounded(suite, SEED, {name}) for name in ("refused", "wrong", "linked")}
    for name, found in outcomes.items():
        reports = "\n".join(found.reports)[-20_000:]
        assert not found.failures, f"{name}: {dict(found.failures)}\n{reports}"
    assert {status for *_, status in outcomes["refused"].cases} == {403}
    assert {400, 422} <= {status for *_, status in outcomes["wrong"].cases}
    assert not [status for *_, status in outcomes["wrong"].cases if status >= 500]
    assert 200 in {status for *_, status in outcomes["linked"].cases}
