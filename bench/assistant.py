"""What the assistant adds to its model: `python bench/assistant.py`, also the last part of `make bench`.

Everything of Scriptorium runs on one core, a model endpoint that streams at a steady rate (`bench/endpoint.py`) and the
people who ask on the other. Each figure is taken in turns with asking the endpoint directly, in the same run: read the
differences. docs/performance.md says what each line means.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
from measure import usage
from servers import HERE, LOAD_CORE, OWNER_TOKEN, Failed, Pool, Running, free_port, pool, server, wait_for_port
from websockets.asyncio.client import connect

PATIENCE = 60.0


@dataclass
class Answer:
    """Seconds on the monotonic clock."""

    asked_at: float
    first_at: float | None = None
    last_at: float = 0.0
    late: list[float] = field(default_factory=list)
    """How long each token was on its way."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ended_at: float = 0.0
    state: str = ""

    def take(self, text: str) -> None:
        now = time.monotonic()
        self.first_at, self.last_at = self.first_at or now, now
        self.late += [now - float(token) for token in text.split()]


class People:
    """Some people of one workspace who ask in conversations, and hear the events."""

    def __init__(self, base: str, http: httpx2.AsyncClient, tokens: list[str]) -> None:
        self._base = base
        self._http = http
        self._tokens = tokens
        self._answers: dict[str, Answer] = {}
        self._early: dict[str, list[dict[str, Any]]] = {}
        """Events about conversations that we do not know yet."""

    async def listen(self) -> None:
        url = self._base.replace("http", "ws", 1) + "/events"
        headers = {"Authorization": f"Bearer {OWNER_TOKEN}"}
        async with connect(url, additional_headers=headers, max_size=None, compression=None, proxy=None) as socket:
            async for frame in socket:
                event = json.loads(frame)
                conversation = event["data"].get("conversation")
                if (answer := self._answers.get(conversation)) is not None:
                    self._hear(answer, event)
                elif conversation is not None:
                    self._early.setdefault(conversation, []).append(event)

    def _hear(self, answer: Answer, event: dict[str, Any]) -> None:
        data = event["data"]
        if event["type"] == "scriptorium.chat.delta":
            answer.take(data["text"])
        elif event["type"] == "scriptorium.job.changed" and data["state"] in ("done", "failed", "cancelled"):
            answer.state = data["state"]
            answer.ended_at = time.monotonic()
            answer.ended.set()

    async def ask(self, tokens: int, rate: int, number: int = 0) -> Answer:
        answer = Answer(time.monotonic())
        headers = {"Authorization": f"Bearer {self._tokens[number % len(self._tokens)]}"}
        asked = await self._http.post(
            f"{self._base}/ai/chat", json={"message": f"bench:{tokens},{rate}"}, headers=headers
        )
        if asked.status_code != 202:
            raise Failed(f"the question was answered with {asked.status_code}")
        conversation = asked.json()["conversation"]
        self._answers[conversation] = answer
        for event in self._early.pop(conversation, []):
            self._hear(answer, event)
        return answer

    async def answered(self, tokens: int, rate: int) -> Answer:
        answer = await self.ask(tokens, rate)
        await asyncio.wait_for(answer.ended.wait(), PATIENCE + (tokens / rate if rate else 0))
        if answer.state != "done":
            raise Failed(f"a job ended {answer.state}")
        return answer


async def directly(http: httpx2.AsyncClient, url: str, tokens: int, rate: int) -> Answer:
    """The same answer from the endpoint itself, read as raw as can be."""
    body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": f"bench:{tokens},{rate}"}]}
    answer = Answer(time.monotonic())
    rest = b""
    async with http.stream("POST", f"{url}/chat/completions", json=body) as response:
        async for received in response.aiter_bytes():
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                if line.startswith(b"data: {"):
                    answer.take(json.loads(line[6:])["choices"][0]["delta"].get("content", ""))
    return answer


@contextlib.asynccontextmanager
async def people_of(running: Running, count: int) -> AsyncIterator[People]:
    limits = httpx2.Limits(max_connections=32)
    async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False, limits=limits) as http:
        owner = {"Authorization": f"Bearer {OWNER_TOKEN}"}
        invited = await http.post(f"{running.base}/invites", json={"role": "editor", "uses": count}, headers=owner)
        site = running.base.partition("/api/")[0]
        tokens = []
        for number in range(count):
            who = {"name": f"Person {number}"}
            joined = await http.post(f"{site}/api/invites/{invited.json()['code']}", json=who)
            tokens.append(joined.raise_for_status().json()["token"])
            http.cookies.clear()  # each is somebody new
        people = People(running.base, http, tokens)
        listening = asyncio.create_task(people.listen())
        await asyncio.sleep(0.5)
        try:
            yield people
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


# ---- what is measured


async def added(running: Running, url: str, rounds: int, where: str) -> None:
    """Time to the first token and per token, in turns with asking directly."""
    ours: list[Answer] = []
    theirs: list[Answer] = []
    async with people_of(running, 1) as people, httpx2.AsyncClient(trust_env=False) as http:
        for number in range(rounds + 3):
            one, other = await people.answered(40, 100), await directly(http, url, 40, 100)
            if number >= 3:  # the first ones open connections and rooms
                ours.append(one)
                theirs.append(other)
    for name, of in (
        ("time to first token", lambda a: [(a.first_at or a.ended_at) - a.asked_at]),
        ("each token", lambda a: a.late),
    ):
        through, direct = _sorted(ours, of), _sorted(theirs, of)
        _line(
            f"{where}: {name}",
            f"p50 +{1000 * (_at(through, 0.5) - _at(direct, 0.5)):.1f} ms",
            f"p99 +{1000 * (_at(through, 0.99) - _at(direct, 0.99)):.1f} ms",
            f"directly {1000 * _at(direct, 0.5):.1f} ms",
        )


async def streams(running: Running, count: int, seconds: int) -> None:
    """Many answers at once on one worker, each at 50 tokens a second."""
    rate = 50
    async with people_of(running, 10) as people:
        before, began = usage(running.pids).cpu, time.monotonic()
        asked = await asyncio.gather(*(people.ask(rate * seconds, rate, number) for number in range(count)))
        async with asyncio.timeout(PATIENCE + 4 * seconds):
            for answer in asked:
                await answer.ended.wait()
        took, cpu = time.monotonic() - began, usage(running.pids).cpu - before
    whole = [len(a.late) / (a.last_at - (a.first_at or 0.0) + 1 / rate) for a in asked if a.state == "done"]
    late = _sorted(asked, lambda a: a.late)
    _line(
        f"{count} streams at once, {rate} tokens/s each",
        f"{len(whole)} whole",
        f"slowest {min(whole, default=0.0):.1f} tokens/s",
        f"a token is late by p50 {1000 * _at(late, 0.5):.0f} ms, p99 {1000 * _at(late, 0.99):.0f} ms",
        f"{100 * cpu / took:.0f} % of a core",
    )


async def jobs(running: Running, count: int, where: str) -> None:
    """Questions with an answer of one token, all asked at once."""
    async with people_of(running, 10) as people:
        await people.answered(1, 0)
        before, began = usage(running.pids).cpu, time.monotonic()
        asked = await asyncio.gather(*(people.ask(1, 0, number) for number in range(count)))
        async with asyncio.timeout(PATIENCE + count / 10):
            for answer in asked:
                await answer.ended.wait()
        took, cpu = max(a.ended_at for a in asked) - began, usage(running.pids).cpu - before
    failed = sum(answer.state != "done" for answer in asked)
    _line(
        f"{where}: jobs, from asking to the end",
        f"{count / took:.0f} per second",
        f"{1000 * cpu / count:.1f} ms of CPU each",
        *([f"{failed} failed"] if failed else []),
    )


async def shared(crew: Pool, endpoint: Asked, count: int) -> None:
    """How two workers share what is asked."""
    before = len(endpoint.asked())
    async with people_of(crew.running, 10) as people:
        asked = await asyncio.gather(*(people.ask(50, 50, number) for number in range(count)))
        async with asyncio.timeout(PATIENCE):
            for answer in asked:
                await answer.ended.wait()
    keys = [one["key"] for one in endpoint.asked()[before:]]
    _line(f"{count} streams on two workers", " and ".join(str(keys.count(key)) for key in crew.keys))


async def taken_over(crew: Pool, endpoint: Asked, rounds: int) -> None:
    """From kill -9 of the worker that streams to the other one asking the model."""
    took = []
    async with people_of(crew.running, 1) as people:
        for _ in range(rounds):
            before = len(endpoint.asked())
            await people.ask(1_000, 50)
            worker = crew.keys.index((await endpoint.request(before, 20))["key"])
            killed = time.monotonic()
            crew.kill(worker)
            took.append((await endpoint.request(before + 1, 1))["at"] - killed)
            crew.start(worker)
            await asyncio.sleep(3)
    _line(
        "taken over after kill -9",
        f"median {statistics.median(took):.1f} s",
        f"longest {max(took):.1f} s of {rounds}",
    )


@dataclass
class Asked:
    """What the endpoint was asked."""

    url: str

    def asked(self) -> list[dict[str, Any]]:
        return list(httpx2.get(f"{self.url}/asked", trust_env=False).json())

    async def request(self, number: int, tokens: int) -> dict[str, Any]:
        """The request of that number, as soon as so many tokens of its answer have been sent."""
        async with asyncio.timeout(PATIENCE):
            while True:
                asked = self.asked()
                if len(asked) > number and asked[number]["tokens"] >= tokens:
                    return asked[number]
                await asyncio.sleep(0.01)


@contextlib.contextmanager
def endpoint() -> Iterator[Asked]:
    port = free_port()
    process = subprocess.Popen(["taskset", "-c", LOAD_CORE, sys.executable, str(HERE / "endpoint.py"), str(port)])
    try:
        wait_for_port(port, process)
        yield Asked(f"http://127.0.0.1:{port}/v1")
    finally:
        process.kill()
        process.wait()


def _sorted(answers: list[Answer], of: Any) -> list[float]:
    return sorted(value for answer in answers for value in of(answer))


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def _line(what: str, *figures: str) -> None:
    print(f"  {what:<60}{', '.join(figures)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a few of everything: whether it works, not how fast")
    tiny = parser.parse_args().tiny
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    rounds, count, seconds, questions, kills = (3, 10, 1, 10, 1) if tiny else (100, 500, 10, 500, 5)
    print("\nthe assistant")
    with endpoint() as model:
        settings = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "embedded", "SCRIPTORIUM_MODEL": "bench"}
        with server("scriptorium", environment=settings) as running:
            asyncio.run(added(running, model.url, rounds, "embedded"))
            asyncio.run(jobs(running, questions, "embedded"))
            asyncio.run(streams(running, count, seconds))
        with pool(2, settings) as crew:
            asyncio.run(added(crew.running, model.url, rounds, "through Redis"))
            asyncio.run(jobs(crew.running, questions, "through Redis, two workers"))
            asyncio.run(shared(crew, model, 2 * count // 5))
            asyncio.run(taken_over(crew, model, kills))


if __name__ == "__main__":
    main()
