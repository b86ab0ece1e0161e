"""Job records: who gets which job next, and who may still write about it."""

import asyncio

import pytest

from ai.pool import jobs as jobs_module
from ai.pool.jobs import Job, JobNotFound, Jobs, JobState, Person, Priority
from storage import Storage

ANN, BOB = Person("ann", "Ann"), Person("bob", "Bob")


@pytest.fixture
async def jobs(storage: Storage) -> Jobs:
    jobs = Jobs(storage.db)
    await jobs.ensure_indexes()
    return jobs


async def ask(jobs: Jobs, by: Person = ANN, priority: Priority = Priority.INTERACTIVE) -> Job:
    return await jobs.create(workspace="w", kind="chat", requested_by=by, payload={"n": 1}, priority=priority)


async def test_a_job_is_claimed_once_however_many_want_it(jobs: Jobs) -> None:
    asked = {(await ask(jobs)).id for _ in range(5)}
    claimed = await asyncio.gather(*(jobs.claim(f"worker {n % 3}") for n in range(12)))
    got = [job for job in claimed if job is not None]
    assert {job.id for job in got} == asked
    assert len(got) == 5
    assert {(job.state, job.attempt) for job in got} == {(JobState.RUNNING, 1)}


async def test_somebody_who_asks_once_waits_for_one_job_of_somebody_who_asked_ten_times(jobs: Jobs) -> None:
    for _ in range(10):
        await ask(jobs, ANN)
    alone = await ask(jobs, BOB)
    first, second = await jobs.claim("w"), await jobs.claim("w")
    assert first is not None
    assert first.requested_by == ANN
    assert second is not None
    assert second.id == alone.id


async def test_interactive_work_goes_before_background_work(jobs: Jobs) -> None:
    await ask(jobs, ANN, Priority.BACKGROUND)
    interactive = await ask(jobs, BOB)
    claimed = await jobs.claim("w")
    assert claimed is not None
    assert claimed.id == interactive.id


async def test_a_worker_that_lost_its_job_changes_nothing_any_more(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(jobs)
    monkeypatch.setattr(jobs_module, "LEASE", 0.05)
    dead = await jobs.claim("dead")
    assert dead is not None
    await asyncio.sleep(0.1)
    monkeypatch.setattr(jobs_module, "LEASE", 60.0)
    heir = await jobs.claim_abandoned("heir")
    assert heir is not None
    assert (heir.id, heir.attempt) == (dead.id, 2)
    assert not await jobs.finish(dead, JobState.DONE)
    assert not await jobs.put_back(dead)
    assert await jobs.renew("dead") == {}
    assert set(await jobs.renew("heir")) == {heir.id}
    assert await jobs.finish(heir, JobState.DONE)
    assert (await jobs.get(heir.id)).state is JobState.DONE


async def test_an_expired_lease_cannot_be_renewed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(jobs)
    monkeypatch.setattr(jobs_module, "LEASE", 0.05)
    await jobs.claim("slow")
    await asyncio.sleep(0.1)
    assert await jobs.renew("slow") == {}


async def test_a_job_that_was_put_back_waits_its_time_and_says_why(jobs: Jobs) -> None:
    await ask(jobs)
    job = await jobs.claim("w")
    assert job is not None
    assert await jobs.put_back(job, delay=0.2, message="The model is busy.")
    assert await jobs.claim("w") is None
    assert (await jobs.get(job.id)).view()["message"] == "The model is busy."
    await asyncio.sleep(0.25)
    again = await jobs.claim("w")
    assert again is not None
    assert again.attempt == 2
    assert "message" not in again.view()


async def test_cancelling_a_waiting_job_ends_it_and_a_running_one_is_told(jobs: Jobs) -> None:
    waiting = await ask(jobs)
    assert (await jobs.request_cancel(waiting.id)).state is JobState.CANCELLED
    assert await jobs.claim("w") is None
    await ask(jobs)
    running = await jobs.claim("w")
    assert running is not None
    assert (await jobs.request_cancel(running.id)).state is JobState.RUNNING
    assert (await jobs.renew("w"))[running.id].cancel_requested_at is not None
    assert not await jobs.put_back(running), "a cancelled job must not come round again"
    assert await jobs.finish(running, JobState.CANCELLED)
    assert (await jobs.request_cancel(running.id)).state is JobState.CANCELLED
    with pytest.raises(JobNotFound):
        await jobs.request_cancel("nothing")


async def test_the_view_never_shows_the_payload(jobs: Jobs) -> None:
    job = await ask(jobs)
    assert "payload" not in job.view()
    assert job.view()["requested_by"] == {"id": "ann", "name": "Ann"}
