"""People change the tree at the same time: stock Yjs clients over their sockets, and others over HTTP."""

import asyncio
import random
from functools import partial
from typing import Any

import pytest

from tests.collab.rooms_helpers import eventually
from tests.e2e.helpers import join, new_document
from tests.support.server import Server
from tests.support.yjs import Clients, YjsClient, browser_rules

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def has(client: YjsClient, nodes: dict[str, Any]) -> bool:
    return await client.nodes() == nodes


async def test_a_text_that_another_client_deletes_can_be_opened_again_once_restored(
    server: Server, clients: Clients
) -> None:
    w, http = server.workspace_path, server.owner.http
    document = await new_document(server, "trees/deleted.md", "kept")
    reader, tree = await join(clients, server, document), await join(clients, server, "tree")
    folder = next(key for key, node in (await tree.nodes()).items() if node["name"] == "trees")
    await tree.set_node(folder, {"deleted_at": "2026-01-02T03:04:05Z"})
    await eventually(reader.closes)
    assert [close and close[0] for close in await reader.closes()] == [4410]
    [entry] = [entry for entry in (await http.get(f"{w}/trash")).json() if entry["id"] == folder]
    assert (entry["path"], entry["deleted_by"]) == ("trees", None)
    assert (await http.post(f"{w}/trash/{folder}/restore")).json()["path"] == "trees"
    again = await join(clients, server, document)
    await again.wait_for_text("kept")
    assert await again.closes() == []


@pytest.mark.parametrize("seed", range(2))
async def test_everybody_ends_with_one_legal_tree(server: Server, clients: Clients, seed: int) -> None:
    dice = random.Random(seed)
    w, http = server.workspace_path, server.owner.http
    top = f"everybody{seed}"
    ids = {f"{n}": await new_document(server, f"{top}/d{n % 3}/f{n}.md", f"{n}") for n in range(6)}
    people = [await join(clients, server, "tree") for _ in range(3)]
    nodes = await people[0].nodes()
    folders = [key for key, node in nodes.items() if node["kind"] == "folder" and node["name"].startswith(("d", top))]
    known = [*ids.values(), *folders]

    async def by_socket(person: YjsClient) -> None:
        for _ in range(15):
            fields = dice.choice(
                [
                    {"name": dice.choice(["same", "same", "a/b", ".."])},
                    {"parent": dice.choice([None, *folders])},
                    {"parent": dice.choice(folders)},
                    {"deleted_at": "2026-01-02T03:04:05Z"},
                ]
            )
            await person.set_node(dice.choice(known), fields)

    async def over_http() -> None:
        for number in range(10):
            listed = (await http.get(f"{w}/trash")).json()
            if listed:
                await http.post(f"{w}/trash/{dice.choice(listed)['id']}/restore")  # or somebody was quicker
            entry = dice.choice((await http.get(f"{w}/tree")).json())
            if entry["id"] in known:
                await http.post(f"{w}/moves", json={"from": entry["path"], "to": f"{top}/moved/{number}"})

    await asyncio.gather(*map(by_socket, people), over_http())
    for person in people:
        await person.barrier()
    latecomer = await join(clients, server, "tree")
    nodes = await latecomer.nodes()
    for person in people:
        await eventually(partial(has, person, nodes))
    listed = (await http.get(f"{w}/tree")).json()
    with browser_rules() as rules:
        shown = rules(nodes)
    assert {(entry["id"], entry["path"]) for entry in listed} == {(key, path) for key, _, _, path in shown["tree"]}
    trash = {entry["id"] for entry in (await http.get(f"{w}/trash")).json()}
    assert trash == {key for key, _, _ in shown["trash"]}
