import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from pymongo.errors import AutoReconnect

from server.app import open_services
from server.first_start import ensure_owner
from server.identity.users import Users
from server.settings import Settings


async def test_two_first_starts_at_once_make_one_owner(tmp_path: Path) -> None:
    async with open_services(Settings(data_dir=tmp_path), port=8000) as services:
        first, second = await asyncio.gather(ensure_owner(services), ensure_owner(services))
        assert first == second
        assert len(await services.identity.members.of_user(first.id)) == 1


async def test_a_first_start_that_broke_off_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir=tmp_path, owner_token=SecretStr("chosen by the owner"))
    async with open_services(settings, port=8000) as services:
        with monkeypatch.context() as broken:

            async def fail(*_: object, **__: object) -> None:
                raise AutoReconnect("gone")

            broken.setattr(Users, "insert", fail)
            with pytest.raises(AutoReconnect):
                await ensure_owner(services)
        owner = await ensure_owner(services)
        token = await services.identity.tokens.find("chosen by the owner")
        assert token is not None
        assert token.user == owner.id
        [membership] = await services.identity.members.of_user(owner.id)
        assert membership.role == "owner"
        content = await services.files.read(membership.workspace, "Welcome.md")
        assert b"".join([piece async for piece in content.plain.body]).startswith(b"# Welcome\n")
