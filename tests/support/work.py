"""What a call costs, counted instead of timed: the same on a busy machine as on an idle one."""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any


def work(call: Callable[[], object]) -> int:
    """How many lines of Python `call` runs, those of loops and functions each time anew.

    What C does inside a line counts as that line, so this says how the loops of an algorithm grow, and nothing of what
    one `find` or one slice of a long text costs.
    """
    count = 0

    def trace(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    _traced(call, trace)
    return count


def growth(of_size: Callable[[int], Callable[[], object]], size: int) -> float:
    """How many times as much work twice the size is: 2 for what is linear, 4 for what is quadratic."""
    return work(of_size(2 * size)) / work(of_size(size))


def growth_in_c(of_size: Callable[[int], Callable[[], object]], size: int) -> float:
    """How many times as long four times the size takes: 4 for what is linear, 16 for what is quadratic.

    For what runs in C, where nothing can be counted: CPU time against CPU time, the least of several turns each,
    because a neighbour slows some of them down.
    """
    small, large = of_size(size), of_size(4 * size)
    took: list[tuple[float, float]] = []
    for _ in range(5):
        began = time.thread_time()
        small()
        between = time.thread_time()
        large()
        took.append((between - began, time.thread_time() - between))
    return min(ends for _, ends in took) / min(first for first, _ in took)


def longest_line(call: Callable[[], object]) -> float:
    """Seconds of CPU of the longest line of Python that `call` runs, of three times the shortest.

    In a thread it is what others wait for at most: they get the interpreter between two lines, not within what C does
    in one.
    """
    return min(_longest_line(call) for _ in range(3))


def _longest_line(call: Callable[[], object]) -> float:
    longest = 0.0
    began = time.thread_time()

    def trace(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal longest, began
        longest = max(longest, time.thread_time() - began)
        began = time.thread_time()
        return trace

    _traced(call, trace)
    return longest


def _traced(call: Callable[[], object], trace: Callable[[FrameType, str, Any], Any]) -> None:
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
