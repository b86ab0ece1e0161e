"""What the operating system and the event loop alone cost: below this no server in Python gets on this machine.

    python bench/floor.py

Prints the CPU of one small frame written to one of 49 connections every 10 ms, raw and through uvloop, and of one small
message received, when 1,500 a second arrive on 600 connections: reading it, and waking up for it. The far end sits on
the other core.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvloop

FRAME = b"x" * 60  # bytes, as a keystroke
ROUNDS = 300
PEERS, CONNECTIONS, RATE, SECONDS = 49, 600, 1_500, 4.0


@contextmanager
def far_end(count: int, behave: Callable[[list[socket.socket]], None]) -> Iterator[list[socket.socket]]:
    """``count`` connections, whose far ends another process on the other core holds and ``behave`` rules."""
    os.sched_setaffinity(0, {0})
    with socket.create_server(("127.0.0.1", 0), backlog=count) as listener:
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, {1})
            behave([socket.create_connection(listener.getsockname()) for _ in range(count)])
            os._exit(0)
        near = [listener.accept()[0] for _ in range(count)]
    for connection in near:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield near
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def read_all(connections: list[socket.socket]) -> None:
    poller = select.epoll()
    by_number = {connection.fileno(): connection for connection in connections}
    for number in by_number:
        poller.register(number, select.EPOLLIN)
    while True:
        for number, _ in poller.poll():
            by_number[number].recv(1 << 16)


def write_evenly(connections: list[socket.socket]) -> None:
    began, sent = time.perf_counter(), 0
    while True:
        while sent < (time.perf_counter() - began) * RATE:
            connections[sent * 7919 % len(connections)].send(FRAME)
            sent += 1
        time.sleep(0.001)


def raw_send() -> float:
    with far_end(PEERS, read_all) as connections:
        began = time.process_time()
        for _ in range(ROUNDS):
            for connection in connections:
                connection.send(FRAME)
            time.sleep(0.01)
        return (time.process_time() - began) / ROUNDS / PEERS


async def uvloop_write() -> float:
    loop = asyncio.get_running_loop()
    with far_end(PEERS, read_all) as connections:
        transports = [(await loop.connect_accepted_socket(asyncio.Protocol, one))[0] for one in connections]
        began = time.process_time()
        for _ in range(ROUNDS):
            for transport in transports:
                transport.write(FRAME)
            await asyncio.sleep(0.01)
        return (time.process_time() - began) / ROUNDS / PEERS


async def uvloop_receive() -> float:
    received = 0

    class Receiver(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            nonlocal received
            received += 1

    loop = asyncio.get_running_loop()
    with far_end(CONNECTIONS, write_evenly) as connections:
        for connection in connections:
            await loop.connect_accepted_socket(Receiver, connection)
        began, before = time.process_time(), received
        await asyncio.sleep(SECONDS)
        return (time.process_time() - began) / (received - before)


def main() -> None:
    print(f"sending, raw             {raw_send() * 1e6:5.1f} µs")
    print(f"sending, through uvloop  {uvloop.run(uvloop_write()) * 1e6:5.1f} µs")
    print(f"receiving, with the wake {uvloop.run(uvloop_receive()) * 1e6:5.1f} µs")


if __name__ == "__main__":
    main()
