"""pycrdt-websocket or ypy-websocket under uvicorn, as their documentation shows it: `asgi.py <package> <port>`."""

import importlib
import sys

import uvicorn
import uvloop


async def main(package: str, port: int) -> None:
    peer = importlib.import_module(package)
    async with peer.WebsocketServer() as rooms:
        await uvicorn.Server(uvicorn.Config(peer.ASGIServer(rooms), port=port, log_level="warning")).serve()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
