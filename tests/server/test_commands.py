"""The command line, as somebody types it."""

import asyncio
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from server import local
from server.cli import app
from server.commands.doctor import examine
from server.settings import Settings
from tests.support.server import ROOT, Server, clean_environment, log_lines, running_server
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    mistyped = {"SCRIPTORIUM_REDIS_ULR": "redis://127.0.0.1"}
    async with running_server(tmp_path_factory.mktemp("server"), mistyped) as server:
        yield server


async def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "server", *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=60,
    )


def project(folder: Path) -> Path:
    """A source tree such as people have."""
    (folder / "src" / "deep").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "empty").mkdir()
    (folder / "README.md").write_bytes(b"# Title\r\n")
    (folder / "src" / "été.py").write_text("print('é')\n")
    (folder / "src" / "deep" / "blank.txt").write_bytes(b"")
    (folder / "src" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "src" / "around").symlink_to("..")
    return folder


async def test_a_folder_goes_in_and_comes_out_as_it_was(server: Server, tmp_path: Path) -> None:
    source = project(tmp_path / "project")
    imported = await run("import", source, "--data-dir", server.data_dir)
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith("4 files created")
    assert "Left out, because they are no files: 2" in imported.stdout
    exported = await run("export", tmp_path / "out.zip", "--data-dir", server.data_dir)
    assert exported.returncode == 0, exported.stderr
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = set(archive.namelist())
        for file in ("README.md", "src/été.py", "src/deep/blank.txt", "src/logo.png"):
            assert archive.read(file) == (source / file).read_bytes()
        assert "empty/" in names
        assert not [name for name in names if ".git" in name or name == "link" or "around" in name]
    again = await run("import", tmp_path / "out.zip", "--data-dir", server.data_dir, "--workspace", server.workspace)
    assert again.stdout.startswith("0 files created, 0 changed, 6")


async def test_tokens_come_and_go(server: Server) -> None:
    made = await run("token", "create", "my script", "--data-dir", server.data_dir)
    token = made.stdout.strip()
    assert (await server.http(token).get("/api/me")).json()["id"] == server.owner.id
    listed = await run("token", "list", "--url", server.url, SCRIPTORIUM_TOKEN=token)
    [line] = [line for line in listed.stdout.splitlines() if line.endswith("my script")]
    revoked = await run("token", "revoke", line.split("\t")[0], "--url", server.url, "--token", token)
    assert revoked.returncode == 0
    assert (await server.http(token).get("/api/me")).status_code == 401


async def test_mistakes_get_a_sentence(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Loggers keep the settings of their first line for good: later tests of this process would not see theirs.
    monkeypatch.setattr("server.logs.configure", lambda: None)
    from_latin_1 = tmp_path / "from latin-1"
    (from_latin_1 / os.fsdecode(b"caf\xe9")).mkdir(parents=True)
    too_deep = tmp_path / "too deep"
    too_deep.mkdir()
    within = os.open(too_deep, os.O_RDONLY)
    for _ in range(22):  # 4,422 bytes, where Linux takes 4,096
        os.mkdir("x" * 200, dir_fd=within)
        outer, within = within, os.open("x" * 200, os.O_RDONLY, dir_fd=within)
        os.close(outer)
    os.close(within)
    for arguments, sentence in {
        ("import", ROOT / "LICENSE", "--data-dir", server.data_dir): "neither a folder nor a zip file",
        ("import", from_latin_1, "--data-dir", server.data_dir): "“caf\\xe9” is not UTF-8",
        ("import", too_deep, "--data-dir", server.data_dir): "cannot be read (File name too long)",
        ("export", tmp_path / "x.zip", "--workspace", "None", "--data-dir", server.data_dir): "no workspace 'None'",
        ("token", "list", "--data-dir", tmp_path / "nothing"): "No server runs on",
        ("token", "list", "--url", "http://127.0.0.1:9"): "A token is needed",
        ("token", "list", "--url", "http://127.0.0.1:9", "--token", "x"): "does not answer",
        ("token", "list", "--url", server.url, "--token", "x"): "This token is unknown",
        ("serve", "--port", str(server.port), "--data-dir", tmp_path / "other"): "Choose another with --port",
        ("serve", "--port", "0", "--data-dir", server.data_dir): "SCRIPTORIUM_REDIS_URL",
        ("worker", "--data-dir", tmp_path / "other"): "SCRIPTORIUM_REDIS_URL",
    }.items():
        result = await asyncio.to_thread(CliRunner().invoke, app, list(map(str, arguments)))
        assert result.exit_code == 1, arguments
        assert sentence in result.stderr, arguments
    wrong = await run("serve", SCRIPTORIUM_PUBLIC_URL="nowhere")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("The environment is set wrongly. SCRIPTORIUM_PUBLIC_URL")


async def test_the_doctor_looks_at_everything(server: Server, tmp_path: Path) -> None:
    running = await run("doctor", "--data-dir", server.data_dir)
    assert f"The server at {server.url} is ready." in running.stdout
    said: list[str] = []
    (endpoints := tmp_path / "endpoints.yaml").write_text("house: {url: 'http://127.0.0.1:9/v2', models: {big: }}")
    model = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "model": "small", "endpoints_file": endpoints}
    assert not await examine(Settings.model_validate({"data_dir": tmp_path, **model}), said.append)
    assert "ok   The database answers (embedded)." in said
    assert "ok   The object store answers." in said
    for at in ("http://127.0.0.1:9/v1", "“house” at http://127.0.0.1:9/v2"):
        assert [line for line in said if line.startswith(f"BAD  The model endpoint {at} does not answer")]
    assert not await examine(Settings.model_validate({"data_dir": tmp_path, **model, "model": None}), said.append)
    assert "set SCRIPTORIUM_MODEL" in said[-1]
    said.clear()
    assert not await examine(Settings(data_dir=tmp_path, mongo_url="mongodb://127.0.0.1:9"), said.append)
    assert [line for line in said if line.startswith("BAD  Storage cannot be opened")]


async def test_the_local_token_is_for_this_user_alone_and_stays_the_same(server: Server) -> None:
    file = server.data_dir / "local.token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = local.read_token(server.data_dir)
    first_link = server.link
    await server.stop()
    assert local.read_server(server.data_dir) is None
    await server.restart()
    assert local.read_token(server.data_dir) == before
    assert server.link != first_link
    assert len((await server.owner.http.get("/api/tokens")).json()) == 2


async def test_the_owner_has_a_welcome_worth_trying(server: Server) -> None:
    welcome = await server.owner.http.get(f"{server.workspace_path}/files/Welcome.md")
    assert welcome.text.startswith("# Welcome")
    code = server.link.split("#signin=")[1]
    assert (await server.http().post("/api/signin", json={"code": code})).json()["user"]["id"] == server.owner.id


async def test_logs_are_structured_when_nobody_watches(server: Server) -> None:
    await server.owner.http.get("/api/tokens?secret=1")

    def logged() -> list[dict[str, object]]:
        return [line for line in log_lines(server) if line["event"] == "request" and line["path"] == "/api/tokens"]

    await until(logged)
    assert logged()[-1]["status"] == 200
    assert "secret" not in server.log


async def test_a_mistyped_setting_is_named_at_the_start(server: Server) -> None:
    warning, *_ = [line for line in log_lines(server) if line["event"] == "no setting has this name"]
    assert (warning["level"], warning["variable"], warning["meant"]) == (
        "warning",
        "SCRIPTORIUM_REDIS_ULR",
        "SCRIPTORIUM_REDIS_URL",
    )


async def test_the_command_line_starts_without_the_server() -> None:
    script = "import sys, server.cli; print({'fastapi', 'pymongo', 'httpx2', 'openai', 'uvicorn'} & set(sys.modules))"
    command = [sys.executable, "-c", script]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


async def test_feedback_names_where_to_go_on(server: Server) -> None:
    where = ("--data-dir", server.data_dir)
    first = await run("feedback", "--format", "sft", "--until", "settled", *where)
    assert (first.returncode, first.stdout) == (0, "")
    words, _, moment = first.stderr.strip().rpartition(" ")
    assert words == "Go on with --since"
    again = await run("feedback", "--since", moment, "--until", "settled", *where)
    assert again.returncode == 0
    wrong = await run("feedback", "--since", "yesterday", *where)
    assert wrong.returncode == 1
    assert wrong.stderr.count("\n") == 1
