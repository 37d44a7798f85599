"""R73: what one client asks in plenty, and what another asks once, at a real gateway."""

import asyncio

from gateway.domain.limits import REFUSED_AT_ONCE
from gateway.usecases.turns import ALONE, SHARED

MANY = 40


async def test_a_noisy_clients_requests_wait_for_its_own_turn_and_not_before_anothers(start_gateway):
    running = await start_gateway()
    async with running.client(client_id="noisy") as noisy, running.client(client_id="calm") as calm:
        assert (await calm.get("/v1/schools/1")).status_code == 200
        waiting = [asyncio.create_task(noisy.get("/v1/waiting")) for _ in range(MANY)]
        try:
            for _ in range(SHARED):
                await running.upstream.waiting.get()
            assert (await calm.get("/v1/schools/1")).status_code == 200
            # Sixteen or all would have arrived long before; as it is they come half a second apart.
            assert running.upstream.waiting.qsize() < ALONE // 2
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_client_that_does_not_listen_gets_each_of_its_refusals(start_gateway):
    running = await start_gateway(requests_per_minute=6)
    async with running.client(client_id="eager") as eager:
        asked = [eager.get("/v1/schools/1") for _ in range(REFUSED_AT_ONCE + 10)]
        answers = await asyncio.gather(*asked)
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == len(asked) - 1
        assert {answer.json()["code"] for answer in refused} == {"too_many_requests"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
