"""What the stores raise."""

from obstore.exceptions import BaseError as ObjectStoreError
from pymongo.errors import PyMongoError

STORAGE_AWAY = (PyMongoError, ObjectStoreError, OSError)
"""The database or the object store is away, or does not do what it was asked. It may be tried again."""
