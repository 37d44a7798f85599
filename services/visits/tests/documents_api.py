"""Evidence for tests: sending and fetching files of visits, and what the store and the database then hold."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select
from visits_api import SCHOOL, Caller, Visits

from testkit import files
from visits.storage.documents import documents

PDF = files.pdf()
PLAN = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}


async def upload(
    caller: Caller,
    path: str,
    content: bytes = PDF,
    media_type: str = "application/pdf",
    headers: Mapping[str, str] | None = None,
    **query: str,
) -> httpx.Response:
    sent = {"Content-Type": media_type, **(headers or {})}
    return await caller.send("POST", path, params={"language": "en", **query}, content=content, headers=sent)


async def added(caller: Caller, path: str, **given: Any) -> dict[str, Any]:
    answer = await upload(caller, path, **given)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def download(caller: Caller, id_: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    link = await caller.get(f"/v1/documents/{id_}/link")
    assert link.status_code == 200, link.text
    return await caller.send("GET", httpx.URL(link.json()["url"]).raw_path.decode(), headers=headers)


async def held(visits: Visits) -> str:
    id_ = str((await visits.adviser().done("/v1/visits", PLAN, 201))["id"])
    await visits.adviser().done(f"/v1/visits/{id_}/hold", {"held_on": "2020-01-20"})
    return id_


async def shared_with_school(visits: Visits, id_: str) -> None:
    await visits.adviser().done(f"/v1/visits/{id_}/draft", {"summary": "A fair picture."})
    await visits.senior().done(f"/v1/visits/{id_}/assure")
    await visits.adviser().done(f"/v1/visits/{id_}/share")


async def finalised(visits: Visits, id_: str) -> None:
    await visits.head().done(f"/v1/visits/{id_}/reply", {"reply": "Agreed."})
    await visits.adviser().done(f"/v1/visits/{id_}/finalise")


def kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "documents").rglob("*") if path.is_file()]


async def appeared(folder: Path) -> None:
    for _ in range(1_000):
        if kept(folder):
            return
        await asyncio.sleep(0.01)


async def rows(visits: Visits) -> int:
    async with visits.superuser.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(documents.documents.heads)) or 0)
