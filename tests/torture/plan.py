"""Plans: what happens to a group of people and to the servers and services behind them, as plain data.

A plan is made from a seed and holds everything that is random. Each of its steps makes sense whatever happened before
(killing what is dead does nothing), so any part of a failing plan is a plan too and it can be shrunk step by step.

Steps are objects with `do`:

    type      person, edits, every     edits of the person's text, `every` so many milliseconds. `at` is a fraction of
                                       the text as it then is: {at, insert} {at, remove: most units} {at, stamp: true}
                                       {at, scatter: places} {undo: true} {redo: true}; with `cut` also inside a
                                       surrogate pair
    barrier   person                   asks whether all is saved, and does not wait for the answer
    cut       person                   the connection is lost; the client comes back by itself
    leave     person                   offline, until the next `join`
    join      person, server           perhaps another server than before
    crash     person                   loses the connection and all that it has in memory
    move      document, path, server   renames the file over HTTP
    trash     document, server         deletes it: everybody is sent away from it
    restore   document, server
    kill      what, with               kill -9; the people of `with` crash in the same moment
    stop      what                     SIGTERM, for servers
    start     what                     again, on the same data
    pause     what                     SIGSTOP
    resume    what                     SIGCONT
    flush                              Redis FLUSHALL
    sever     link                     breaks the connections between a server and a service
    hang      link                     they stay, and bring nothing
    mend      link
    wait      ms

`what` is "server 0", "database", "objects", "redis" or "everything"; a link is "server 0 redis" or "server 0 database".
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Step = dict[str, Any]
Shape = Literal["alone", "together"]

WORDS = ["a", "b ", "word ", "é", "😀", "line\n", "字", "👩\u200d💻", "the quick brown fox\n"]
FOLDERS = ["", "notes/", "notes/old/", "Ünï/"]


@dataclass(frozen=True)
class Person:
    document: int
    server: int
    """Where they are at the beginning."""
    tab: bool
    """All tabs of a document run in one browser, and tell each other what they are shown past the server."""


@dataclass(frozen=True)
class Plan:
    seed: int
    shape: Shape
    """One process on its embedded defaults, or several on Redis, a shared database and S3."""
    servers: int
    hasty: bool
    """Whether compaction, settling and closing of rooms come early (`tests.torture.nursery`), so that they are met."""
    documents: int
    people: tuple[Person, ...]
    steps: tuple[Step, ...]

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        steps = ",\n  ".join(json.dumps(step, ensure_ascii=False) for step in self.steps)
        head = json.dumps({**asdict(self), "steps": []}, ensure_ascii=False)
        file.write_text(f"{head.removesuffix('[]}')}[\n  {steps}\n]}}\n")

    @classmethod
    def load(cls, file: Path) -> Plan:
        data = json.loads(file.read_text())
        people = tuple(Person(**person) for person in data.pop("people"))
        return cls(**{**data, "people": people, "steps": tuple(data.pop("steps"))})


def make_plan(seed: int, *, seconds: float = 5.0) -> Plan:
    """The plan of ``seed``. Its waits add up to about ``seconds``; beginning and end come on top of that."""
    return _Author(random.Random(seed)).write(seed, seconds)


class _Author:
    """Each plan has its own character: some are full of faults, some have faults of one kind alone, so that the rest of
    the world lives long enough to get into trouble by it; some are full of people who come and go.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._shape: Shape = dice.choice(["alone", "together"])
        self._servers = 1 if self._shape == "alone" else dice.choice([2, 2, 3])
        self._documents = dice.choice([1, 2])
        self._people = dice.randint(3, 6)
        faults = [
            ("kill", "server"),
            ("stop", "server"),
            ("pause", "server"),
            ("kill", "database"),
            ("pause", "database"),
            ("kill", "everything"),
            ("pause", "everything"),
        ]
        if self._shape == "together":
            faults += [(fault, what) for fault in ("kill", "pause") for what in ("objects", "redis")]
            faults += [("flush", "redis")]
            faults += [(fault, what) for fault in ("sever", "hang") for what in ("database", "redis")]
        self._faults = dice.sample(faults, dice.choice([1, 2, 3, len(faults)]))
        self._kinds = {
            "type": dice.choice([10.0, 40.0]),
            "barrier": 20.0,
            "come and go": 8 * dice.choice([0, 0.2, 1, 3]),
            "fault": 6 * dice.choice([0.5, 1, 2]),
            "crash": dice.choice([0.3, 3]),
            "move": dice.choice([0, 2]),
            "trash": dice.choice([0, 0, 1]),
            "wait": 20.0,
        }
        self._cuts_pairs = dice.random() < 0.1
        self._steps: list[Step] = []
        self._healing: list[tuple[float, Step]] = []
        self._now = 0.0

    def write(self, seed: int, seconds: float) -> Plan:
        dice = self._dice
        hasty = dice.random() < 0.85
        people = tuple(
            Person(dice.randrange(self._documents), dice.randrange(self._servers), dice.random() < 0.25)
            for _ in range(self._people)
        )
        while self._now < seconds * 1000:
            for item in [item for item in self._healing if item[0] <= self._now]:
                self._healing.remove(item)
                self._steps.append(item[1])
            self._step()
        if dice.random() < 0.5:
            # What is typed last, and while something is away, is followed by nothing that could repair it in passing.
            self._fault()
            self._steps += [self._type() for _ in range(dice.randint(1, 6))]
            self._steps.append({"do": "wait", "ms": dice.choice([10, 200])})
        steps = tuple(self._steps)
        return Plan(seed, self._shape, self._servers, hasty, self._documents, people, steps)

    def _step(self) -> None:
        dice = self._dice
        match dice.choices(list(self._kinds), list(self._kinds.values()))[0]:
            case "type":
                self._steps.append(self._type())
            case "come and go":
                self._come_and_go()
            case "fault":
                self._fault()
            case "move":
                path = f"{dice.choice(FOLDERS)}{dice.choice(['one', 'two', 'three'])}.md"
                document, server = dice.randrange(self._documents), dice.randrange(self._servers)
                self._steps.append({"do": "move", "document": document, "path": path, "server": server})
            case "trash":
                file = {"document": dice.randrange(self._documents), "server": dice.randrange(self._servers)}
                self._steps.append({"do": "trash", **file})
                self._heal({"do": "restore", **file})
            case "wait":
                wait = dice.choice([5, 20, 50, 100, 300])
                self._steps.append({"do": "wait", "ms": wait})
                self._now += wait
            case do:
                self._steps.append({"do": do, "person": self._person()})

    def _person(self) -> int:
        return self._dice.randrange(self._people)

    def _come_and_go(self) -> None:
        step: Step = {"do": self._dice.choice(["cut", "leave", "join", "join", "join"]), "person": self._person()}
        if step["do"] == "join":
            step["server"] = self._dice.randrange(self._servers)
        self._steps.append(step)

    def _type(self) -> Step:
        dice = self._dice
        edits = [self._edit() for _ in range(dice.choice([1, 1, 3, 10, 40]))]
        return {"do": "type", "person": self._person(), "edits": edits, "every": dice.choice([0, 0, 1, 5, 20])}

    def _edit(self) -> Step:
        dice = self._dice
        # Both ends are special, and met as often as all that lies between.
        at = round(dice.choice([0.0, 0.9999, dice.random(), dice.random()]), 4)
        place: Step = {"at": at, "cut": True} if self._cuts_pairs else {"at": at}
        kinds = ["insert", "stamp", "remove", "undo", "redo", "paste", "scatter"]
        match dice.choices(kinds, [40, 25, 15, 10, 5, 1, 1])[0]:
            case "insert":
                return {**place, "insert": dice.choice(WORDS)}
            case "stamp":
                return {"at": at, "stamp": True}
            case "remove":
                return {**place, "remove": dice.choice([1, 2, 10, 100])}
            case "paste":
                return {**place, "insert": dice.choice(WORDS) * dice.choice([100, 1000, 6000])}
            case "scatter":
                return {"at": at, "scatter": dice.choice([20, 600, 1500])}
            case do:
                return {do: True}

    def _fault(self) -> None:
        """Something goes wrong, and later that ends."""
        dice = self._dice
        fault, what = dice.choice(self._faults)
        if fault == "flush":
            self._steps.append({"do": "flush"})
            return
        if fault in ("sever", "hang"):
            link = f"server {dice.randrange(self._servers)} {what}"
            self._steps.append({"do": fault, "link": link})
            self._heal({"do": "mend", "link": link})
            return
        if what == "server":
            what = f"server {dice.randrange(self._servers)}"
        step: Step = {"do": fault, "what": what}
        if fault == "kill":
            everybody = list(range(self._people))
            crashing = [[], [], everybody, [person for person in everybody if dice.random() < 0.5]]
            step["with"] = dice.choice(crashing) if what.startswith(("server", "everything")) else []
        self._steps.append(step)
        self._heal({"do": "resume" if fault == "pause" else "start", "what": what})

    def _heal(self, step: Step) -> None:
        self._healing.append((self._now + self._dice.choice([50, 300, 1000, 3000]) * (0.5 + self._dice.random()), step))
