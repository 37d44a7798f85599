"""R90: one port, two stores: a folder, and an S3-compatible store behind a real server that speaks S3."""

import asyncio
import io
import os
import random
import socket
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from service_kit.documents.opening import scanner_of, store_of
from service_kit.documents.scanning import Clamd
from service_kit.documents.store import FolderStore, ObjectMissingError, ObjectStore
from service_kit.settings import Settings

BUCKET = "gwella-test"
KEY = "01900000-0000-7000-8000-0000000000ab"


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """A server that speaks S3, as a process of its own."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _ready(address, server)
        assert httpx.put(f"{address}/{BUCKET}", content=_REGION, headers=_SIGNED).status_code == 200
        yield address
    finally:
        server.terminate()
        server.wait(10)


_REGION = b"<CreateBucketConfiguration><LocationConstraint>eu-west-2</LocationConstraint></CreateBucketConfiguration>"
_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20200101/eu-west-2/s3/aws4_request"}


def _ready(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the S3 server ended"
        try:
            httpx.get(f"{address}/moto-api/", timeout=1)
            return
        except httpx.TransportError:
            pass
        asyncio.run(asyncio.sleep(0.1))
    raise TimeoutError("the S3 server did not start")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path)
    settings = Settings(
        document_store=f"s3://{BUCKET}/files",
        document_store_endpoint=request.getfixturevalue("s3_address"),
        document_store_key_id="test",
        document_store_secret=SecretStr("test"),
    )
    made = store_of(settings, "visits")
    assert made is not None
    return made


async def read(store: ObjectStore, key: str, start: int, stop: int) -> bytes:
    return b"".join([piece async for piece in store.read(key, start, stop)])


@pytest.mark.parametrize("size", [1, 262_144, 9 * 1024 * 1024])
async def test_what_is_put_is_read_in_any_range(store: ObjectStore, size: int) -> None:
    content = random.Random(size).randbytes(size)
    with tempfile.SpooledTemporaryFile(max_size=1_000_000) as file:
        file.write(content)
        await store.put(KEY, file, size)
    assert await read(store, KEY, 0, size) == content
    assert await read(store, KEY, size // 2, size) == content[size // 2 :]
    assert await read(store, KEY, 0, 1) == content[:1]
    assert await read(store, KEY, 0, 0) == b""


async def test_what_is_deleted_is_missing_and_may_be_deleted_again(store: ObjectStore) -> None:
    await store.put(KEY, io.BytesIO(b"papur"), 5)
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(ObjectMissingError):
        await read(store, KEY, 0, 5)


async def test_a_file_passes_through_the_folder_in_constant_memory(tmp_path: Path) -> None:
    size = 24 * 1024 * 1024
    source = tmp_path / "source"
    source.write_bytes(bytes(size))
    folder = FolderStore(tmp_path / "store")
    tracemalloc.start()
    with source.open("rb") as file:
        await folder.put(KEY, file, size)
    seen = 0
    async for piece in folder.read(KEY, 0, size):
        seen += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == size
    assert peak < 3_000_000


async def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 262_144:
                raise OSError("the disk is gone")
            return super().read(size)

    with pytest.raises(OSError, match="the disk is gone"):
        await FolderStore(tmp_path).put(KEY, Broken(bytes(600_000)), 600_000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_files_of_the_folder_are_the_service_users_alone(tmp_path: Path) -> None:
    await FolderStore(tmp_path).put(KEY, io.BytesIO(b"papur"), 5)
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.stat().st_mode & 0o077 == 0


async def test_a_store_that_does_not_answer_is_an_os_error() -> None:
    settings = Settings(
        document_store=f"s3://{BUCKET}", document_store_endpoint="http://127.0.0.1:1",
        document_store_key_id="test", document_store_secret=SecretStr("test"),
    )  # fmt: skip
    store = store_of(settings, "visits")
    assert store is not None
    with pytest.raises(OSError, match="Error"):
        await store.put(KEY, io.BytesIO(b"papur"), 5)


def test_settings_that_are_not_understood_stop_the_start(tmp_path: Path) -> None:
    assert store_of(Settings(), "visits") is None
    assert isinstance(store_of(Settings(data_dir=tmp_path), "visits"), FolderStore)
    assert scanner_of(Settings()) is None
    for wrong in ("ftp://host/x", "bucket", "s3://"):
        with pytest.raises(ValueError, match="s3://bucket/prefix"):
            store_of(Settings(document_store=wrong), "visits")
    with pytest.raises(ValueError, match="DOCUMENT_STORE_SECRET"):
        store_of(Settings(document_store="s3://b", document_store_key_id="id"), "visits")
    with pytest.raises(ValueError, match="clamd://"):
        scanner_of(Settings(document_scanner="http://host"))
    assert scanner_of(Settings(document_scanner="clamd://scanner")) == Clamd("scanner", 3310)
