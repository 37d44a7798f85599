"""R74: what a client sees when a service is down, late or broken: a problem in its language, never a hang."""

import asyncio
from time import monotonic

import httpx
import pytest


async def test_an_upstream_that_is_down_is_503_at_once(start_gateway):
    running = await start_gateway(upstream_up=False)
    async with running.client() as client:
        began = monotonic()
        answer = await client.get("/v1/schools/1", headers={"Accept-Language": "cy"})
        assert monotonic() - began < 3
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")
    assert answer.json()["title"] == "Nid yw'r gwasanaeth y tu ôl i'r cyfeiriad hwn ar gael"
    assert "registry" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_upstream_that_is_late_is_504_at_its_deadline(running):
    async with running.client() as client:
        began = monotonic()
        answer = await client.get("/v1/slow")
        took = monotonic() - began
    assert (answer.status_code, answer.json()["code"]) == (504, "upstream_timeout")
    assert "0.3 seconds" in answer.json()["detail"]
    assert 0.25 < took < 1.5
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_answer_that_breaks_off_is_cut_off_and_never_looks_whole(running):
    async with running.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/broken")
        assert (await client.get("/v1/schools/1")).status_code == 200


async def test_an_upstream_that_speaks_no_http_is_502(start_gateway):
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SMTP ready\r\n\r\n")
        writer.close()

    running = await start_gateway(upstream_up=False)
    port = int(running.upstream_url.rpartition(":")[2])
    async with await asyncio.start_server(babble, "127.0.0.1", port), running.client() as client:
        answer = await client.post("/v1/echo", json={})
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_broken")


async def test_the_circuit_opens_and_closes_again(start_gateway, serve):
    running = await start_gateway(upstream_up=False)
    port = int(running.upstream_url.rpartition(":")[2])
    async with running.client() as client:
        for _ in range(6):
            assert (await client.get("/v1/schools/1")).status_code == 503
        async with serve(running.upstream.app, port):
            # Open: the upstream is there again, and is not asked yet.
            held_back = await client.get("/v1/schools/1")
            assert held_back.status_code == 503
            await asyncio.sleep(int(held_back.headers["retry-after"]) + 0.2)
            assert (await client.get("/v1/schools/1")).status_code == 200
            assert (await client.get("/v1/schools/1")).status_code == 200


async def test_a_restarted_upstream_costs_readers_nothing(start_gateway, serve):
    """Idle connections that the old process closed are noticed or repeated: reading is idempotent."""
    running = await start_gateway(upstream_up=False)
    port = int(running.upstream_url.rpartition(":")[2])
    async with running.client() as client:
        for _ in range(3):
            async with serve(running.upstream.app, port):
                for _ in range(3):
                    assert (await client.get("/v1/schools/1")).status_code == 200
