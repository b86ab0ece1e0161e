"""One webhook, and one delivery of it, as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from storage.consumer_groups import is_among
from storage.mongo import Document


class InvalidUrl(ValueError):
    """The message says why in a sentence for people."""


def check_url(url: str, *, private: bool) -> str:
    """As it is kept. ``private``: whether it may be one of a private network, where nobody has certificates.

    Raises:
        InvalidUrl
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidUrl("This is no address that anything could be sent to.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise InvalidUrl("This is no address that anything could be sent to: it begins with https:// and a host.")
    if parts.scheme == "http" and not private:
        raise InvalidUrl("It must begin with https://: what happens here is nobody else's to read.")
    if parts.username is not None or parts.fragment:
        raise InvalidUrl("It must have no user and no fragment.")
    return url


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    workspace: str
    url: str
    types: tuple[str, ...]
    """Whole names of event types, or beginnings that end with ``.*``."""
    secret: str
    active: bool
    after: int
    """Events up to this number were there before it."""
    by: str
    """Id of the person who made it."""
    at: datetime
    failing_since: datetime | None = None
    gone: bool = False
    """The receiver has answered that it wants nothing any more; it is not active since."""

    @classmethod
    def read(cls, record: Document) -> Webhook:
        return cls(
            record["_id"],
            record["workspace"],
            record["url"],
            tuple(record["types"]),
            record["secret"],
            record["active"],
            record["after"],
            record["by"],
            record["at"],
            record["failing_since"],
            record["gone"],
        )

    def wants(self, type: str) -> bool:
        return is_among(type, self.types)


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    took: float
    """Seconds."""
    status: int | None
    error: str | None
    """Where there was no answer: why, in a sentence for people."""

    def record(self) -> Document:
        return {"at": self.at, "took": self.took, "status": self.status, "error": self.error}

    @classmethod
    def read(cls, record: dict[str, Any]) -> Attempt:
        return cls(record["at"], record["took"], record["status"], record["error"])


@dataclass(frozen=True, slots=True)
class Delivery:
    webhook: str
    number: int
    """Of the event in the stream of its workspace."""
    type: str
    at: datetime
    """Of the event."""
    since: datetime
    """As `at`, or when somebody asked for it once more."""
    state: DeliveryState
    refusals: int
    attempts: tuple[Attempt, ...]
    """The newest ones, oldest first."""

    @classmethod
    def read(cls, record: Document) -> Delivery:
        return cls(
            record["webhook"],
            record["number"],
            record["type"],
            record["at"],
            record["since"],
            DeliveryState(record["state"]),
            record["refusals"],
            tuple(map(Attempt.read, record["attempts"])),
        )

    @property
    def id(self) -> str:
        return delivery_id(self.webhook, self.number)


def delivery_id(webhook: str, number: int) -> str:
    return f"{webhook}:{number}"
