"""Carries out a plan, and looks at what is left of everybody's work.

At the end, with all processes back: every barrier is answered; all replicas of a document are equal, and equal to what
HTTP gives on every server and to the plain file on the drive; then all servers are killed, and what the log on top of
the snapshot loads to is equal once more, holds nothing back, and has every acknowledged edit and every stamp once.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

from collab.durable.log import UpdateLog
from collab.durable.snapshots import Snapshots
from tests.support.server import OWNER_TOKEN, ROOT
from tests.support.yjs import Clients
from tests.torture.cluster import Cluster, Nursery, ServerProcess
from tests.torture.plan import Plan, Step

BARRIER_WITHIN = 60.0
CONVERGE_WITHIN = 15.0
DRIVE_WITHIN = 90.0
"""A drive's lease of 30 s may have to run out first."""

FAILED = ROOT / ".torture"

FINE_CLOSES = {1000, 1001, 1005, 1006, 1012, 1013}
"""Nobody sends too much or malformed frames here."""


class Lost(AssertionError):
    """A promise was broken; the message says which."""


class Ordeal:
    """One plan, once, in ``folder``."""

    def __init__(self, plan: Plan, folder: Path, nursery: Nursery, clients: Clients) -> None:
        self._plan = plan
        self._cluster = Cluster(plan, folder, nursery)
        self._clients = clients
        self._documents: list[str] = []
        self._workspace = ""
        self._changes: set[asyncio.Task[None]] = set()
        self.figures: Counter[str] = Counter(plans=1)

    async def run(self) -> None:
        """Raises Lost, ServerFailed."""
        try:
            await self._begin()
            for step in self._plan.steps:
                self.figures["steps"] += 1
                await self._do(step)
            await self._end()
            self.figures.update(await self._clients.call("figures"))
        finally:
            await self._clients.call("part")
            for change in self._changes:
                change.cancel()
            await asyncio.gather(*self._changes, return_exceptions=True)
            await self._cluster.close()

    # ---- the beginning

    async def _begin(self) -> None:
        await self._cluster.start()
        http = self._cluster.servers[0].http
        self._workspace = (await http.get("/api/me")).raise_for_status().json()["workspaces"][0]["id"]
        for number in range(self._plan.documents):
            (await http.put(f"{self._path}/files/{number}.md", content=b"")).raise_for_status()
        ids = {path: document for document, path in (await self._paths(http)).items()}
        self._documents = [ids[f"{number}.md"] for number in range(self._plan.documents)]
        for number, person in enumerate(self._plan.people):
            room = self._documents[person.document]
            await self._clients.call("meet", person=str(number), room=room, token=OWNER_TOKEN, tab=person.tab)
            await self._connect(number, person.server)

    @property
    def _path(self) -> str:
        return f"/api/workspaces/{self._workspace}"

    async def _connect(self, person: int, server: int) -> None:
        url = f"ws://127.0.0.1:{self._cluster.servers[server].port}/sync/{self._workspace}"
        await self._clients.call("connect", person=str(person), url=url)

    # ---- the steps

    async def _do(self, step: Step) -> None:
        match step["do"]:
            case "wait":
                await asyncio.sleep(step["ms"] / 1000)
            case "join":
                await self._connect(step["person"], step["server"])
            case "barrier" | "cut" | "leave" | "crash":
                await self._clients.call(step["do"], person=str(step["person"]))
            case "type":
                await self._clients.call("type", person=str(step["person"]), edits=step["edits"], every=step["every"])
            case "move" | "trash" | "restore":
                change = asyncio.create_task(self._change_file(step))
                self._changes.add(change)
                change.add_done_callback(self._changes.discard)
            case "flush":
                await self._flush()
            case "sever" | "hang" | "mend":
                if (link := self._cluster.links.get(step["link"])) is not None:
                    getattr(link, step["do"])()
                    self.figures["severed links"] += step["do"] != "mend"
            case fault:
                await self._fault(fault, step)

    async def _change_file(self, step: Step) -> None:
        """Whether it succeeds is not at issue here: the server may be dead, and the place taken."""
        http = self._cluster.servers[step["server"]].http
        document = self._documents[step["document"]]
        try:
            if step["do"] == "restore":
                await http.post(f"{self._path}/trash/{document}/restore")
            elif (path := (await self._paths(http)).get(document)) is None:
                return
            elif step["do"] == "trash":
                await http.delete(f"{self._path}/files/{path}")
            else:
                if folder := step["path"].rpartition("/")[0]:
                    await http.put(f"{self._path}/folders/{folder}")
                await http.post(f"{self._path}/moves", json={"from": path, "to": step["path"]})
            self.figures["file changes"] += 1
        except httpx2.HTTPError:
            return

    async def _paths(self, http: httpx2.AsyncClient) -> dict[str, str]:
        """By id."""
        tree = (await http.get(f"{self._path}/tree")).raise_for_status().json()
        return {node["id"]: node["path"] for node in tree if node["kind"] != "folder"}

    async def _flush(self) -> None:
        redis = self._cluster.redis
        if redis is None:
            return
        try:
            async with asyncio.timeout(0.5):
                reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
                writer.write(b"FLUSHALL\r\n")
                await reader.readline()
                writer.close()
            self.figures["flushes"] += 1
        except (OSError, TimeoutError):  # dead or paused: there is nothing in it to be flushed
            return

    async def _fault(self, fault: str, step: Step) -> None:
        victim = self._cluster.victims.get(step["what"])
        if victim is None:
            return
        match fault:
            case "kill":
                # The people first: what they know must not come back through them.
                for person in step["with"]:
                    await self._clients.call("crash", person=str(person))
                victim.kill()
                self.figures["kills"] += 1
            case "stop" if isinstance(victim, ServerProcess):
                victim.stop()
                self.figures["stops"] += 1
            case "start":
                await victim.start()
            case "pause":
                victim.pause()
                self.figures["pauses"] += 1
            case "resume":
                victim.resume()

    # ---- the end

    async def _end(self) -> None:
        await self._cluster.heal()
        if self._changes:
            await asyncio.wait(self._changes)
        for document in self._documents:
            await _eventually(CONVERGE_WITHIN, lambda document=document: self._restored(document))
        people = self._plan.people
        # Where they are: whoever comes anew tells a server what another server should have told it.
        for number in range(len(people)):
            await self._clients.call("stay", person=str(number))
        stuck = await asyncio.gather(
            *(self._clients.call("settle", person=str(n), seconds=BARRIER_WITHIN) for n in range(len(people)))
        )
        if any(stuck):
            reasons = "; ".join(f"{number}: {why}" for number, why in enumerate(stuck) if why)
            raise Lost(f"within {BARRIER_WITHIN:.0f} s not all is saved: {reasons}")
        await self._closes()
        shown = await _eventually(CONVERGE_WITHIN, self._replicas)
        await _eventually(CONVERGE_WITHIN, lambda: self._http(shown))
        await _eventually(DRIVE_WITHIN, self._drive)
        self._cluster.kill_servers()
        await self._stored(shown)

    async def _restored(self, document: str) -> None:
        http = self._cluster.servers[0].http
        if document not in await self._paths(http):
            await http.post(f"{self._path}/trash/{document}/restore")
            raise Lost(f"{document} does not come back from the trash")

    async def _closes(self) -> None:
        fine = FINE_CLOSES | {4410 for step in self._plan.steps if step["do"] == "trash"}
        for number in range(len(self._plan.people)):
            for close in await self._clients.call("closes", person=str(number)):
                if close["code"] not in fine:
                    raise Lost(f"person {number} was sent away: {close}")

    async def _replicas(self) -> dict[int, dict[str, Any]]:
        """What everybody shows, by document; raises Lost while replicas differ."""
        shown: dict[int, dict[str, Any]] = {}
        for number, person in enumerate(self._plan.people):
            mine = await self._clients.call("shows", person=str(number))
            # A tab may have been told something by another one that crashed before it could tell the rest.
            if mine.pop("pending") and not person.tab:
                raise Lost(f"person {number} holds back what cannot be integrated")
            theirs = shown.setdefault(person.document, mine)
            if mine != theirs:
                raise Lost(
                    f"replicas of document {person.document} differ: {_difference(theirs, mine)} (person {number})"
                )
        return shown

    async def _http(self, shown: dict[int, dict[str, Any]]) -> None:
        for server in self._cluster.servers:
            paths = await self._paths(server.http)
            for document, replica in shown.items():
                if (path := paths.get(self._documents[document])) is None:
                    raise Lost(f"document {document} is not in the tree of {server.data_dir.name}")
                text = (await server.http.get(f"{self._path}/files/{path}")).raise_for_status().text
                if text != replica["text"]:
                    raise Lost(f"{server.data_dir.name} gives another text of {path}: {_cut(replica['text'], text)}")

    async def _drive(self) -> None:
        """The drive holds the files of the tree, with the texts that HTTP gives, and nothing else."""
        http = self._cluster.servers[-1].http
        expected: dict[str, bytes] = {}
        for path in (await self._paths(http)).values():
            expected[path] = (await http.get(f"{self._path}/files/{path}")).raise_for_status().content
        found = self._cluster.drive(self._workspace)
        if found != expected:
            names = {name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)}
            raise Lost(f"the drive differs at {sorted(names)}")

    async def _stored(self, shown: dict[int, dict[str, Any]]) -> None:
        async with self._cluster.storage() as storage:
            snapshots = Snapshots(storage.db, storage.objects, UpdateLog(storage.db, storage.objects))
            for document, replica in shown.items():
                loaded = await snapshots.load(self._documents[document])
                if loaded.waiting:
                    raise Lost(f"entries of document {document} wait in the log for what it does not have")
                people = [str(n) for n, person in enumerate(self._plan.people) if person.document == document]
                update = base64.b64encode(loaded.doc.get_update()).decode()
                audit = await self._clients.call("audit", update=update, people=people)
                if audit["wrong"]:
                    raise Lost(f"document {document}: {'; '.join(audit['wrong'][:10])}")
                stored = {key: audit[key] for key in ("text", "snapshot")}
                if stored != replica:
                    raise Lost(f"what is stored of document {document} differs: {_difference(replica, stored)}")


async def attempt(plan: Plan, forks: Nursery, clients: Clients, figures: Counter[str]) -> str | None:
    """What went wrong, None if nothing did.

    Then the plan, the servers' logs and all data are in `.torture/<seed>`, which the answer names.
    """
    # Not in a test's own folder: the path of a Unix socket has at most 103 bytes.
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    ordeal = Ordeal(plan, folder, forks, clients)
    try:
        await ordeal.run()
    except Exception as error:
        kept = FAILED / str(plan.seed)
        await _copy(folder, kept)
        plan.save(kept / "plan.json")
        return f"{type(error).__name__}: {error}\n  saved as {kept / 'plan.json'}"
    finally:
        figures.update(ordeal.figures)
        shutil.rmtree(folder, ignore_errors=True)
    return None


async def _copy(folder: Path, to: Path) -> None:
    """Not moved: between file systems that fails, for what it cannot copy are the sockets."""
    for patience in (5, 0):
        shutil.rmtree(to, ignore_errors=True)
        try:
            shutil.copytree(folder, to, ignore=_sockets)
        except shutil.Error:  # the database of a killed server was still ending, and took files away
            if patience == 0:
                raise
            await asyncio.sleep(patience)
        else:
            return


def _sockets(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if (Path(folder) / name).is_socket()}


async def _eventually(within: float, look: Any) -> Any:
    """What ``look`` gives, once it raises neither Lost nor an error of HTTP; the last of them when it always does."""
    deadline = time.monotonic() + within
    pause = 0.05
    while True:
        try:
            return await look()
        except (Lost, httpx2.HTTPError) as error:
            if time.monotonic() > deadline:
                raise Lost(f"after {within:.0f} s: {error}") from error
        await asyncio.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    if one["text"] != other["text"]:
        return _cut(one["text"], other["text"])
    return "the same text, but other clocks or deletions"


def _cut(one: str, other: str) -> str:
    """The surroundings of the first difference."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, at - 20)
    return f"{len(one)} and {len(other)} characters, at {at}: {one[start : at + 40]!r} / {other[start : at + 40]!r}"
