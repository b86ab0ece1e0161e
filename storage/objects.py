"""The object store port: named byte strings in a folder, an S3-like bucket or memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

_KEY_BYTES = 1024  # S3
_NAME_BYTES = 255  # every common file system
_BUCKETS = ("s3", "gs", "az", "memory")


class ObjectNotFound(KeyError):
    """No object has this key."""


class InvalidKey(ValueError):
    """The key cannot name an object in every kind of store."""


@dataclass(frozen=True)
class ObjectInfo:
    """`size` in bytes, `modified` an aware UTC time."""

    key: str
    size: int
    modified: datetime


class ObjectStore(ABC):
    """Whole objects under keys such as `drive/<workspace>/notes/été #1.md`.

    A key is one or more names joined by "/", each a legal file name of at most 255 bytes UTF-8 without control
    characters, 1,024 bytes in all; anything else raises `InvalidKey`. A key is stored under exactly that name, so that
    people with an S3 client, or in the folder itself, see what they expect.

    A put or copy is atomic and durable when it returns: readers see the old bytes or the new, also after a power cut.
    When the store cannot be reached, methods raise `OSError` or `obstore.exceptions.BaseError` after at most 15 s.
    """

    @classmethod
    def from_url(cls, url: str) -> ObjectStore:
        """`file:///folder`, `memory://`, or `s3://`, `gs://`, `az://` with credentials from the usual environment.

        For S3 these are `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and, for other providers,
        `AWS_ENDPOINT_URL`. Raises `ValueError` for a URL of another kind.
        """
        parts = urlsplit(url)
        if parts.scheme == "file":
            if parts.netloc not in ("", "localhost"):
                raise ValueError(f"{url}: a file URL has three slashes before its path")
            from storage.objects_folder import FolderStore

            return FolderStore(Path(unquote(parts.path)))
        if parts.scheme not in _BUCKETS or (not parts.netloc and parts.scheme != "memory"):
            raise ValueError(f"{url}: none of file:///folder, s3://bucket, gs://bucket, az://container")
        from storage.objects_bucket import BucketStore  # loads a large library that the embedded default never needs

        return BucketStore(url)

    @abstractmethod
    async def put(self, key: str, data: bytes) -> None: ...

    @abstractmethod
    async def get(self, key: str) -> bytes:
        """Raises `ObjectNotFound`."""

    @abstractmethod
    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The object, or its bytes from ``start`` up to ``end``, in chunks of at most a few MiB.

        A part must not be empty and begin within the object. Raises `ObjectNotFound` at the first step.
        """

    @abstractmethod
    async def head(self, key: str) -> ObjectInfo | None: ...

    @abstractmethod
    async def copy(self, source: str, target: str) -> None:
        """Raises `ObjectNotFound` when there is no source."""

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Deleting what is not there is no error."""

    @abstractmethod
    def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Every object below the folder `prefix` ("" for all, a trailing slash is optional), in no promised order."""

    @abstractmethod
    async def ping(self) -> None:
        """Raises when the store cannot be reached."""


def check_key(key: str) -> str:
    """Returns `key`; raises `InvalidKey` when it could not be stored under exactly this name everywhere."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidKey(f"{key!r}: a lone surrogate is no character") from None
    if size > _KEY_BYTES:
        raise InvalidKey(f"{key[:80]!r}…: a key has at most {_KEY_BYTES:,} bytes")
    for name in key.split("/"):
        if name in ("", ".", ".."):
            raise InvalidKey(f'{key!r}: no name in a key is empty, "." or ".."')
        if len(name.encode()) > _NAME_BYTES:
            raise InvalidKey(f"{name[:80]!r}…: a name has at most {_NAME_BYTES} bytes")
        if any(char < " " or char == "\x7f" for char in name):
            raise InvalidKey(f"{key!r}: control characters are not allowed in names")
    return key
