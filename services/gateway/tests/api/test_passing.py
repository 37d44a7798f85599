"""R70 to R73: the pass-through on real sockets (design §8): bytes, headers, refusals, limits."""

import asyncio
import hashlib

import httpx
import psutil
import pytest

CHUNK_BYTES = 65_536
MEBIBYTE = 1_048_576


async def test_bytes_status_and_validators_pass_untouched(running):
    async with running.client() as client:
        answer = await client.get("/v1/schools/6732118")
        assert (answer.status_code, answer.json()) == (200, {"school_number": "6732118"})
        assert answer.headers["etag"] == '"v3"'
        held = await client.get("/v1/schools/6732118", headers={"If-None-Match": '"v3"'})
        assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", '"v3"')
        stale = await client.patch("/v1/schools/6732118", json={}, headers={"If-Match": '"v2"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        assert stale.headers["content-type"] == "application/problem+json"
        changed = await client.patch("/v1/schools/6732118", json={"a": 1}, headers={"If-Match": '"v3"'})
        assert changed.json() == {"a": 1}


async def test_the_target_is_not_decoded_or_reordered(running):
    async with running.client() as client:
        answer = await client.get("/v1/echo?b=%2F&a=1&a=%C5%B5&empty=")
        assert answer.json()["target"] == "/v1/echo?b=%2F&a=1&a=%C5%B5&empty="


async def test_lines_of_the_connection_and_claims_of_outsiders_end_at_the_gateway(running):
    sent = {
        "Connection": "keep-alive, X-Secret-Hop",
        "X-Secret-Hop": "1",
        "TE": "trailers",
        "Forwarded": "for=1.2.3.4",
        "X-Forwarded-For": "1.2.3.4",
        "Traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        "X-Deadline-Ms": "999999",
        "Cookie": "a=b",
        "Idempotency-Key": "k-1",
        "Accept-Language": "cy",
    }
    async with running.client(headers=sent) as client:
        answer = await client.get("/v1/echo")
    lines = dict(answer.json()["headers"])
    for name in ("te", "x-secret-hop", "x-forwarded-for", "cookie"):
        assert name not in lines
    assert lines["idempotency-key"] == "k-1"
    assert lines["accept-language"] == "cy"
    assert lines["x-deadline-ms"] == "30000"
    assert lines["forwarded"].startswith("for=127.0.0.1;host=")
    assert "1.2.3.4" not in lines["forwarded"]
    assert lines["traceparent"].split("-")[1] != "a" * 32
    assert lines["authorization"].startswith("Bearer ")
    for name in ("x-hop", "keep-alive"):
        assert name not in answer.headers
    assert answer.headers.get_list("link") == ['</a>; rel="next"', '</b>; rel="prev"']
    assert len(answer.headers.get_list("date")) == 1


async def test_one_request_id_from_end_to_end(running):
    async with running.client() as client:
        given = await client.get("/v1/echo", headers={"X-Request-Id": "my-own-id-12345"})
        assert given.headers.get_list("x-request-id") == ["my-own-id-12345"]
        assert ["x-request-id", "my-own-id-12345"] in given.json()["headers"]
        made = await client.get("/v1/echo", headers={"X-Request-Id": "short"})
        assert ["x-request-id", made.headers["x-request-id"]] in made.json()["headers"]
        assert made.headers["x-request-id"] != "short"
        refused = await client.get(
            "/v1/echo", headers={"Authorization": "Bearer x", "X-Request-Id": "my-own-id-2"}
        )
        assert refused.json()["request_id"] == refused.headers["x-request-id"] == "my-own-id-2"


async def test_without_a_valid_token_nothing_reaches_the_upstream(running):
    async with running.client(None) as client:
        missing = await client.post("/v1/echo", json={})
        assert (missing.status_code, missing.json()["code"]) == (401, "token_missing")
        assert missing.headers["www-authenticate"].startswith("Bearer")
        wrong = await client.post("/v1/echo", json={}, headers={"Authorization": "Bearer a.b.c"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "token_invalid")
        expired = running.tokens.token("operator", exp=1)
        old = await client.post("/v1/echo", json={}, headers={"Authorization": f"Bearer {expired}"})
        assert (old.status_code, old.json()["code"]) == (401, "token_expired")
    assert running.upstream.seen == []


async def test_an_operation_that_no_role_lists_is_refused_in_both_languages(running):
    async with running.client("welsh_government") as client:
        english = await client.patch("/v1/schools/6732118", json={}, headers={"If-Match": '"v3"'})
        welsh = await client.patch(
            "/v1/schools/6732118", json={}, headers={"Accept-Language": "cy-GB, en;q=0.5"}
        )
    assert (english.status_code, english.json()["code"]) == (403, "operation_not_permitted")
    assert "schools.write" in english.json()["detail"]
    assert welsh.json()["title"] == "Ni chewch wneud hyn"
    assert welsh.headers["content-language"] == "cy"


async def test_a_token_narrowed_to_other_scopes_is_refused(running):
    token = running.tokens.token("operator", scope="people.read")
    async with running.client(None, headers={"Authorization": f"Bearer {token}"}) as client:
        assert (await client.get("/v1/schools/6732118")).status_code == 403


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/schools", "/v1/schools/", "/v1/schools//", "/nowhere"])
async def test_an_unknown_path_is_a_problem(running, path):
    async with running.client() as client:
        answer = await client.get(path, headers={"Accept-Language": "cy"})
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
    assert answer.json()["title"] == "Nid oes dim yn y cyfeiriad hwn"


async def test_a_wrong_method_is_told_the_right_ones(running):
    async with running.client() as client:
        answer = await client.delete("/v1/schools/6732118")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, PATCH"


async def test_head_is_get_without_its_body(running):
    async with running.client() as client:
        answer = await client.head("/v1/schools/6732118")
        length = len((await client.get("/v1/schools/6732118")).content)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(length)


async def test_two_lines_of_which_each_side_might_believe_another_are_refused(running):
    async with running.client() as client:
        lines = [*client.headers.raw, (b"Authorization", b"Bearer other")]
        answer = await client.send(httpx.Request("GET", f"{running.url}/v1/echo", headers=lines))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_only_configured_front_ends_may_call_from_a_browser(start_gateway):
    running = await start_gateway(cors_origins=("https://front.example",))
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
    async with running.client(None) as client:
        ours = await client.options("/v1/schools/1", headers={"Origin": "https://front.example", **asked})
        assert ours.status_code == 204
        assert ours.headers["access-control-allow-origin"] == "https://front.example"
        assert "PATCH" in ours.headers["access-control-allow-methods"]
        assert "If-Match" in ours.headers["access-control-allow-headers"]
        theirs = await client.options("/v1/schools/1", headers={"Origin": "https://evil.example", **asked})
        assert theirs.status_code == 204
        assert "access-control-allow-origin" not in theirs.headers
        # A refusal must be readable by the front end as well.
        refused = await client.get("/v1/schools/1", headers={"Origin": "https://front.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://front.example"
        own = await client.get("/problems", headers={"Origin": "https://front.example"})
        assert own.headers["access-control-allow-origin"] == "https://front.example"
    async with running.client() as client:
        read = await client.get("/v1/schools/1", headers={"Origin": "https://front.example"})
        assert "ETag" in read.headers["access-control-expose-headers"]
        assert "Origin" in read.headers["vary"]


async def test_a_client_is_limited_and_told_when_to_come_back(start_gateway):
    running = await start_gateway(requests_per_minute=60, replicas=2)
    async with running.client(client_id="eager") as eager, running.client(client_id="calm") as calm:
        answers = [await eager.get("/v1/schools/1") for _ in range(8)]
        statuses = [answer.status_code for answer in answers]
        # 60 a minute over two copies: 5 in 10 seconds in this one.
        assert statuses == [200] * 5 + [429] * 3
        assert answers[0].headers["ratelimit-policy"] == '"client";q=5;w=10'
        assert answers[0].headers["ratelimit"].startswith('"client";r=4;t=2')
        assert answers[7].json()["code"] == "too_many_requests"
        assert 1 <= int(answers[7].headers["retry-after"]) <= 2
        assert (await calm.get("/v1/schools/1")).status_code == 200


async def test_the_bulkhead_holds_one_client_and_spares_the_others(start_gateway):
    running = await start_gateway(concurrent_requests=2)
    async with running.client(client_id="many") as many, running.client(client_id="other") as other:
        waiting = [asyncio.create_task(many.get("/v1/waiting")) for _ in range(2)]
        for _ in waiting:
            await running.upstream.waiting.get()
        third = await many.get("/v1/schools/1")
        assert (third.status_code, third.json()["code"]) == (429, "too_many_in_flight")
        assert third.headers["retry-after"] == "1"
        assert (await other.get("/v1/schools/1")).status_code == 200
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    # The places are free again once the watch has seen that the client went away.
    async with running.client(client_id="many") as again:
        for _ in range(300):
            if (await again.get("/v1/schools/1")).status_code == 200:
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("the places of a client that went away were never freed")


async def test_a_client_that_goes_away_frees_the_upstream(running):
    async with running.client() as client:
        waiting = asyncio.create_task(client.get("/v1/waiting"))
        await running.upstream.waiting.get()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(running.upstream.disconnected.wait(), 5)


async def test_a_large_answer_streams_in_constant_memory(running):
    chunks = 2_400  # 150 MiB
    process = psutil.Process()
    async with running.client() as client, client.stream("GET", f"/v1/exports/{chunks}") as answer:
        before = process.memory_info().rss
        highest, size = before, 0
        async for part in answer.aiter_raw():
            size += len(part)
            if size % (8 * MEBIBYTE) < len(part):
                highest = max(highest, process.memory_info().rss)
                await asyncio.sleep(0)
    assert size == chunks * CHUNK_BYTES
    assert highest - before < 40 * MEBIBYTE


async def test_a_large_upload_streams_in_constant_memory(start_gateway):
    running = await start_gateway(max_upload_bytes=200 * MEBIBYTE)
    process = psutil.Process()
    before = highest = process.memory_info().rss
    chunks = 1_600  # 100 MiB

    async def parts():
        nonlocal highest
        for number in range(chunks):
            if number % 100 == 0:
                highest = max(highest, process.memory_info().rss)
            yield b"y" * CHUNK_BYTES

    async with running.client() as client:
        chunked = await client.post("/v1/school-lists", content=parts())
    assert (chunked.status_code, chunked.json()) == (202, {"bytes": chunks * CHUNK_BYTES})
    assert highest - before < 40 * MEBIBYTE


async def test_a_body_that_is_too_large_is_refused_however_it_is_announced(start_gateway):
    running = await start_gateway(max_upload_bytes=100_000, max_body_bytes=2_000)

    async def parts():
        for _ in range(10):
            yield b"z" * 50_000

    async with running.client() as client:
        announced = await client.post("/v1/school-lists", content=b"z" * 500_000)
        assert (announced.status_code, announced.json()["code"]) == (413, "body_too_large")
        chunked = await client.post("/v1/school-lists", content=parts(), headers={"Accept-Language": "cy"})
        assert (chunked.status_code, chunked.json()["code"]) == (413, "body_too_large")
        assert chunked.json()["title"] == "Mae'r corff yn rhy fawr"
        json = await client.post("/v1/echo", content=b"{" + b" " * 2_000 + b"}")
        assert json.status_code == 413
        # The circuit is not opened by what clients do wrong.
        for _ in range(6):
            assert (await client.post("/v1/school-lists", content=parts())).status_code == 413
        fits = await client.post("/v1/school-lists", content=b"z" * 90_000)
        assert fits.json() == {"bytes": 90_000}
        assert (await client.post("/v1/echo", content=b"")).json() == {"length": 0}


async def test_a_body_passes_byte_by_byte(start_gateway):
    running = await start_gateway(max_body_bytes=MEBIBYTE)
    body = hashlib.shake_256(b"seed").digest(700_000)
    async with running.client() as client:
        answer = await client.post("/v1/echo", content=body)
    assert answer.json() == {"length": 700_000}
    assert running.upstream.seen[-1]["body"] == body


async def test_an_answer_that_comes_before_the_body_has_gone_is_passed_on(start_gateway):
    running = await start_gateway(max_upload_bytes=100 * MEBIBYTE)

    async def parts():
        for _ in range(400):
            yield b"y" * CHUNK_BYTES

    async with running.client() as client:
        for _ in range(7):
            answer = await client.post("/v1/refusing", content=parts())
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        # Nothing of that counts against the service.
        assert (await client.get("/v1/schools/1")).status_code == 200
