"""Plans: what happens to a group of people and to the servers and services behind them, as plain data.

A plan is made from a seed and holds everything that is random. Each of its steps makes sense whatever happened before
(killing what is dead does nothing), so any part of a failing plan is a plan too and it can be shrunk step by step.

Steps are objects with `do`:

    type      person, edits, every     edits of the person's text, `every` so many milliseconds. `at` is a fraction of
                                       the text as it then is: {at, insert} {at, remove: most units} {at, stamp: true}
                                       {undo: true} {redo: true}
    barrier   person                   asks whether all is saved, and does not wait for the answer
    cut       person                   the connection is lost; the client comes back by itself
    leave     person                   offline, until the next `join`
    join      person, server           perhaps another server than before
    crash     person                   loses the connection and all that it has in memory
    move      document, path, server   renames the file over HTTP
    kill      what, with               kill -9; the people of `with` crash in the same moment
    stop      what                     SIGTERM, for servers
    start     what                     again, on the same data
    pause     what                     SIGSTOP
    resume    what                     SIGCONT
    flush                              Redis FLUSHALL
    wait      ms

`what` is "server 0", "database", "objects" or "redis".
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
    dice = random.Random(seed)
    shape: Shape = dice.choice(["alone", "together"])
    servers = 1 if shape == "alone" else dice.choice([2, 2, 3])
    documents = dice.choice([1, 2])
    people = tuple(
        Person(dice.randrange(documents), dice.randrange(servers), dice.random() < 0.25)
        for _ in range(dice.randint(3, 6))
    )
    hasty = dice.random() < 0.85
    return Plan(
        seed, shape, servers, hasty, documents, people, tuple(_steps(dice, shape, servers, documents, people, seconds))
    )


def _steps(
    dice: random.Random, shape: Shape, servers: int, documents: int, people: tuple[Person, ...], seconds: float
) -> list[Step]:
    steps: list[Step] = []
    healing: list[tuple[float, Step]] = []
    # Each plan has its own character: some are full of faults, some of typing, some of people who come and go.
    kinds = {
        "type": 40.0,
        "barrier": 20.0,
        "come and go": 8 * dice.choice([0.2, 1, 3]),
        "fault": 6 * dice.choice([0.5, 1, 2]),
        "crash": dice.choice([0.5, 3]),
        "move": dice.choice([0, 2]),
        "wait": 20.0,
    }
    now = 0.0
    while now < seconds * 1000:
        for at, step in [item for item in healing if item[0] <= now]:
            healing.remove((at, step))
            steps.append(step)
        person = dice.randrange(len(people))
        match dice.choices(list(kinds), list(kinds.values()))[0]:
            case "type":
                steps.append(
                    {"do": "type", "person": person, "edits": _edits(dice), "every": dice.choice([0, 0, 1, 5, 20])}
                )
            case "barrier":
                steps.append({"do": "barrier", "person": person})
            case "come and go":
                match dice.choice(["cut", "leave", "join", "join", "join"]):
                    case "join":
                        steps.append({"do": "join", "person": person, "server": dice.randrange(servers)})
                    case do:
                        steps.append({"do": do, "person": person})
            case "crash":
                steps.append({"do": "crash", "person": person})
            case "move":
                path = f"{dice.choice(FOLDERS)}{dice.choice(['one', 'two', 'three'])}.md"
                steps.append(
                    {
                        "do": "move",
                        "document": dice.randrange(documents),
                        "path": path,
                        "server": dice.randrange(servers),
                    }
                )
            case "fault":
                fault, heal = _fault(dice, shape, servers, people)
                steps.append(fault)
                if heal is not None:
                    healing.append((now + dice.choice([50, 300, 1000, 3000]) * (0.5 + dice.random()), heal))
            case "wait":
                wait = dice.choice([5, 20, 50, 100, 300])
                steps.append({"do": "wait", "ms": wait})
                now += wait
    return steps


def _edits(dice: random.Random) -> list[Step]:
    edits: list[Step] = []
    for _ in range(dice.choice([1, 1, 3, 10, 40])):
        # Most people type where they have just typed; the end and the beginning are special.
        at = round(dice.choice([0.0, 1.0 - 1e-9, dice.random(), dice.random()]), 4)
        match dice.choices(["insert", "stamp", "remove", "undo", "redo", "paste"], [40, 25, 15, 10, 5, 1])[0]:
            case "insert":
                edits.append({"at": at, "insert": dice.choice(WORDS)})
            case "stamp":
                edits.append({"at": at, "stamp": True})
            case "remove":
                edits.append({"at": at, "remove": dice.choice([1, 2, 10, 100])})
            case "paste":
                edits.append({"at": at, "insert": dice.choice(WORDS) * dice.choice([100, 1000, 6000])})
            case do:
                edits.append({do: True})
    return edits


def _fault(dice: random.Random, shape: Shape, servers: int, people: tuple[Person, ...]) -> tuple[Step, Step | None]:
    """What goes wrong, and what ends it."""
    server = f"server {dice.randrange(servers)}"
    services = ["database"] if shape == "alone" else ["database", "objects", "redis"]
    match dice.choices(
        ["kill server", "stop server", "pause server", "kill", "pause", "flush"], [30, 8, 10, 20, 25, 15]
    )[0]:
        case "kill server":
            everybody = range(len(people))
            crashing = dice.choice([[], [], list(everybody), [p for p in everybody if dice.random() < 0.5]])
            return {"do": "kill", "what": server, "with": crashing}, {"do": "start", "what": server}
        case "stop server":
            return {"do": "stop", "what": server}, {"do": "start", "what": server}
        case "pause server":
            return {"do": "pause", "what": server}, {"do": "resume", "what": server}
        case "kill":
            what = dice.choice(services)
            return {"do": "kill", "what": what, "with": []}, {"do": "start", "what": what}
        case "pause":
            what = dice.choice(services)
            return {"do": "pause", "what": what}, {"do": "resume", "what": what}
        case _ if shape == "together":
            return {"do": "flush"}, None
        case _:
            return {"do": "pause", "what": "database"}, {"do": "resume", "what": "database"}
