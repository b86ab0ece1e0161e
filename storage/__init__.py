"""The outside world behind small ports: document database, object store and bus."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 12):
    from storage import waiting

    waiting.replace()

if TYPE_CHECKING:
    from storage.folder_lock import FolderInUse
    from storage.opening import Storage, open_storage

__all__ = ["FolderInUse", "Storage", "open_storage"]

_HOMES = {"FolderInUse": "storage.folder_lock", "Storage": "storage.opening", "open_storage": "storage.opening"}


def __getattr__(name: str) -> Any:
    # At first use, because the process of the embedded database imports this package too and has no use for PyMongo,
    # Redis and the like: without them it is up in a tenth of a second instead of half a one.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
