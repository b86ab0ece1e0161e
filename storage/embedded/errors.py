"""Errors with MongoDB's own codes, so that PyMongo raises what it would raise for MongoDB."""

from __future__ import annotations

BAD_VALUE = 2
TYPE_MISMATCH = 14
NO_SUCH_NAMESPACE = 26
INDEX_NOT_FOUND = 27
PATH_NOT_VIABLE = 28
CONFLICTING_UPDATE = 40
COMMAND_NOT_FOUND = 59
IMMUTABLE_FIELD = 66
INDEX_EXISTS = 85
NOT_SUPPORTED = 238
TOO_LARGE = 10334
DUPLICATE_KEY = 11000


class CommandError(Exception):
    """`code` as in MongoDB's table of errors."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def unsupported(what: str) -> CommandError:
    return CommandError(NOT_SUPPORTED, f"{what} is not supported by the embedded database")
