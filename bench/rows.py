"""What is measured of each server: one class per kind of row."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from measure import usage
from servers import HERE, LOAD_CORE, NODE, UNHURRIED, Failed, Running, group, server

Figures = dict[str, Any]


@dataclass(frozen=True)
class Column:
    title: str
    key: str
    show: Callable[[Any], str] = "{:.1f}".format


class Row(Protocol):
    name: str
    columns: list[Column]
    compared: str
    """The figure that the ratio to the best peer is taken of."""

    def measure(self, server_name: str, seconds: int) -> Iterator[tuple[str, Figures]]:
        """Lines of the table: what stands before it, and its figures."""
        ...


class Client:
    """One of the .mjs files on the load's core; it answers in JSON lines and waits to be told to go on."""

    def __init__(self, script: str, order: Figures) -> None:
        self._process = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, str(NODE), str(HERE / script), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> Figures:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Failed("the load could not go on: see above")
        answer: Figures = json.loads(line)
        return answer

    def tell(self, command: Figures) -> Figures:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self.read()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.kill()
        self._process.wait()


_CALM = 3.0
"""Seconds until what has just been opened has settled in memory."""

LOAD_COLUMNS = [
    Column("p50 ms", "p50"),
    Column("p99 ms", "p99"),
    Column("max ms", "max"),
    Column("lost", "lost", str),
    Column("closed", "closed", str),
    Column("MiB", "mib", "{:.0f}".format),
    Column("load busy", "busy", "{:.2f}".format),
    Column("load lag p99 ms", "lag_p99"),
]


@dataclass(frozen=True)
class Load:
    """Edits or presence at a steady rate."""

    name: str
    documents: int
    clients: int
    rate: int
    kind: str = "edits"
    compared: str = "cpu_us"

    @property
    def columns(self) -> list[Column]:
        outdated = [Column("outdated", "outdated", str)] if self.kind == "presence" else []
        return [Column("CPU µs", "cpu_us"), *LOAD_COLUMNS[:4], *outdated, *LOAD_COLUMNS[4:]]

    def measure(self, server_name: str, seconds: int) -> Iterator[tuple[str, Figures]]:
        with server(server_name) as running:
            yield server_name, self.drive(running, seconds)

    def drive(self, running: Running, seconds: int) -> Figures:
        order = {
            "servers": running.targets,
            "documents": running.documents([f"load{number}" for number in range(self.documents)]),
            "clients": self.clients,
            "rate": self.rate,
            "kind": self.kind,
            "seconds": seconds,
        }
        with Client("load.mjs", order) as client:
            client.read()
            before, others = usage(running.pids), usage(running.databases)
            figures = client.tell({})
            after, others_after = usage(running.pids), usage(running.databases)
        deliveries = figures["delivered"]
        if not deliveries:
            raise Failed(f"nothing arrived; {figures['closed']} connections were closed")
        return figures | {
            "cpu_us": (after.cpu - before.cpu) / deliveries * 1e6,
            "databases_us": (others_after.cpu - others.cpu) / deliveries * 1e6,
            "mib": after.memory / 2**20,
        }


def _kib(value: float) -> str:
    return f"{value / 1024:.1f}"


@dataclass(frozen=True)
class Connections:
    """Memory of a connection that does nothing: a thousand of them on one document."""

    name: str = "1,000 idle connections to one document"
    compared: str = "each"
    columns: list[Column] = field(default_factory=lambda: [Column("KiB per connection", "each", _kib)])

    # The first hundred pay for code, pools and buffers that all of them share.
    FIRST, MORE = 100, 900

    def measure(self, server_name: str, seconds: int) -> Iterator[tuple[str, Figures]]:
        with server(server_name) as running, Client("hold.mjs", running.targets[0]) as client:
            client.read()
            [document] = running.documents(["held"])
            client.tell({"open": [document], "write": True})
            client.tell({"open": [document] * (self.FIRST - 1)})
            time.sleep(_CALM)
            before = usage(running.pids).memory
            client.tell({"open": [document] * self.MORE})
            time.sleep(_CALM)
            yield server_name, {"each": (usage(running.pids).memory - before) / self.MORE}


@dataclass(frozen=True)
class Documents:
    """Memory of an open document, and of one that nobody has open any more."""

    name: str = "500 documents, one client each, then nobody"
    compared: str = "idle"
    columns: list[Column] = field(
        default_factory=lambda: [
            Column("KiB per open document", "open", _kib),
            Column("KiB per idle document", "idle", _kib),
        ]
    )

    COUNT = 500

    def measure(self, server_name: str, seconds: int) -> Iterator[tuple[str, Figures]]:
        with server(server_name) as running, Client("hold.mjs", running.targets[0]) as client:
            client.read()
            # Of three visits to 500 documents each, the first shows what open ones take, and the other two what
            # stays of them: by then an allocator has the memory that it keeps for later.
            names = [f"visited{number}" for number in range(3 * self.COUNT)]
            documents = running.documents(names)
            running.wait_until_idle()
            left = [usage(running.pids).memory]
            opened = []
            for start in range(0, len(documents), self.COUNT):
                client.tell({"open": documents[start : start + self.COUNT], "write": True})
                time.sleep(_CALM)
                opened.append(usage(running.pids).memory)
                client.tell({"close": True})
                running.wait_until_idle()
                left.append(usage(running.pids).memory)
            yield (
                server_name,
                {"open": (opened[0] - left[0]) / self.COUNT, "idle": (left[3] - left[1]) / (2 * self.COUNT)},
            )


@dataclass(frozen=True)
class Opening:
    """A long document, from opening the socket to the last byte of step 2."""

    name: str = "opening a document of 260,000 edits"
    compared: str = "step2"
    columns: list[Column] = field(
        default_factory=lambda: [
            Column("handshake ms", "handshake"),
            Column("step 2 ms", "step2"),
            Column("yrs encodes ms", "encoding", "{:.2f}".format),
            Column("x yrs", "to_encoding"),
            Column("KiB", "bytes", _kib),
            Column("typed in s", "filled"),
        ]
    )

    EDITS = 260_000

    def measure(self, server_name: str, seconds: int) -> Iterator[tuple[str, Figures]]:
        traces = os.environ.get("SCRIPTORIUM_EDITING_TRACES")
        if traces is None:
            raise Failed("SCRIPTORIUM_EDITING_TRACES names no folder with sveltecomponent.json.gz")
        with tempfile.TemporaryDirectory(prefix="scriptorium-bench-") as folder:
            data, updates, saved = (str(Path(folder, part)) for part in ("data", "updates", "saved"))
            session = str(Path(traces, "sveltecomponent.json.gz"))
            typed = subprocess.run(
                [str(NODE), str(HERE / "trace.mjs"), session, str(self.EDITS), updates],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            order = {"text": typed.stdout.strip(), "save": saved}
            with server(server_name, Path(data), UNHURRIED) as running:
                [document] = running.documents(["long"])
                filling = order | {"server": running.targets[0], "document": document, "fill": updates}
                yield f"{server_name}, in memory", self._open(filling)
            if server_name != "scriptorium":
                return  # it has forgotten the document
            with server(server_name, Path(data), UNHURRIED) as running:
                # One small document before: what a process does once, at its first opening, is not the document's.
                small = {"server": running.targets[0], "document": running.documents(["small"])[0]}
                with Client("hold.mjs", running.targets[0]) as client:
                    client.read()
                    client.tell({"open": [small["document"]]})
                    again = order | {"server": running.targets[0], "document": document}
                    yield f"{server_name}, after a restart", self._open(again)

    def _open(self, order: Figures) -> Figures:
        with Client("open.mjs", order) as client:
            figures = client.read()
        if figures["failed"]:
            raise Failed(figures["failed"])
        encoding = _encoding_ms(Path(order["save"]).read_bytes())
        return figures | {"encoding": encoding, "to_encoding": figures["step2"] / encoding}


def _encoding_ms(update: bytes) -> float:
    """How long yrs takes to encode the document that ``update`` makes: the median of 21."""
    from pycrdt import Doc, Text

    doc = Doc()
    doc["text"] = Text()
    doc.apply_update(update)
    times = []
    for _ in range(21):
        began = time.perf_counter()
        doc.get_update()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


@dataclass(frozen=True)
class Processes:
    """The same load on one `serve` and on two that share Redis and a database; half of the clients on each."""

    load: Load
    compared: str = ""

    @property
    def name(self) -> str:
        return f"one or two processes: {self.load.name}"

    @property
    def columns(self) -> list[Column]:
        return [
            Column("CPU µs", "cpu_us"),
            Column("of one", "of_one", "{:.2f}".format),
            Column("Redis, database µs", "databases_us"),
            Column("across p50", "across_p50"),
            Column("across p99", "across_p99"),
            *LOAD_COLUMNS,
        ]

    def measure(self, server_name: str, seconds: int) -> Iterator[tuple[str, Figures]]:
        if server_name != "scriptorium":
            return
        one = 0.0
        for count in (1, 2):
            with group(count) as running:
                figures = self.load.drive(running, seconds)
            one = one or figures["cpu_us"]
            across = figures["across"] or {"p50": None, "p99": None}
            figures |= {"of_one": figures["cpu_us"] / one, "across_p50": across["p50"], "across_p99": across["p99"]}
            yield f"{count} process{'es' * (count > 1)}", figures


LOADS = [
    Load("one document, 50 clients, 1,000 edits/s", documents=1, clients=50, rate=1000),
    Load("one document, 50 clients, 100 edits/s", documents=1, clients=50, rate=100),
    Load("one document, 100 cursors, 5/s each", documents=1, clients=100, rate=5, kind="presence"),
    Load("300 documents, 2 clients each, 5 edits/s", documents=300, clients=2, rate=5),
]
ROWS: list[Row] = [
    *LOADS,
    Connections(),
    Documents(),
    Opening(),
    *(Processes(LOADS[number]) for number in (0, 1, 3)),
]
