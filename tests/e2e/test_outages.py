"""A part is away for a while: people go on, and what is said to be saved is saved."""

import pytest

from tests.conftest import Services
from tests.e2e.helpers import eventually, file_text, new_document
from tests.e2e.stores import Store
from tests.support.server import Server
from tests.support.sync_client import sync_client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.parametrize("store", ["services"], indirect=True)]


async def test_without_the_database_people_go_on_and_nothing_is_called_saved(
    server: Server, services: Services
) -> None:
    path = f"/sync/{server.workspace}/{await new_document(server, 'without-database.md')}"
    editor = await server.join("editor")
    async with sync_client(server.owner.socket(path)) as one, sync_client(editor.socket(path)) as two:
        services.mongo.kill()
        try:
            await one.type("typed meanwhile")
            await two.shows("typed meanwhile")
            with pytest.raises(TimeoutError):
                await one.barrier(within=1)
            await is_not_ready(server, "database")
        finally:
            services.mongo.start()
        await two.barrier(within=20)
        await eventually(lambda: ready(server), lambda answer: answer["ready"], within=20)
        await two.type("and later ")
        await one.shows("and later typed meanwhile")
        await one.barrier()
    assert await file_text(server, "without-database.md") == "and later typed meanwhile"


async def test_without_the_object_store_edits_are_saved_all_the_same(
    server: Server, store: Store, services: Services
) -> None:
    path = f"/sync/{server.workspace}/{await new_document(server, 'without-objects.md')}"
    services.s3.kill()
    try:
        async with sync_client(server.owner.socket(path)) as client:
            await client.type("typed meanwhile")
            await client.barrier()
        await is_not_ready(server, "object_store")
        assert await file_text(server, "without-objects.md") == "typed meanwhile"
    finally:
        services.s3.start()
    await eventually(
        lambda: store.drive(server.workspace),
        lambda files: files.get("without-objects.md") == b"typed meanwhile",
        within=30,
    )
    await eventually(lambda: ready(server), lambda answer: answer["ready"])


async def ready(server: Server) -> dict[str, object]:
    answer: dict[str, object] = (await server.http().get("/readyz")).json()
    return answer


async def is_not_ready(server: Server, part: str) -> None:
    answer = await server.http().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"][part] != "ok"
