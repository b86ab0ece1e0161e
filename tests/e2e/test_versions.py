"""The history of a text that people have open in real Yjs clients."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.helpers import eventually, file_text, join, new_document
from tests.support.server import Server
from tests.support.yjs import Clients, Oracle, YjsClient, oracle

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = ["a", "word ", "é", "😀", "line\n", "字"]


@pytest.fixture
def yjs() -> Iterator[Oracle]:
    with oracle() as running:
        yield running


async def type_anything(client: YjsClient, dice: random.Random, times: int) -> None:
    for _ in range(times):
        # Others may delete behind what is looked at here: the front is safe.
        length = len((await client.text()).encode("utf-16-le")) // 2
        if length > 30 and dice.random() < 0.2:
            await client.delete(dice.randrange(10), 2)
        else:
            await client.insert(dice.randint(0, min(length, 10)), dice.choice(WORDS))


async def newest_version(server: Server, document: str, author: str) -> dict[str, Any]:
    """The newest version, once it is one in which ``author`` took part."""
    path = f"{server.workspace_path}/documents/{document}/versions"

    async def look() -> dict[str, Any]:
        found: list[dict[str, Any]] = (await server.owner.http.get(path)).raise_for_status().json()
        return found[0] if found else {"authors": []}

    return await eventually(look, lambda found: author in [a["name"] for a in found["authors"]], within=30)


async def test_a_text_that_settles_has_a_version_and_can_go_back_to_it(server: Server, clients: Clients) -> None:
    ann, bob = await server.join("editor", "Ann"), await server.join("editor", "Bob")
    document = await new_document(server, "history.md", "It begins.\n")
    await newest_version(server, document, "Owner")
    one, two = await join(clients, server, document, ann), await join(clients, server, document, bob)
    await one.insert(0, "Ann was here. 😀\n")
    second = await newest_version(server, document, "Ann")
    await two.delete(0, 4)
    third = await newest_version(server, document, "Bob")
    assert third["id"] != second["id"], "who only deletes takes part"
    path = f"{server.workspace_path}/documents/{document}/versions/{second['id']}"
    assert (await bob.http.get(path)).json()["text"] == "Ann was here. 😀\nIt begins.\n"
    restored = (await bob.http.post(f"{path}/restore")).raise_for_status().json()
    assert restored["before"]["id"] == third["id"]
    for client in (one, two):
        await client.wait_for_text("Ann was here. 😀\nIt begins.\n")
    # The person's own undo is not ours to test; the way back is the version that the restore has kept.
    back = f"{server.workspace_path}/documents/{document}/versions/{third['id']}/restore"
    await ann.http.post(back)
    for client in (one, two):
        await client.wait_for_text("was here. 😀\nIt begins.\n")


async def test_restoring_under_the_hands_of_people_who_type(server: Server, clients: Clients, yjs: Oracle) -> None:
    people = {name: await server.join("editor", name) for name in ("Cleo", "Dan", "Eve")}
    document = await new_document(server, "restored.md", "The text that all began with.\n" * 10)
    base = f"{server.workspace_path}/documents/{document}"
    old = (await server.owner.http.post(f"{base}/versions", json={"name": "old"})).raise_for_status().json()
    writers = {name: await join(clients, server, document, person) for name, person in people.items()}
    typing = [
        asyncio.create_task(type_anything(client, random.Random(number), 80))
        for number, client in enumerate(writers.values())
    ]
    for _ in range(4):
        await asyncio.sleep(0.1)
        (await server.owner.http.post(f"{base}/versions/{old['id']}/restore")).raise_for_status()
    await asyncio.gather(*typing)
    for number, client in enumerate(writers.values()):
        await client.barrier(f"end {number}".encode())
    text = await file_text(server, "restored.md")
    for client in writers.values():
        await client.wait_for_text(text)
    # A replacement of the whole text would have left its copies behind.
    assert text.count("began") <= 10
    # And real Yjs says the same of who wrote what is there.
    found = (await people["Eve"].http.get(f"{base}/attribution")).raise_for_status().json()
    yjs.create("whole")
    yjs.apply("whole", await writers["Dan"].update())
    named = {client.client_id: name for name, client in writers.items()}
    expected = [named.get(client, "Owner") for client in yjs.call("writers", doc="whole")]
    authors = [author["name"] for author in found["authors"]]
    assert found["length"] == len(expected)
    assert [authors[run["author"]] for run in found["runs"] for _ in range(run["start"], run["end"])] == expected
