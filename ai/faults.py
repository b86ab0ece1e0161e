"""Errors for the log, without what people wrote."""

import traceback
from pathlib import Path


def fault(error: BaseException) -> str:
    """What kind of error was raised where, innermost place first.

    Not its message: a database quotes in it the record that it refuses, and that holds people's text.
    """
    frames = reversed(traceback.extract_tb(error.__traceback__))
    places = (f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__qualname__} in {' < '.join(places)}"
