"""Side by side with other servers of the same protocol, in one run: `make bench`.

Each server in turn is pinned to one core and the load (bench/load.mjs) to another. The peers run as published and
persist nothing; Scriptorium runs with durability on, and its embedded database counts. Absolute times mean nothing on
a shared machine: read the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import usage

HERE = Path(__file__).parent
OWNER_TOKEN = "bench-" + "0" * 32


@dataclass(frozen=True)
class Row:
    name: str
    load: dict[str, Any]


ROWS = [
    Row("one document, 50 clients, 1,000 edits/s", {"clients": 50, "rate": 1000}),
    Row("one document, 50 clients, 100 edits/s", {"clients": 50, "rate": 100}),
    Row("one document, 100 cursors, 5/s each", {"clients": 100, "rate": 5, "kind": "cursors"}),
    Row("300 documents, 2 clients each, 5 edits/s", {"documents": 300, "clients": 2, "rate": 5}),
]


@dataclass(frozen=True)
class Running:
    pid: int
    url: str
    headers: dict[str, str]
    base: str | None
    """Of the HTTP interface, where there is one."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit("the server did not open its port")


@contextlib.contextmanager
def server(name: str) -> Iterator[Running]:
    port = free_port()
    environment = os.environ | {"PORT": str(port), "HOST": "127.0.0.1", "NODE_ENV": "production"}
    data = Path(tempfile.mkdtemp(prefix="scriptorium-bench-"))
    commands = {
        "scriptorium": [
            str(Path(sys.executable).with_name("scriptorium")),
            *("serve", "--port", str(port), "--data-dir", str(data)),
        ],
        "y-websocket": ["node", str(HERE / "peers/node_modules/y-websocket/bin/server.cjs")],
    }
    environment["SCRIPTORIUM_OWNER_TOKEN"] = OWNER_TOKEN
    process = subprocess.Popen(
        ["taskset", "-c", "0", *commands[name]],
        env=environment,
        cwd=HERE / "peers",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        if name == "scriptorium":
            base = f"http://127.0.0.1:{port}"
            workspace = request(base, "/api/workspaces")[0]["id"]
            yield Running(
                process.pid,
                f"ws://127.0.0.1:{port}/sync/{workspace}/{{document}}",
                {"Authorization": f"Bearer {OWNER_TOKEN}"},
                f"{base}/api/workspaces/{workspace}",
            )
        else:
            yield Running(process.pid, f"ws://127.0.0.1:{port}/{{document}}", {}, None)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(data, ignore_errors=True)


def request(base: str, path: str, method: str = "GET", body: bytes | None = None) -> Any:
    call = urllib.request.Request(base + path, body, {"Authorization": f"Bearer {OWNER_TOKEN}"}, method=method)
    with urllib.request.urlopen(call) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def documents(running: Running, row: int, count: int) -> list[str]:
    """Fresh documents for one row; peers make them up by name."""
    names = [f"row{row}-{index}" for index in range(count)]
    if running.base is None:
        return names
    for name in names:
        request(running.base, f"/files/bench/{name}.txt", "PUT", b"")
    ids = {node["path"]: node["id"] for node in request(running.base, "/tree")}
    return [ids[f"bench/{name}.txt"] for name in names]


def measure(running: Running, row: int, load: dict[str, Any], seconds: int) -> dict[str, Any]:
    names = documents(running, row, load.get("documents", 1))
    order = {"url": running.url, "headers": running.headers, "document": names, "seconds": seconds} | load
    client = subprocess.Popen(
        ["taskset", "-c", "1", "node", str(HERE / "load.mjs"), json.dumps(order)], stdout=subprocess.PIPE
    )
    assert client.stdout is not None
    if not client.stdout.readline():
        raise SystemExit("the load could not connect")
    before = usage(running.pid)
    result: dict[str, Any] = json.loads(client.stdout.readline())
    after = usage(running.pid)
    client.wait()
    result["cpu_per_delivery_us"] = (after.cpu - before.cpu) / max(1, result["received"]) * 1e6
    result["memory_mib"] = after.memory / 2**20
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--servers", default="scriptorium,y-websocket")
    parser.add_argument("--rows", default="0,1,2,3", help="which rows, by number")
    arguments = parser.parse_args()
    servers = arguments.servers.split(",")
    rows = [int(row) for row in arguments.rows.split(",")]
    results: dict[tuple[str, int], dict[str, Any]] = {}
    for name in servers:
        for row in rows:
            # A fresh server for each row: no row inherits another's memory or its documents.
            with server(name) as running:
                results[name, row] = measure(running, row, ROWS[row].load, arguments.seconds)
    for row in rows:
        print(f"\n{ROWS[row].name}")
        print(
            f"  {'server':<14}{'CPU/delivery':>14}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}"
            f"{'lost':>8}{'MiB':>7}{'load busy':>11}"
        )
        best = min((results[n, row]["cpu_per_delivery_us"] for n in servers if n != "scriptorium"), default=None)
        for name in servers:
            r = results[name, row]
            ratio = f"{r['cpu_per_delivery_us'] / best:.2f}" if best else "-"
            latencies = "".join(f"{r[k]:>9.1f}" if r[k] is not None else f"{'-':>9}" for k in ("p50", "p99", "max"))
            print(
                f"  {name:<14}{r['cpu_per_delivery_us']:>11.1f} µs{ratio:>8}{latencies}"
                f"{r['expected'] - r['received']:>8}{r['memory_mib']:>7.0f}{r['load_busy']:>11.2f}"
            )
    print("\nPresence states that a newer one has replaced count as lost above; an edit never may be.")


if __name__ == "__main__":
    main()
