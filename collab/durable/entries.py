"""What the update log holds (`collab.durable.log`), for who only works on it: importing this needs no database."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

LARGEST_RECORD = 8 * 1024 * 1024
"""Bytes of one update above which it goes to the object store by its hash: MongoDB refuses records of 16 MiB."""


class LogEntry(NamedTuple):
    """Updates ``first..last`` of ``process`` to ``document``, merged into one Yjs v1 update."""

    document: str
    process: str
    first: int
    last: int
    update: bytes

    @property
    def id(self) -> str:
        return f"{self.document}:{self.process}:{self.first}"

    @property
    def object_key(self) -> str | None:
        """Where the update lies when it is too large for a record.

        The entry's name is part of it: two processes may log the same bytes while the log is coming back, and
        folding one of the entries must not take the other's bytes away.
        """
        if len(self.update) <= LARGEST_RECORD:
            return None
        digest = hashlib.sha256(self.update).hexdigest()
        return f"log/{self.document}/{self.process}.{self.first}.{digest}"


class NewClient(NamedTuple):
    """The first sight of a Yjs client id in a document: who wrote under it (``user:<id>`` or ``job:<id>``)."""

    document: str
    client: int
    author: str
