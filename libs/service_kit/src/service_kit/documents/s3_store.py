"""Documents in an S3-compatible store. The only module that imports `obstore`, and only where one is configured."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from service_kit.documents.store import PIECE, ObjectMissingError
from service_kit.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

PART: Final = 8 * 1024 * 1024
"""Bytes of one part of an upload: what is held in memory, twice at most."""

# Whoever asks is told soon, and asks again: the client's own patience is three minutes.
_RETRY: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}


class S3ObjectStore:
    """Objects of one bucket below one prefix. A PUT is atomic there: nobody sees half an object."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, key: str, file: IO[bytes], size: int) -> None:
        """Sends the file in parts."""
        file.seek(0)
        with _as_os_error():
            await obstore.put_async(
                self._store, key, file, use_multipart=size > PART, chunk_size=PART, max_concurrency=2
            )

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Asks for the range and gives it as it comes."""
        if stop <= start:
            return
        try:
            with _as_os_error():
                answer = await obstore.get_async(self._store, key, options={"range": (start, stop)})
        except FileNotFoundError as error:
            raise ObjectMissingError(key) from error
        stream = answer.stream(min_chunk_size=PIECE)
        with _as_os_error():
            async for piece in stream:
                yield bytes(piece)

    async def delete(self, key: str) -> None:
        """Deletes the object; S3 does not mind one that is not there."""
        with _as_os_error():
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                return


@contextmanager
def _as_os_error() -> Iterator[None]:
    """The client's errors as OSError, which whoever uses a store expects."""
    try:
        yield
    except BaseError as error:
        raise OSError(type(error).__name__) from error


def s3_store(settings: Settings, bucket: str, prefix: str) -> S3ObjectStore:
    """The store that the settings name. Raises ValueError where they contradict each other."""
    config: S3Config = {"region": settings.document_store_region}
    client: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}
    if settings.document_store_endpoint is not None:
        config["endpoint"] = settings.document_store_endpoint
        config["virtual_hosted_style_request"] = False
        client["allow_http"] = settings.document_store_endpoint.startswith("http://")
    if settings.document_store_key_id is not None:
        if settings.document_store_secret is None:
            raise ValueError("GWELLA_DOCUMENT_STORE_KEY_ID needs GWELLA_DOCUMENT_STORE_SECRET")
        config["access_key_id"] = settings.document_store_key_id
        config["secret_access_key"] = settings.document_store_secret.get_secret_value()
    made = S3Store(bucket, prefix=prefix, config=config, client_options=client, retry_config=_RETRY)
    return S3ObjectStore(made)
