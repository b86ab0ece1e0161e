"""Errors for the log, without what people wrote."""

import traceback
from pathlib import Path


def fault(error: BaseException) -> str:
    """What kind of error was raised where in our own code, innermost place first.

    Not its message: a database quotes in it the record that it refuses, and that holds people's text.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    places = (f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}" for frame in reversed(ours))
    return f"{type(error).__qualname__} in {' < '.join(places)}"
