"""Real Yjs behind the stock y-websocket provider, which knows nothing of this server."""

import asyncio
import random

import pytest

from tests.e2e.helpers import eventually, file_text, join, new_document
from tests.support.server import Server
from tests.support.yjs import Clients, YjsClient, YjsError

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = ["a", "word ", "é", "😀", "line\n", "字", "👩\u200d💻"]


async def type_anything(client: YjsClient, dice: random.Random, times: int) -> None:
    for _ in range(times):
        # Positions are drawn on what the client shows, and it may show less by the time it types: the front is safe.
        length = len((await client.text()).encode("utf-16-le")) // 2
        if length > 20 and dice.random() < 0.2:
            await client.delete(dice.randrange(10), 2)
        else:
            await client.insert(dice.randint(0, min(length, 10)), dice.choice(WORDS))


async def converge(people: list[YjsClient]) -> str:
    for number, person in enumerate(people):
        await person.barrier(f"end {number}".encode())
    text = await people[0].text()
    for person in people:
        await person.wait_for_text(text)
    return text


async def test_five_type_at_once_and_end_with_one_text(server: Server, clients: Clients) -> None:
    document = await new_document(server, "five.md", "It begins.")
    people = [await join(clients, server, document) for _ in range(5)]
    await asyncio.gather(*(type_anything(p, random.Random(n), 60) for n, p in enumerate(people)))
    text = await converge(people)
    assert len(text) > 300
    latecomer = await join(clients, server, document)
    assert await latecomer.text() == text
    assert await file_text(server, "five.md") == text


async def test_what_is_typed_while_the_network_is_away_is_kept(server: Server, clients: Clients) -> None:
    document = await new_document(server, "away.md", "middle")
    here, away = [await join(clients, server, document) for _ in range(2)]
    await away.disconnect()
    await away.insert(0, "typed offline, ")
    await here.insert(6, ", typed meanwhile")
    await here.barrier()
    await away.connect()
    for client in (here, away):
        await client.wait_for_text("typed offline, middle, typed meanwhile")


async def test_a_cut_connection_comes_back_by_itself(server: Server, clients: Clients) -> None:
    document = await new_document(server, "cut.md")
    one, other = [await join(clients, server, document) for _ in range(2)]
    await one.cut()
    await one.insert(0, "typed into the gap")
    await other.wait_for_text("typed into the gap")
    await one.barrier()


async def test_a_viewer_is_seen_and_cannot_write(server: Server, clients: Clients) -> None:
    document = await new_document(server, "viewed.md", "as it was")
    viewer = await join(clients, server, document, await server.join("viewer", "Vera"))
    editor = await join(clients, server, document, await server.join("editor", "Edda"))
    await viewer.set_state({"user": {"name": "The owner, surely"}, "cursor": None})
    await viewer.insert(0, "not ")
    with pytest.raises(YjsError, match="no answer"):
        await viewer.barrier(seconds=0.5)
    await editor.insert(9, ", and more")
    await editor.barrier()
    names = {state["user"]["name"] for state in (await editor.states()).values() if "user" in state}
    assert "Vera" in names
    assert "The owner, surely" not in names
    assert await file_text(server, "viewed.md") == "as it was, and more"
    assert await viewer.text() == "not as it was, and more"


async def test_a_malformed_frame_ends_only_who_sent_it(server: Server, clients: Clients) -> None:
    document = await new_document(server, "malformed.md")
    good, bad = [await join(clients, server, document) for _ in range(2)]
    await bad.send_frame(b"\x00\x02\xff\xff\xff\xff\x0f")
    await good.insert(0, "undisturbed")
    await good.barrier()
    closes = await eventually(bad.closes, bool)
    assert closes[0] is not None
    assert closes[0][0] == 1007
    assert await good.closes() == []
    # 1007 is not final to the stock client: it comes back, and is as welcome as before.
    await bad.wait_for_text("undisturbed")


async def test_tabs_that_talk_past_the_server_leave_no_hole(server: Server, clients: Clients) -> None:
    document = await new_document(server, "tabs.md")
    url = f"ws://127.0.0.1:{server.port}/sync/{server.workspace}"
    first, second = [await clients.open(url, document, token=server.owner.token, broadcast=True) for _ in range(2)]
    reader = await join(clients, server, document)
    for client in (first, second):
        await client.wait_until_synced()
    await first.cut()
    await first.insert(0, "only the other tab has this")
    await second.wait_for_text("only the other tab has this")
    await second.insert(0, "and this rests on it: ")
    await reader.wait_for_text("and this rests on it: only the other tab has this", seconds=15)
    await second.barrier()


async def test_after_a_restart_everybody_is_back_with_what_they_typed_meanwhile(
    server: Server, clients: Clients
) -> None:
    document = await new_document(server, "restart.md", "0")
    people = [await join(clients, server, document) for _ in range(3)]
    assert await server.stop() == 0
    for number, person in enumerate(people):
        await person.insert(0, f"{number} ")
    await server.restart()
    for person in people:
        await person.wait_until_synced(20)
    text = await converge(people)
    assert sorted(text.split()) == ["0", "0", "1", "2"]
    assert await file_text(server, "restart.md") == text
