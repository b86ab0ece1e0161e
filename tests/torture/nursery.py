"""Starts servers in a few hundredths of a second: a process that has imported everything, and forks.

`python -m tests.torture.nursery` reads a line of JSON for each server, `{arguments, environment, log, hasty}`, and
answers with its pid; `{ended: pid}` answers with the exit status, or null while it runs. What is forked runs the same
`server.cli` as `scriptorium serve`. When standard input ends, so do all of them.

`hasty` brings forward what a server otherwise does rarely, so that a plan of a few seconds meets it in all its races.
There are no settings for this, because nobody who runs a server has a reason to change them.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from typing import Any

import server.app
import server.cli
import server.serve
from collab.drive import drive
from collab.durable import entries
from collab.replicas import trial
from collab.rooms import compacting, keeping_up, rooms
from collab.tree import trees

HASTE: list[tuple[Any, str, float]] = [
    (rooms, "IDLE", 0.5),
    (keeping_up, "HEARTBEAT", 0.5),
    (compacting, "COMPACT_ENTRIES", 10),
    (compacting, "COMPACT_BYTES", 16 * 1024),
    (compacting, "CLOSE_ENTRIES", 4),
    (entries, "LARGEST_RECORD", 4 * 1024),
    (trial, "AT_STAKE", 0.0),
    (drive, "QUIET", 0.3),
    (drive, "RETRY", 1.0),
    (drive, "RETRY_BROKEN", 2.0),
    (drive, "FIRST_SWEEP", 1.0),
    (drive, "SWEEP_EVERY", 30.0),
    (drive, "LEASE", 3.0),
    (trees, "LEASE", 3.0),
]


def main() -> None:
    gc.freeze()
    running: dict[int, int | None] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if (pid := request.get("ended")) is not None:
            ended, status = os.waitpid(pid, os.WNOHANG) if running[pid] is None else (0, 0)
            if ended:
                running[pid] = os.waitstatus_to_exitcode(status)
            answer = running[pid]
        else:
            answer = _fork(request)
            running[answer] = None
        print(json.dumps(answer), flush=True)
    for pid, status in running.items():
        if status is None:
            os.kill(pid, signal.SIGKILL)


def _fork(request: dict[str, Any]) -> int:
    if pid := os.fork():
        return pid
    descriptors = [
        os.open(os.devnull, os.O_RDONLY),
        *[os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)] * 2,
    ]
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["hasty"]:
        for module, name, value in HASTE:
            assert hasattr(module, name)
            setattr(module, name, value)
    sys.argv = ["scriptorium", *request["arguments"]]
    code = 1
    try:
        server.cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    main()
