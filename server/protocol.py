"""uvicorn's WebSocket protocol, with an end for peers that do not read.

As published, a close frame waits until the transport takes bytes again, and closing a transport waits for its buffer:
a peer that stopped reading would hold its connection, and our shutdown, for as long as TCP lets it.
"""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PATIENCE = 3.0
"""Seconds that a peer has to take the close frame, and what waits before it."""


class SocketProtocol(WebSocketsSansIOProtocol):
    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()
            self.loop.call_later(PATIENCE, self.transport.abort)
        await super().send(message)

    def shutdown(self) -> None:
        super().shutdown()
        self.loop.call_later(PATIENCE, self.transport.abort)
