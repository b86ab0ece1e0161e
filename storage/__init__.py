"""The outside world behind small ports: document database, object store and bus."""

from storage.folder_lock import FolderInUse
from storage.opening import Storage, open_storage

__all__ = ["FolderInUse", "Storage", "open_storage"]
