"""Times in the records of the assistant: Unix seconds as floats.

Leases, turns and due times are compared by the database and changed in place. A number is compared alike by every
server that speaks MongoDB's protocol; `nx-27017` turns a date into a string when an update operator sets it.
"""

import time
from datetime import UTC, datetime


def now() -> float:
    return time.time()


def rfc3339(seconds: float) -> str:
    """In UTC with milliseconds, as all times in the HTTP interface."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
