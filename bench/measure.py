"""CPU and memory of a process and all its children, as the operating system counts them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    cpu: float
    """Seconds, user and system, since the processes started."""
    memory: int
    """Bytes resident, summed: pages that children share with their parent are counted again."""


def usage(pid: int) -> Usage:
    """Of ``pid`` and its living descendants; the embedded database is one of them and counts."""
    cpu, memory = 0.0, 0
    for member in descendants(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rsplit(") ", 1)[1].split()
        except FileNotFoundError:
            continue
        cpu += (int(fields[11]) + int(fields[12])) / _TICK
        memory += int(fields[21]) * _PAGE
    return Usage(cpu, memory)


def descendants(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        for task in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in task.read_text().split())
            except FileNotFoundError:
                continue
    return found
