"""Times in the records of the assistant: Unix seconds as floats.

Leases, turns and due times are compared and changed in place by the database, across processes. A number is compared
alike by every server that speaks MongoDB's protocol, and keeps the microseconds that a date there loses.
"""

import time
from datetime import UTC, datetime


def now() -> float:
    return time.time()


def rfc3339(seconds: float) -> str:
    """In UTC with milliseconds, as all times in the HTTP interface."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
