"""R35 through the gateway: a client keeps its own ids on records of several services, and finds them by these."""

from functools import partial
from typing import Any

import httpx
import pytest

from testkit.fixtures import MigratedDatabase
from testkit.own_references import assert_referenced
from testkit.whole_suite import NEIGHBOUR, SCHOOL, Suite, running, told

pytestmark = pytest.mark.journey
ACTION = {
    "school_number": SCHOOL, "owner_body": "school", "description": "Train all teachers in questioning.",
    "success_criterion": "Questioning is good.", "due_date": "2020-01-31",
}  # fmt: skip


async def sent(
    suite: Suite, caller: dict[str, str], method: str, path: str, **options: Any
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        return await client.request(method, path, headers=caller, **options)


async def test_a_client_finds_records_of_services_by_its_own_references(
    migrated_database: MigratedDatabase,
) -> None:
    """R35: the same reference for a school and for an action, each unique among its kind; nobody else sees them."""
    async with running(migrated_database) as suite:
        await told(suite)
        adviser = suite.people["adviser"]
        mine, other = [
            partial(sent, suite, suite.caller("adviser", person_id=adviser, client_id=client))
            for client in ("case management", "another")
        ]
        await assert_referenced(
            mine, other, "/v1/schools", f"/v1/schools/{SCHOOL}", f"/v1/schools/{NEIGHBOUR}"
        )
        caller = suite.caller("adviser", person_id=adviser)
        first, second = [(await suite.post("/v1/actions", ACTION, caller))["id"] for _ in range(2)]
        await assert_referenced(mine, other, "/v1/actions", f"/v1/actions/{first}", f"/v1/actions/{second}")
