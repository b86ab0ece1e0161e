"""Server-sent events, as far as model endpoints use them: the data of each event, from bytes in pieces of any size."""


class EventTooLong(ValueError):
    """An event grew beyond the limit without ending."""


class EventParser:
    """Follows https://html.spec.whatwg.org/multipage/server-sent-events.html for `data`, and ignores other fields.

    As there, an event that the stream ends within is dropped.
    """

    def __init__(self, max_bytes: int = 1 << 20) -> None:
        self._max_bytes = max_bytes
        self._line = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, received: bytes) -> list[bytes]:
        """Returns the data of the events that these bytes complete. Raises `EventTooLong`."""
        text = self._line + received
        held = b""
        if b"\r" in text:
            if text.endswith(b"\r"):
                # Its line feed may come with the next bytes: taken now, it would end an empty line of its own.
                text, held = text[:-1], b"\r"
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = text.split(b"\n")
        self._line = lines.pop() + held
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
                self._size += len(line)
                if self._size > self._max_bytes:
                    break
            elif not line and self._data:
                events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data = []
                self._size = 0
        if self._size + len(self._line) > self._max_bytes:
            raise EventTooLong(f"an event is longer than {self._max_bytes} bytes")
        return events
