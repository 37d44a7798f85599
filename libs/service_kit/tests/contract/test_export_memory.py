"""An export holds some portions of rows at a time, however many there are."""

import asyncio
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import text

from contracts.media_types import CSV, EXPORTS, NDJSON

HEADS = """
insert into schools (id, version, known_at)
select '9' || lpad(n::text, 6, '0'), version, known_at
from schools, generate_series(1, 10000) n where id = '6732118'
"""
SLICES = """
insert into school_slices (id, valid, known, version, school, authority, name, head_teacher, pupils, status)
select '9' || lpad(n::text, 6, '0'), valid, known, version, '9' || lpad(n::text, 6, '0'), authority,
       case when n <= 1000 then 'fewer' else name end,
       head_teacher, pupils, status
from school_slices, generate_series(1, 10000) n where id = '6732118'
"""


async def copies(bench: Any) -> None:
    """10,000 schools like the one that was opened."""
    await bench.school("6732118", head_teacher="A. Jones")
    async with bench.worker.transaction() as connection:
        await connection.execute(text(HEADS))
        await connection.execute(text(SLICES))


async def streamed(bench: Any, media_type: str, path: str) -> tuple[int, int, int]:
    """The bytes of an export, its lines, and the most memory that it held; the bytes themselves are dropped."""
    size = lines = 0

    async def receive() -> dict[str, Any]:
        if asked:
            await asyncio.sleep(3600)
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal size, lines
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        else:
            size += len(message["body"])
            lines += message["body"].count(b"\n")

    asked: list[bool] = []
    name, _, query = path.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": name, "raw_path": name.encode(),
        "query_string": query.encode(), "scheme": "http", "root_path": "", "asgi": {"version": "3.0"},
        "headers": [(b"authorization", b"Bearer operator"), (b"accept", media_type.encode())],
        "client": ("127.0.0.1", 1), "server": ("example", 80),
    }  # fmt: skip
    before, _ = tracemalloc.get_traced_memory()
    await bench.app(scope, receive, send)
    _, peak = tracemalloc.get_traced_memory()
    return size, lines, peak - before


@pytest.mark.parametrize("media_type", EXPORTS)
async def test_memory_does_not_grow_with_the_list(bench, media_type: str) -> None:
    """R107: of 10,000 rows no more is held at a time than of 1,000, in each form."""
    await copies(bench)
    few, all_of_them = "/v1/schools?external_reference=none", "/v1/schools"
    await streamed(bench, media_type, few)
    held = []
    for path, rows in (("/v1/schools?name=fewer", 1_000), (all_of_them, 10_001)):
        tracemalloc.start()
        try:
            size, lines, most = await streamed(bench, media_type, path)
        finally:
            tracemalloc.stop()
        held.append(most)
        expected = {NDJSON: rows, CSV: rows + 1}
        assert expected.get(media_type, lines) == lines
        assert size > rows * 6
    assert held[1] < held[0] + 300_000, f"{held[1]:,} bytes were held of 10,000 rows, {held[0]:,} of 1,000"
