"""The published description and the suite agree, asked by generated requests as each role: the bounded way.

`gwella bench fuzz` is the long one: every role on every operation, in depth, 20,000 cases and more.
"""

import httpx
import pytest

from service_kit.policy.roles import roles
from testkit.fixtures import MigratedDatabase
from testkit.fuzzing.parts import described
from testkit.fuzzing.session import bounded
from testkit.whole_suite import running, told

pytestmark = pytest.mark.journey
SEED = 20_260_101


async def test_every_operation_answers_as_it_is_described(migrated_database: MigratedDatabase) -> None:
    """R62, R112: no 5xx, no answer beside its description, nothing given to a role that does not list the operation."""
    async with running(migrated_database, requests_per_minute=1_000_000) as suite:
        await told(suite)
        found = await bounded(suite, SEED, {"permitted"})
        async with httpx.AsyncClient(base_url=suite.url) as client:
            document = (await client.get("/openapi.json")).json()
    assert not found.failures, f"{dict(found.failures)}\n" + "\n".join(found.reports)[-20_000:]
    assert found.labels == {one.label for one in described(document)}
    assert {role for _, role, *_ in found.cases} == set(roles().roles)
    statuses = {status for *_, status in found.cases}
    assert {200, 201, 404, 422} <= statuses
    assert max(statuses) < 500
