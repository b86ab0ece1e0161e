"""The ledger of calls and the budget that lets them in, with a real worker and on real storage."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from ai.clock import now
from ai.models import ChatMessage, Chunk, ModelRequest, Outage, Price, Task
from ai.models.local import LocalAssistant
from ai.models.openai_compatible import OpenAICompatible
from ai.pool import jobs
from ai.pool.jobs import JobState
from ai.spending import metering
from ai.spending.budget_book import BudgetSpent
from ai.spending.budgets import Amount, Budget
from ai.spending.metering import STEP, Meter
from ai.spending.usage import Caller
from collab.yjs.offsets import utf16_length
from storage import Storage
from tests.ai.group import ANN, BOB, Group, Process, eventually, open_group
from tests.doubles.model_server import Script
from tests.support.waiting import until

TEXT = "One line.\nAnother line.\n"
PRICE = Price(2.0, 10.0)


async def spend(process: Process, **budget: Any) -> None:
    """Give the workspace this budget."""
    change = {"$set": {"budget": budget}}
    await process.storage.db["workspaces"].update_one({"_id": process.workspace}, change, upsert=True)


async def ledger(process: Process) -> list[dict[str, Any]]:
    await process.assistant.meter.idle()
    return [record async for record in process.storage.db["usage"].find({}).sort("begun_at", 1)]


async def account(process: Process) -> dict[str, Any]:
    await process.assistant.meter.idle()
    found = await process.storage.db["budgets"].find_one({"workspace": process.workspace})
    assert found is not None
    return dict(found)


async def chatted(group: Group, *scripts: Script) -> str:
    """One question that was answered; its job."""
    group.model.enqueue(*scripts)
    asked = await group.assistant.requests.ask(group.workspace, "What is this?", None, None, ANN)
    await group.ended(asked)
    return asked.job


async def test_every_call_of_a_model_is_in_the_ledger_once_and_without_a_word_of_text(group: Group) -> None:
    await group.storage.db["workspaces"].insert_one({"_id": group.workspace, "collect_feedback": False})
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1")))
    asked = await group.edit("a.md", 0, utf16_length(TEXT), "Shorten it, secretly.")
    async with group.working():
        await group.ended(asked)
    [record] = await ledger(group)
    assert (record["workspace"], record["person"], record["kind"]) == (group.workspace, "ann", "edit")
    assert (record["job"], record["attempt"]) == (asked.job, 1)
    assert (record["provider"], record["model"], record["language"]) == ("openai", "scripted", "markdown")
    assert (record["ended"], record["estimated"]) == ("done", False)
    assert record["prompt_tokens"] > 0
    assert record["completion_tokens"] == group.model.requests[0].tokens_sent
    assert 0 < record["first_token"] <= record["total"]
    assert record["begun_at"] <= record["at"]
    assert "secretly" not in repr(record)
    assert "line" not in repr(record)
    kept = await account(group)
    assert kept["held"] == {}
    [tokens] = kept["tokens"].values()
    assert tokens == {"ann": record["prompt_tokens"] + record["completion_tokens"]}


async def test_how_a_call_ended_is_told_apart(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai.pool.retries.FIRST_DELAY", 0.05)
    async with group.working():
        await chatted(group, Script("unauthorized"))
        await chatted(group, Script("cut_off", answer="Some words are written first."))
        await chatted(group, Script(finish_reason="length"))
        await chatted(group, Script(usage=False, answer="Nobody counts here."))
        group.model.enqueue(Script("endless", answer="On and on. "))
        asked = await group.assistant.requests.ask(group.workspace, "For ever?", None, None, BOB)
        await until(lambda: group.model.requests and group.model.requests[-1].tokens_sent > 20)
        await group.assistant.cancel(asked.job)
        await group.ended(asked)
    refused, broken, length, uncounted, cancelled = await ledger(group)
    assert (refused["ended"], refused["prompt_tokens"], refused["completion_tokens"]) == ("failed", 0, 0)
    assert refused["first_token"] is None
    assert (broken["ended"], broken["estimated"]) == ("failed", True)
    assert broken["prompt_tokens"] > 0
    assert broken["completion_tokens"] > 0
    assert (length["ended"], length["estimated"]) == ("length", False)
    assert (uncounted["ended"], uncounted["estimated"]) == ("done", True)
    assert uncounted["completion_tokens"] == 5
    assert (cancelled["ended"], cancelled["person"], cancelled["estimated"]) == ("stopped", "bob", True)
    assert 0 < cancelled["completion_tokens"] <= group.model.requests[-1].tokens_sent


async def test_each_attempt_at_a_job_has_a_record_of_its_own(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai.pool.retries.FIRST_DELAY", 0.05)
    async with group.working():
        job = await chatted(group, Script("server_error"), Script("rate_limited", retry_after="0"), Script())
    assert [(r["job"], r["attempt"], r["ended"]) for r in await ledger(group)] == [
        (job, 1, "failed"),
        (job, 2, "failed"),
        (job, 3, "done"),
    ]


async def test_the_local_assistant_costs_nothing_and_goes_on_when_the_budget_is_spent(storage: Storage) -> None:
    async with open_group(storage, provider=LocalAssistant()) as group:
        await spend(group, tokens_per_day=0)
        async with group.working():
            await chatted(group)
        [record] = await ledger(group)
        assert (record["provider"], record["prompt_tokens"], record["completion_tokens"]) == ("local", 0, 0)
        assert (record["cost"], record["estimated"], record["ended"]) == (None, False, "done")
        assert await group.storage.db["budgets"].count_documents({}) == 0


async def test_a_spent_budget_is_said_before_anything_is_queued(group: Group) -> None:
    await group.file("a.md", TEXT)
    await spend(group, tokens_per_day=1_500)
    async with group.working():
        await chatted(group)
    await spend(group, tokens_per_day=10)
    for asking in (
        group.edit("a.md", 0, 3),
        group.write("a.md", 0),
        group.assistant.requests.ask(group.workspace, "Hello?", None, None, ANN),
    ):
        with pytest.raises(BudgetSpent, match=r"budget for today is used up, 10 tokens\. It is free again from"):
            await asking
    assert await group.storage.db["jobs"].count_documents({"state": "queued"}) == 0
    assert await group.storage.db["conversations"].count_documents({}) == 1
    assert len(group.model.requests) == 1
    await spend(group)
    await group.edit("a.md", 0, 3)


async def test_a_call_that_does_not_fit_fails_with_a_sentence_and_reaches_no_model(group: Group) -> None:
    await spend(group, tokens_per_day=300)
    async with group.working():
        asked = await group.assistant.requests.ask(group.workspace, "Hello?", None, None, ANN)
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "has only 300 tokens left" in job.error
    assert group.model.requests == []
    assert await ledger(group) == []


async def test_one_persons_share_leaves_the_rest_to_the_others(group: Group) -> None:
    await spend(group, tokens_per_day=2_600, share=0.5)
    async with group.working():
        await chatted(group, Script(answer="A word. " * 100))
        again = await group.assistant.requests.ask(group.workspace, "And now?", None, None, ANN)
        assert "your share of this workspace's budget for today has only" in ((await group.ended(again)).error or "")
        asked = await group.assistant.requests.ask(group.workspace, "And me?", None, None, BOB)
        assert (await group.ended(asked)).state is JobState.DONE


async def test_an_answer_that_goes_beyond_the_budget_is_cut_off_and_says_so(group: Group) -> None:
    await spend(group, tokens_per_day=2_500)
    group.model.enqueue(Script("endless", answer="On and on and on. "))
    asked = await group.assistant.requests.ask(group.workspace, "Tell me all.", None, None, ANN)
    async with group.working():
        await group.ended(asked)
        assert asked.conversation is not None
        [_, answer] = await group.assistant.conversations.messages(asked.conversation)
        assert "more than the budget of this workspace has left" in (answer.error or "")
        assert answer.text.startswith("On and on")
    [record] = await ledger(group)
    assert record["ended"] == "budget"
    assert 1_000 < record["prompt_tokens"] + record["completion_tokens"] < 2_500 + STEP


async def test_of_fifty_at_once_on_two_processes_no_more_get_in_than_the_budget_bears(group: Group) -> None:
    limit = 8_000
    await spend(group, tokens_per_day=limit)
    other = await group.another()
    # Fifty at once may take longer to begin than the tests' own provider waits.
    patient = OpenAICompatible(model="scripted", api_key="secret-key", base_url=group.model.url)
    goes_on = asyncio.Event()
    group.model.enqueue(*[Script(answer="A few words more. " * 300, goes_on=goes_on) for _ in range(50)])
    request = ModelRequest("chat", [ChatMessage("user", "Hello? " * 100)], Task(instruction="Hello?"))

    async def ask(number: int) -> bool:
        process = (group, other)[number % 2]
        caller = Caller(group.workspace, f"person{number}")
        try:
            async for _ in process.assistant.meter.stream(caller, patient, request):
                pass
        except BudgetSpent:
            return False
        return True

    asking = [asyncio.create_task(ask(number)) for number in range(50)]
    await eventually(lambda: _done(asking, 50 - limit // (STEP + 175)))
    running = [task for task in asking if not task.done()]
    held = await group.storage.db["budgets"].find_one({"workspace": group.workspace})
    assert held is not None
    assert len(held["held"]) == len(running) > 1
    assert sum(hold["tokens"] for hold in held["held"].values()) <= limit
    goes_on.set()
    answered = await asyncio.gather(*asking)
    await patient.close()
    await other.assistant.meter.idle()
    records = await ledger(group)
    assert len(records) == sum(answered)
    assert {record["ended"] for record in records} <= {"done", "budget"}
    spent = sum(record["prompt_tokens"] + record["completion_tokens"] for record in records)
    assert limit / 2 < spent <= limit + STEP * len(running)
    [tokens] = (await account(group))["tokens"].values()
    assert sum(tokens.values()) == spent


async def _done(tasks: list[asyncio.Task[bool]], count: int) -> bool:
    return sum(task.done() for task in tasks) >= count


def running_call(workspace: str, job: str = "job") -> dict[str, Any]:
    """What `BudgetBook.hold` is told of a first attempt's call that may come to 100 tokens."""
    return {
        "id": "call",
        "workspace": workspace,
        "person": "ann",
        "kind": "chat",
        "job": job,
        "attempt": 1,
        "provider": "openai",
        "model": "scripted",
        "language": None,
        "begun_at": now(),
        "prompt_tokens": 70,
        "completion_tokens": 30,
        "cost": None,
        "currency": None,
    }


async def test_what_a_killed_process_had_running_is_counted_by_what_it_held_and_once(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, meter = group.assistant.budgets, group.assistant.meter
    call = running_call(group.workspace)
    await book.hold(Budget(), call, Amount(100))
    assert await meter.settle_lost() == 0
    monkeypatch.setattr(metering, "LOST_AFTER", -1.0)
    other = await group.another()
    counts = await asyncio.gather(meter.settle_lost(), other.assistant.meter.settle_lost())
    assert sum(counts) >= 1
    assert await meter.settle_lost() == 0
    [record] = await ledger(group)
    assert (record["ended"], record["prompt_tokens"], record["completion_tokens"]) == ("lost", 70, 30)
    assert list((await account(group))["tokens"].values()) == [{"ann": 100}]


async def test_who_takes_a_job_over_settles_what_the_killed_worker_held(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.model.enqueue(Script(answer="Done."))
    asked = await group.ask("What is this?")
    monkeypatch.setattr(jobs, "LEASE", 0.05)
    dead = await group.assistant.jobs.claim("dead")
    assert dead is not None
    monkeypatch.setattr(jobs, "LEASE", 60.0)
    await group.assistant.budgets.hold(Budget(), running_call(group.workspace, asked.job), Amount(100))
    another = running_call(group.workspace, "another job") | {"id": "another call"}
    await group.assistant.budgets.hold(Budget(), another, Amount(100))
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    assert list((await account(group))["held"]) == ["another call"]
    lost, done = await ledger(group)
    assert (lost["_id"], lost["ended"], lost["job"]) == ("call", "lost", asked.job)
    assert (done["ended"], done["attempt"]) == ("done", 2)


@pytest.mark.parametrize("limited", [False, True], ids=["no-budget", "budget"])
async def test_a_call_that_was_written_but_not_settled_keeps_its_own_record(
    group: Group, monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    meter = group.assistant.meter
    request = ModelRequest("chat", [ChatMessage("user", "Hello?")], Task(instruction="Hello?"))
    if limited:
        await spend(group, tokens_per_day=100_000)

    async def died(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(metering, "BEGUN_AFTER", 0.0)
    group.model.enqueue(Script(answer="A few words.", delay=0.1))
    with monkeypatch.context() as patched:
        patched.setattr(group.assistant.budgets, "settle" if limited else "end", died)
        provider = (await group.assistant.choices.of(group.workspace)).provider
        async for _ in meter.stream(Caller(group.workspace, "ann"), provider, request):
            pass
        [before] = await ledger(group)
    monkeypatch.setattr(metering, "LOST_AFTER", -1.0)
    counts = await asyncio.gather(meter.settle_lost(), (await group.another()).assistant.meter.settle_lost())
    assert sum(counts) >= 1
    assert await meter.settle_lost() == 0
    assert await ledger(group) == [before]
    kept = await account(group)
    assert kept["held"] == {}
    assert list(kept["tokens"].values()) == [{"ann": before["prompt_tokens"] + before["completion_tokens"]}]


async def test_without_a_budget_what_is_spent_at_once_on_two_processes_is_all_counted(group: Group) -> None:
    other = await group.another()
    request = ModelRequest("chat", [ChatMessage("user", "Hello?")], Task(instruction="Hello?"))

    async def ask(process: Process, person: str) -> None:
        provider = (await process.assistant.choices.of(group.workspace)).provider
        async for _ in process.assistant.meter.stream(Caller(group.workspace, person), provider, request):
            pass

    await asyncio.gather(*(ask(process, f"person{n}") for n in range(10) for process in (group, other)))
    await other.assistant.meter.idle()
    records = await ledger(group)
    assert len(records) == 20
    [spent] = (await account(group))["tokens"].values()
    assert sum(spent.values()) == sum(record["prompt_tokens"] + record["completion_tokens"] for record in records)
    assert await group.storage.db["calls"].count_documents({}) == 0


async def test_prices_make_the_cost_and_a_budget_of_money_counts_it(group: Group) -> None:
    meter = Meter(group.assistant.budgets, group.assistant.ledger, "EUR")
    paid = OpenAICompatible(model="scripted", api_key="secret-key", base_url=group.model.url, price=PRICE)
    request = ModelRequest("chat", [ChatMessage("user", "Hello?")], Task(instruction="Hello?"))
    caller = Caller(group.workspace, "ann")
    async for _ in meter.stream(caller, paid, request):
        pass
    await paid.close()
    await meter.idle()
    [record] = await ledger(group)
    cost = (record["prompt_tokens"] * 2 + record["completion_tokens"] * 10) / 1_000_000
    assert (record["cost"], record["currency"]) == (pytest.approx(cost), "EUR")
    await spend(group, money_per_month=cost, currency="EUR")
    with pytest.raises(BudgetSpent, match="for this month is used up"):
        await group.assistant.budgets.check(group.workspace, "bob")
    await spend(group, money_per_month=cost, currency="USD")
    await group.assistant.budgets.check(group.workspace, "bob")


async def test_a_worker_that_stops_leaves_nothing_held(group: Group) -> None:
    group.model.enqueue(Script("endless", answer="On and on. "))
    await group.assistant.requests.ask(group.workspace, "For ever?", None, None, ANN)
    async with group.working():
        await until(lambda: group.model.requests and group.model.requests[0].tokens_sent > 5)
    [record] = await ledger(group)
    assert record["ended"] == "stopped"
    assert (await account(group))["held"] == {}


async def test_what_the_built_in_assistant_answers_while_the_model_is_down_costs_nothing(group: Group) -> None:
    class Down(OpenAICompatible):
        async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
            yield Chunk("It is down. " * 20, "stop", instead_of=Outage("house", "scripted", now()))

    down = Down(model="scripted", api_key="secret-key", base_url=group.model.url, price=PRICE)
    request = ModelRequest("chat", [ChatMessage("user", "Hello?")], Task(instruction="Hello?"))
    async for _ in group.assistant.meter.stream(Caller(group.workspace, "ann"), down, request):
        pass
    await down.close()
    [record] = await ledger(group)
    assert (record["provider"], record["model"], record["ended"]) == ("local", "local", "done")
    assert (record["prompt_tokens"], record["completion_tokens"], record["cost"]) == (0, 0, None)
    assert (await account(group))["held"] == {}
