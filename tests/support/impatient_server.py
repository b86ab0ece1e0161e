"""The server, which looks at accepted texts after seconds instead of minutes, and not before it is told to.

It is told by a file of the name LOOK_NOW in the data folder. Run as `server` is.
"""

import sys
from pathlib import Path

from ai import assistant
from ai.deciding import carrying, decision_record
from ai.record import corrections, watching
from server.cli import main

LOOK_NOW = "look-now"


def hurry(data_dir: Path) -> None:
    watching.QUIET, watching.SOON, watching.LATE = 0.5, 1.0, 2.0
    assistant.MEASURE_EVERY = assistant.RECOVER_EVERY = 0.2
    decision_record.TAKEN_FOR_DEAD = carrying.RECOVERY_LEASE = 1.0
    measure = corrections.Corrections.measure_due

    async def when_told(self: corrections.Corrections) -> int:
        return await measure(self) if (data_dir / LOOK_NOW).exists() else 0

    corrections.Corrections.measure_due = when_told  # type: ignore[method-assign]


if __name__ == "__main__":
    hurry(Path(sys.argv[sys.argv.index("--data-dir") + 1]))
    main()
