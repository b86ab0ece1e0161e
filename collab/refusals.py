"""Why a room does not take an update. After any of these nothing has changed."""


class UpdateGap(ValueError):
    """The update rests on text that the room does not have. Nothing was stored; sync first, then send it again."""


class DocumentTooLarge(ValueError):
    """The update would grow the document beyond its limit."""


class Overloaded(RuntimeError):
    """The log has been away for so long that the memory for waiting edits is full."""


class RoomClosed(RuntimeError):
    """The document is gone (4410), or the process is shutting down."""


class RoomRebuilding(RuntimeError):
    """The CRDT library failed and the document is being rebuilt from the log; try again in a moment."""
