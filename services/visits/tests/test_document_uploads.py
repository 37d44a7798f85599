"""Uploads of evidence: every refusal, repetition, and what an upload that ends half-way leaves; rules R91 to R93."""

import asyncio
import base64
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from documents_api import PDF, added, appeared, download, held, kept, rows, upload
from sqlalchemy import text
from visits_api import Visits

from testkit import files

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"media_type": "application/zip"}, 415, "unsupported_media_type"),
    ({"media_type": "text/html"}, 415, "unsupported_media_type"),
    ({"content": b"MZ\x90\x00 a program"}, 422, "document_type_mismatch"),
    ({"content": PDF, "media_type": "image/png"}, 422, "document_type_mismatch"),
    ({"content": files.openxml(), "media_type": files.XLSX}, 422, "document_type_mismatch"),
    (
        {"headers": {"Content-Disposition": 'attachment; filename="papur.exe"'}},
        422,
        "document_type_mismatch",
    ),
    ({"content": b""}, 422, "document_empty"),
    ({"content": bytes(1_048_577)}, 413, "body_too_large"),
    ({"headers": {"Content-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}}, 422, "digest_mismatch"),
    ({"headers": {"Content-Digest": "sha-256=:x:"}}, 422, "validation_failed"),
    ({"headers": {"Content-Disposition": "attachment; filename*=UTF-8''a%00.pdf"}}, 422, "validation_failed"),
    ({"content": files.bomb(), "media_type": files.DOCX}, 422, "document_unsafe"),
    (
        {"content": files.openxml(more={"word/vbaProject.bin": b"x"}), "media_type": files.DOCX},
        422,
        "document_unsafe",
    ),
    ({"content": files.openxml()[:-30], "media_type": files.DOCX}, 422, "document_unsafe"),
    ({"language": "fr"}, 422, "validation_failed"),
    ({"classification": "public"}, 422, "validation_failed"),
    ({"original_id": "visits-unknown"}, 422, "validation_failed"),
    ({"file_name": "x.pdf"}, 422, "validation_failed"),
]  # fmt: skip


async def test_what_is_refused_leaves_nothing(visits: Visits, tmp_path: Path) -> None:
    """R91 to R93: another type, a lying type, too large, another digest, a bomb: a problem, and nothing kept."""
    visit = await held(visits)
    for given, status, code in REFUSED:
        answer = await upload(visits.adviser(), f"/v1/visits/{visit}/documents", **given)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert (kept(tmp_path), await rows(visits), await visits.events("document.added")) == ([], 0, [])


async def test_a_digest_that_holds_is_accepted(visits: Visits) -> None:
    digest = base64.b64encode(sha256(PDF).digest()).decode()
    visit = await held(visits)
    made = await added(
        visits.adviser(), f"/v1/visits/{visit}/documents", headers={"Content-Digest": f"sha-256=:{digest}:"}
    )
    assert (await visits.adviser().get(f"/v1/documents/{made['id']}")).status_code == 200


async def test_a_repeated_upload_is_one_document(visits: Visits, tmp_path: Path) -> None:
    """R40: the same key and file give the first answer; the bytes sent again are swept. A dry run keeps nothing."""
    adviser, visit = visits.adviser(), await held(visits)
    path = f"/v1/visits/{visit}/documents"
    tried = await upload(adviser, path, dry_run="true")
    assert (tried.status_code, tried.headers["dry-run"]) == (201, "true")
    assert (kept(tmp_path), await rows(visits)) == ([], 0)
    key = {"Idempotency-Key": "evidence-1"}
    first, second = await upload(adviser, path, headers=key), await upload(adviser, path, headers=key)
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json() == second.json()
    other = await upload(adviser, path, files.pdf("another"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (len(kept(tmp_path)), await rows(visits)) == (3, 1)
    await visits.tasks.run_all()
    assert len(kept(tmp_path)) == 1
    assert (await download(adviser, first.json()["id"])).content == PDF


async def test_an_upload_that_ends_between_bytes_and_row_leaves_nothing_visible(
    visits: Visits, tmp_path: Path
) -> None:
    """R91: the bytes are nobody's until the row commits; after an hour they are swept."""
    adviser, visit = visits.adviser(), await held(visits)
    async with visits.superuser.begin() as held_up:
        # Nobody can make a document while this lock is held: the upload waits with its bytes in the store.
        await held_up.execute(text("lock table documents in exclusive mode"))
        under_way = asyncio.create_task(upload(adviser, f"/v1/visits/{visit}/documents"))
        async with asyncio.timeout(10):
            await appeared(tmp_path)
        await asyncio.sleep(0.05)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
    assert (len(kept(tmp_path)), await rows(visits)) == (1, 0)
    await visits.tasks.run_all()
    assert len(kept(tmp_path)) == 1
    visits.clock.moment += timedelta(hours=1, seconds=1)
    await visits.tasks.run_all()
    assert kept(tmp_path) == []
