"""The feedback over HTTP: exported in windows that fit together, seen by whom it comes from, erased by owners alone."""

import asyncio
import json
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from ai.clock import now, rfc3339
from ai.record.feedback_reader import SETTLING
from ai.record.feedback_record import FeedbackInput, build_record
from server.identity import User
from tests.server.conftest import House
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NIGHT = 1_790_000_000.0
PARTS = ("one", "two", "three")


def person(user: User) -> dict[str, str]:
    return {"id": user.id, "name": user.name}


def records(
    house: House,
    workspace: str,
    number: int,
    at: Callable[[], float],
    *,
    asked: str = "editor",
    decided: str = "owner",
    kind: str = "edit",
    decision: str = "accepted",
) -> list[dict[str, Any]]:
    """Of one answer of three hunks, each decided when `at` says."""
    selection = " ".join(PARTS)
    starts = [selection.index(part) for part in PARTS]
    messages = [{"role": "system", "content": "Edit."}, {"role": "user", "content": f"Request {number}: {selection}"}]
    return [
        build_record(
            FeedbackInput(
                id=f"{workspace}-{number}-{hunk}:0",
                workspace=workspace,
                document="d",
                path=f"file-{number}.md",
                kind=kind,  # type: ignore[arg-type]
                job=f"j{number}",
                suggestion=f"s{number}",
                hunk=f"h{number}-{hunk}",
                requested_by=person(house.users[asked]),
                decided_by=person(house.users[decided]),
                decision=decision,  # type: ignore[arg-type]
                decided_at=at(),
                base_text=PARTS[hunk],
                proposed_text=PARTS[hunk].upper(),
                generation={"provider": "openai", "model": "m", "messages": messages},
                selection=selection,
                place=(starts[hunk], starts[hunk] + len(PARTS[hunk])),
                answer={"hunks": 3, "whole": True, "form": "text"},
            )
        )
        for hunk in range(3)
    ]


async def keep(house: House, *given: dict[str, Any]) -> None:
    await house.services.assistant.feedback.insert(given)


async def lines(http: httpx2.AsyncClient, path: str, **query: str) -> tuple[list[str], str | None]:
    answer = await http.get(f"{path}/feedback", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text.splitlines(), answer.headers.get("Scriptorium-Until")


@pytest.mark.parametrize("format", ["raw", "sft", "kto"])
async def test_windows_fit_together_wherever_they_are_cut(house: House, format: str) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    rng = random.Random(format)
    # Many decisions at the same moment, and answers whose decisions lie in several windows.
    answers = [records(house, workspace, number, lambda: NIGHT + rng.randrange(40) / 4) for number in range(60)]
    await keep(house, *(record for answer in answers for record in answer))
    owner = house.http("owner")
    whole, stopped = await lines(owner, path, format=format)
    assert stopped is None
    assert len(whole) == (180 if format == "raw" else 60)
    for _ in range(12):
        cuts = sorted(rfc3339(NIGHT + rng.randrange(40) / 4) for _ in range(3))
        ends = [None, *cuts, None]
        found: list[str] = []
        for begin, end in pairwise(ends):
            window = {name: at for name, at in (("since", begin), ("until", end)) if at is not None}
            part, stopped = await lines(owner, path, format=format, **window)
            assert stopped == end
            found += part
        assert found == whole


async def test_a_settled_window_holds_only_what_will_not_change(house: House) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    owner = house.http("owner")
    old = records(house, workspace, 1, lambda: now() - 3_000)
    watched = records(house, workspace, 2, lambda: now() - 1_000)
    watched[1] |= {"watch": {"document": "d"}, "measure_at": now() + 1_000}
    fresh = records(house, workspace, 3, now)
    await keep(house, *old, *watched, *fresh)
    first, then = await lines(owner, path, format="sft", until="settled")
    assert [json.loads(line)["messages"][1]["content"][:9] for line in first] == ["Request 1"]
    assert then is not None
    assert then <= rfc3339(watched[1]["decided_at"])
    none, again = await lines(owner, path, format="sft", since=then, until="settled")
    assert (none, again) == ([], then)

    measured = {"watch": None, "measure_at": None, "final_text": "corrected"}
    feedback = house.services.storage.db["feedback"]
    await feedback.update_one({"_id": watched[1]["_id"]}, {"$set": measured})
    later, further = await lines(owner, path, format="sft", since=then, until="settled")
    assert [json.loads(line)["messages"][-1]["content"] for line in later] == ["ONE corrected THREE"]
    assert further is not None
    assert then < further <= rfc3339(now() - SETTLING)
    rest, _ = await lines(owner, path, format="sft", since=further)
    assert first + later + rest == (await lines(owner, path, format="sft"))[0]


@pytest.mark.parametrize(
    ("collection", "record"),
    [
        ("decisions", {"state": "unfinished", "decided_at": NIGHT}),
        ("jobs", {"state": "running", "created_at": NIGHT, "priority": 0, "turn": NIGHT, "leased_until": 2 * NIGHT}),
    ],
)
async def test_nothing_settles_before_what_is_unfinished(house: House, collection: str, record: dict[str, Any]) -> None:
    path = await house.fresh_workspace()
    stored = {"_id": f"unfinished in {path}", "workspace": path.rpartition("/")[2], **record}
    await house.services.storage.db[collection].insert_one(stored)
    assert (await lines(house.http("owner"), path, until="settled"))[1] == rfc3339(NIGHT)
    await house.services.storage.db[collection].delete_one({"_id": stored["_id"]})


async def test_a_decision_made_anew_comes_again_in_its_own_window(house: House) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    given = records(house, workspace, 1, lambda: NIGHT)
    undone = {**given[2], "_id": f"{workspace}-1-2:1", "decision": "undone", "decided_at": NIGHT + 1_000}
    await keep(house, *given, undone)
    owner = house.http("owner")
    before, _ = await lines(owner, path, format="sft", until=rfc3339(NIGHT + 500))
    after, _ = await lines(owner, path, format="sft", since=rfc3339(NIGHT + 500))
    answers = [json.loads(line)["messages"][-1]["content"] for line in (*before, *after)]
    assert answers == ["ONE TWO THREE", "ONE TWO three"]
    assert (await lines(owner, path, format="sft"))[0] == after, "as a whole it is one answer, as it stands now"


async def test_people_see_what_comes_from_them_and_owners_see_all(house: House) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    await keep(
        house,
        *records(house, workspace, 1, lambda: NIGHT, asked="editor", decided="owner"),
        *records(house, workspace, 2, lambda: NIGHT + 1, asked="owner", decided="viewer"),
        *records(house, workspace, 3, lambda: NIGHT + 2, asked="owner", decided="owner"),
    )

    async def seen(who: str, **query: Any) -> set[str]:
        answer = await house.http(who).get(f"{path}/feedback/records", params=query)
        assert answer.status_code == 200, answer.text
        return {record["path"] for record in answer.json()["records"]}

    assert await seen("owner") == {"file-1.md", "file-2.md", "file-3.md"}
    assert await seen("editor") == {"file-1.md"}
    assert await seen("viewer") == {"file-2.md"}
    viewer = house.users["viewer"].id
    assert await seen("owner", person=viewer) == await seen("viewer", person=viewer) == {"file-2.md"}
    assert (await house.http("editor").get(f"{path}/feedback/records?person={viewer}")).status_code == 403

    one = f"feedback/records/{workspace}-1-0:0"
    shown = (await house.http("editor").get(f"{path}/{one}")).json()
    assert shown["messages"][1]["content"].startswith("Request 1")
    assert (shown["decision"], shown["schema_version"], shown["answer"]["hunks"]) == ("accepted", 3, 3)
    assert (await house.http("viewer").get(f"{path}/{one}")).status_code == 404
    elsewhere = await house.fresh_workspace()
    assert (await house.http("owner").get(f"{elsewhere}/{one}")).status_code == 404

    for who in ("viewer", "editor"):
        assert (await house.http(who).delete(f"{path}/{one}")).status_code == 403
        assert (await house.http(who).delete(f"{path}/feedback")).status_code == 403
        assert (await house.http(who).get(f"{path}/feedback")).status_code == 403
    assert (await house.http("owner").delete(f"{elsewhere}/{one}")).status_code == 404
    assert (await house.http("owner").delete(f"{path}/{one}")).status_code == 204
    assert (await house.http("owner").get(f"{path}/{one}")).status_code == 404
    erased = await house.http("owner").delete(f"{path}/feedback", params={"person": viewer})
    assert erased.json() == {"erased": 3}
    assert await seen("owner") == {"file-1.md", "file-3.md"}
    assert (await house.http("owner").delete(f"{path}/feedback")).json() == {"erased": 5}


async def test_pages_follow_each_other_while_records_go_and_come(house: House) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    moments = iter(number // 21 for number in range(90))
    given = [one for number in range(30) for one in records(house, workspace, number, lambda: NIGHT + next(moments))]
    await keep(house, *given)
    owner = house.http("owner")
    expected = [r["_id"] for r in sorted(given, key=lambda r: (r["decided_at"], r["_id"]), reverse=True)]
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": 8, **({"after": after} if after else {})}
        page = (await owner.get(f"{path}/feedback/records", params=query)).json()
        seen += [record["id"] for record in page["records"]]
        assert all("messages" not in record for record in page["records"])
        if page["after"] is None:
            break
        after = page["after"]
        if len(seen) == 16:
            await owner.delete(f"{path}/feedback/records/{seen[-1]}")  # where the next page begins
            await keep(house, *records(house, workspace, 99, lambda: NIGHT + 1_000))  # newer than what is seen
    assert seen == expected


async def test_records_are_found_by_what_they_are(house: House) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    await keep(
        house,
        *records(house, workspace, 1, lambda: NIGHT, decision="rejected"),
        *records(house, workspace, 2, lambda: NIGHT + 10, kind="write"),
        *records(house, workspace, 3, lambda: NIGHT + 20),
    )

    async def found(**query: str) -> set[str]:
        answer = await house.http("owner").get(f"{path}/feedback/records", params=query)
        return {record["path"] for record in answer.json()["records"]}

    assert await found(decision="rejected") == {"file-1.md"}
    assert await found(kind="write") == {"file-2.md"}
    assert await found(since=rfc3339(NIGHT + 10)) == {"file-2.md", "file-3.md"}
    assert await found(until=rfc3339(NIGHT + 10)) == {"file-1.md"}
    assert await found(kind="write", decision="rejected") == set()


async def test_who_switched_it_on_is_known_and_everybody_is_told(house: House) -> None:
    path = await house.fresh_workspace()
    workspace = path.rpartition("/")[2]
    owner, consent = house.http("owner"), house.services.assistant.feedback.consent
    told: list[dict[str, Any]] = []
    hearing = asyncio.Event()

    async def listen() -> None:
        async for event in house.services.storage.events.follow(workspace):
            hearing.set()
            if event.type == "scriptorium.workspace.changed":
                told.append(event.data)

    task = asyncio.create_task(listen())
    while not hearing.is_set():
        await house.services.storage.events.transient(workspace, "hello", {})
        await asyncio.sleep(0.02)
    before = now()
    await owner.patch(path, json={"collect_feedback": False})
    off = await consent.terms(workspace)
    assert off.since is None
    await owner.patch(path, json={"collect_feedback": True})
    on = await consent.terms(workspace)
    assert on.since is not None
    assert before <= on.since <= now()
    assert on.by == person(house.users["owner"])
    await owner.patch(path, json={"collect_feedback": True})
    assert (await consent.terms(workspace)).since == on.since, "it was on already"
    await until(lambda: len(told) == 3)
    assert told == [{"collect_feedback": False}, {"collect_feedback": True}, {"collect_feedback": True}]
    task.cancel()


@pytest.mark.parametrize("end", ["since", "until"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z"])
async def test_times_beyond_the_calendar_are_refused(house: House, end: str, moment: str) -> None:
    for path in ("/feedback", "/feedback/records"):
        answer = await house.http("owner").get(await house.fresh_workspace() + path, params={end: moment})
        assert answer.status_code == 422, answer.text
