"""Objects in S3, Google Cloud, Azure or memory, through `obstore`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import from_url

from storage.objects import ObjectInfo, ObjectNotFound, ObjectStore, check_key

if TYPE_CHECKING:
    from obstore import GetOptions

_CHUNK = 1 << 20
_MOST_BYTES = 4 << 20
_RETRY_SECONDS = 10


class BucketStore(ObjectStore):
    def __init__(self, url: str) -> None:
        # A private S3 server on plain HTTP is common; whoever names one by http:// has asked for it.
        plain = os.environ.get("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT", "")).startswith("http://")
        self._store = from_url(
            url,
            client_options={"allow_http": plain, "connect_timeout": timedelta(seconds=3)},
            retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
        )

    async def put(self, key: str, data: bytes) -> None:
        await obstore.put_async(self._store, check_key(key), data)

    async def get(self, key: str) -> bytes:
        try:
            result = await obstore.get_async(self._store, check_key(key))
            return bytes(await result.bytes_async())
        except (NotFoundError, FileNotFoundError):
            raise ObjectNotFound(key) from None

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        options: GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start > 0:
            options["range"] = {"offset": start}
        try:
            result = await obstore.get_async(self._store, check_key(key), options=options)
        except (NotFoundError, FileNotFoundError):
            raise ObjectNotFound(key) from None
        async for chunk in result.stream(min_chunk_size=_CHUNK):
            piece = bytes(chunk)
            for start in range(0, len(piece), _MOST_BYTES):  # memory:// gives all at once
                yield piece[start : start + _MOST_BYTES]

    async def head(self, key: str) -> ObjectInfo | None:
        try:
            meta = await obstore.head_async(self._store, check_key(key))
        except (NotFoundError, FileNotFoundError):
            return None
        return ObjectInfo(key, meta["size"], meta["last_modified"])

    async def copy(self, source: str, target: str) -> None:
        try:
            await obstore.copy_async(self._store, check_key(source), check_key(target))
        except (NotFoundError, FileNotFoundError):
            raise ObjectNotFound(source) from None

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, check_key(key))
        except (NotFoundError, FileNotFoundError):
            return

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        folder = check_key(prefix.rstrip("/")) if prefix.rstrip("/") else None
        async for page in obstore.list(self._store, folder):
            for meta in page:
                yield ObjectInfo(meta["path"], meta["size"], meta["last_modified"])

    async def ping(self) -> None:
        async for _ in obstore.list(
            self._store, ".ping"
        ):  # unlike a head, it tells a missing bucket from a missing key
            return
