"""``scriptorium doctor``: what works, what does not, and what to do about it."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from ai.models.endpoints import DEFAULT, Endpoint
from ai.models.environment import EndpointsWrong, endpoints_from
from server import local
from server.routes.client import DIST
from server.settings import Settings
from storage import open_storage
from storage.folder_lock import FolderInUse

PATIENCE = 15.0
"""Seconds for each of the parts to answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    sentence: str


async def examine(settings: Settings, say: Callable[[str], None] = print) -> bool:
    """Say one sentence per finding; whether all is well."""
    well = True
    async for finding in _findings(settings):
        say(f"{'ok ' if finding.ok else 'BAD'}  {finding.sentence}")
        well = well and finding.ok
    return well


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield _python()
    yield _editor()
    yield _folder(settings.data_dir)
    async for finding in _storage(settings):
        yield finding
    async for finding in _models(settings):
        yield finding


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(sys.version_info >= (3, 11), f"Python is {version}; 3.11 or later is needed.")


def _editor() -> Finding:
    if (DIST / "index.html").is_file():
        return Finding(True, "The browser editor is built.")
    return Finding(False, "The browser editor is not built: run `make install`.")


def _folder(folder: Path) -> Finding:
    existing = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < 1 << 30:
        return Finding(False, f"Less than 1 GiB is free where {folder} is: make room, or set SCRIPTORIUM_DATA_DIR.")
    return Finding(True, f"{folder} has {free >> 30} GiB of room.")


async def _storage(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with asyncio.timeout(PATIENCE):
            async with open_storage(
                mongo_url=settings.mongo_url,
                object_store_url=settings.object_store_url,
                redis_url=settings.redis_url,
                data_dir=settings.data_dir,
            ) as storage:
                await storage.db.command("ping")
                yield Finding(True, f"The database answers ({'embedded' if settings.mongo_url is None else 'yours'}).")
                await storage.objects.ping()
                yield Finding(True, "The object store answers.")
                if settings.redis_url is not None and not storage.bus.connected:
                    yield Finding(False, "Redis does not answer: check SCRIPTORIUM_REDIS_URL.")
                elif settings.redis_url is not None:
                    yield Finding(True, "Redis answers.")
    except FolderInUse as error:
        # The embedded database has one process. If that is our server, it knows how storage is.
        yield await _running_server(settings.data_dir, error)
    except Exception as error:  # whatever storage fails with is what the person wants to read
        yield Finding(False, f"Storage cannot be opened: {error or type(error).__name__}.")


async def _running_server(data_dir: Path, error: FolderInUse) -> Finding:
    server = local.read_server(data_dir)
    if server is None:
        return Finding(False, str(error))
    try:
        async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
            parts = (await http.get(f"{server.url}/readyz")).json()["parts"]
    except (httpx2.HTTPError, ValueError, KeyError):
        return Finding(False, f"A server holds {data_dir} and does not answer at {server.url}.")
    bad = [f"{name}: {state}" for name, state in parts.items() if state != "ok"]
    if bad:
        return Finding(False, f"The server at {server.url} is not ready: {'; '.join(bad)}.")
    return Finding(True, f"The server at {server.url} is ready.")


async def _models(settings: Settings) -> AsyncIterator[Finding]:
    try:
        endpoints = endpoints_from(settings, os.environ)
    except EndpointsWrong as error:
        yield Finding(False, str(error))
        return
    if not endpoints:
        yield Finding(
            True,
            "No model is configured, so the local assistant answers. "
            "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a model of your own, to change that.",
        )
    for endpoint in endpoints:
        yield await _model(endpoint)


async def _model(endpoint: Endpoint) -> Finding:
    base = (endpoint.url or "https://api.openai.com/v1").rstrip("/")
    key = endpoint.key.get_secret_value() if endpoint.key else "none"
    named = "The model endpoint" if endpoint.name == DEFAULT else f"The model endpoint “{endpoint.name}” at"
    try:
        async with httpx2.AsyncClient(timeout=PATIENCE) as http:
            answer = await http.get(f"{base}/models", headers={"Authorization": f"Bearer {key}"})
    except httpx2.HTTPError as error:
        return Finding(False, f"{named} {base} does not answer: {error or type(error).__name__}.")
    if answer.status_code in (401, 403):
        return Finding(False, f"{named} {base} refuses the key: check {_setting(endpoint, 'OPENAI_API_KEY')}.")
    if answer.is_error:
        check = _setting(endpoint, "OPENAI_BASE_URL")
        return Finding(False, f"{named} {base} answers {answer.status_code}: check {check}.")
    names = [str(model.get("id")) for model in answer.json().get("data", []) if isinstance(model, dict)]
    if missing := [model for model in endpoint.models if names and model not in names]:
        check = _setting(endpoint, "SCRIPTORIUM_MODEL")
        return Finding(False, f"{named} {base} does not list {', '.join(map(repr, missing))}: check {check}.")
    return Finding(True, f"{named} {base} answers.")


def _setting(endpoint: Endpoint, variable: str) -> str:
    return variable if endpoint.name == DEFAULT else "the file that SCRIPTORIUM_ENDPOINTS_FILE names"
