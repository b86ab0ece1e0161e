"""When a model that failed is asked again for the same job, by itself."""

import random

from ai.models import ErrorKind, ModelError

FIRST_DELAY = 0.5
"""Seconds before a failed model is asked again, then twice as long each time."""

LONGEST_DELAY = 60.0
"""Seconds that a Retry-After may ask for while somebody waits; beyond that the job fails and says so."""

WORTH_RETRYING: frozenset[ErrorKind] = frozenset({"unreachable", "timeout", "rate_limited", "server_error", "cut_off"})


def delay(error: ModelError, tries: int) -> float | None:
    """Seconds until the model should be asked again after that many tries; None when it should not."""
    if error.kind not in WORTH_RETRYING:
        return None
    # Spread by chance, so that what one outage failed together does not come back together.
    backoff = FIRST_DELAY * 2 ** (tries - 1) * random.uniform(0.8, 1.2)
    wait = max(backoff, error.retry_after or 0.0)
    return wait if wait <= LONGEST_DELAY else None
