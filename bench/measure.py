"""CPU and memory of a process and all its children, as the operating system counts them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_SCHEDULER_CLOCK = 2


@dataclass(frozen=True)
class Usage:
    cpu: float
    """Seconds, user and system, since the processes started."""
    memory: int
    """Bytes: each page is divided by the number of processes that share it (PSS)."""
    own: int
    """Of these, without the descendants."""


def usage(pids: Iterable[int]) -> Usage:
    """Of ``pids`` and all their descendants, also those that have ended: the embedded database counts."""
    cpu, memory, own = 0.0, 0, 0
    for pid in pids:
        for member in _descendants(pid):
            try:
                cpu += _cpu(member)
                size = _memory(member)
            except (FileNotFoundError, ProcessLookupError):
                continue
            memory += size
            own += size if member == pid else 0
    return Usage(cpu, memory, own)


def _cpu(pid: int) -> float:
    # Linux's clock of another process (clock_getcpuclockid): nanoseconds over all its threads, ended ones included.
    # /proc/<pid>/stat counts in ticks of 10 ms, which is too coarse for a second of light load; only for children that
    # have ended there is nothing else.
    own = time.clock_gettime((~pid << 3) | _SCHEDULER_CLOCK)
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return own + (int(fields[13]) + int(fields[14])) / _TICK


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0  # a process that has ended and was not waited for


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        for task in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in task.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found
