"""A real source tree, in by `scriptorium import` and out again by `scriptorium export`: the same bytes."""

import asyncio
import io
import shutil
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.helpers import eventually
from tests.e2e.stores import Store
from tests.support.server import ROOT, Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x06\0\0\0\x1f\x15\xc4\x89"
    b"\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)


def package() -> Path:
    spec = find_spec("pygments")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def source_tree(folder: Path, *leave_out: str) -> None:
    """An installed package of several hundred files, and beside it what source trees elsewhere hold."""
    ignore = shutil.ignore_patterns("__pycache__", *leave_out)
    shutil.copytree(package(), folder / "src" / "pygments", ignore=ignore)
    lines = (f"{number:07d} the quick brown fox jumps over the lazy dog, élan 😀\n" for number in range(80_000))
    awkward: dict[str, bytes] = {
        "empty.txt": b"",
        "große Datei.log": "".join(lines).encode(),
        "docs/画像/picture.png": PNG,
        "docs/naïve — notes (1).md": "# Notes\n\n“quoted” — état\n".encode(),
        "docs/100% #1 & more?.txt": b"a name with signs that mean something in addresses\n",
        "data/windows.txt": b"one\r\ntwo\r\nthree",
        "data/mac.txt": b"one\rtwo\r",
        "data/mixed.txt": b"one\ntwo\r\nthree\rfour",
        "data/bom.csv": b"\xef\xbb\xbfa;b\r\n1;2\r\n",
        "data/utf-16.txt": "\ufeffUTF-16 from Windows\r\n".encode("utf-16-le"),
        "data/latin-1.txt": "Stra\xdfe, caf\xe9\r\n".encode("latin-1"),
        "data/no-newline-at-end": b"x",
        "data/program.bin": bytes(range(256)) * 64,
        "a/b/c/d/e/f/g/deep.py": b"pass\n",
        ".gitignore": b"*.pyc\n",
    }
    for name, content in awkward.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def files_in(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


async def run(*arguments: str) -> str:
    """A command of ``scriptorium``; what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_a_source_tree_goes_in_and_comes_out_as_it_was(server: Server, store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    # FerretDB 1 reads a whole collection for every record that it updates: several hundred files take it minutes.
    source_tree(source, *(() if not store.is_shared else ("lexers",)))
    (source / "an empty folder").mkdir()
    (source / ".git").mkdir()
    (source / ".git" / "HEAD").write_bytes(b"ref: refs/heads/main\n")
    expected = {path: content for path, content in files_in(source).items() if not path.startswith(".git/")}
    assert len(expected) > (300 if not store.is_shared else 80)
    made = (await server.owner.http.post("/api/workspaces", json={"name": "Imported"})).json()
    where = ["--url", server.url, "--token", server.owner.token, "--workspace", made["id"]]

    assert f"{len(expected)} files created" in await run("import", str(source), *where)
    kinds = {n["path"]: n["kind"] for n in await tree(server, made["id"])}
    assert kinds["docs/画像/picture.png"] == kinds["data/program.bin"] == "binary"
    assert kinds["data/latin-1.txt"] == kinds["empty.txt"] == kinds["große Datei.log"] == "text"
    assert kinds["docs/画像"] == kinds["an empty folder"] == "folder"
    assert not any(path.startswith(".git/") for path in kinds)

    target = tmp_path / "out.zip"
    await run("export", str(target), *where)
    with zipfile.ZipFile(target) as archive:
        out = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        assert "an empty folder/" in archive.namelist()
    assert differing(out, expected) == {}

    # What the drive holds is the same again; a second import changes nothing.
    await eventually(lambda: not_on_the_drive(store, made["id"], expected), lambda missing: not missing, within=30)
    assert "0 files created, 0 changed" in await run("import", str(target), *where)


async def not_on_the_drive(store: Store, workspace: str, expected: dict[str, bytes]) -> dict[str, str]:
    return differing(await store.drive(workspace), expected)


async def test_the_commands_find_the_server_of_their_data_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "hello.txt").write_text("hello\n")
    async with running_server(tmp_path / "data") as server:
        data = ["--data-dir", str(server.data_dir)]
        await run("import", str(tmp_path / "project"), *data)
        token = (await run("token", "create", "from a test", *data)).strip()
        answer = await server.http(token).get(f"{server.workspace_path}/files/hello.txt")
        assert answer.text == "hello\n"
        assert "from a test" in await run("token", "list", *data)
        assert await run("feedback", "--format", "raw", *data) == ""


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "a/../../b.txt", "con\x07trol.txt", "a\\b.txt"])
async def test_an_archive_with_an_illegal_name_brings_in_nothing(server: Server, name: str) -> None:
    made = (await server.owner.http.post("/api/workspaces", json={"name": "Archive"})).json()["id"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("good.txt", b"good")
        writer.writestr(zipfile.ZipInfo(name), b"bad")
    answer = await server.owner.http.post(
        f"/api/workspaces/{made}/import", content=archive.getvalue(), headers={"Content-Type": "application/zip"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")
    assert await tree(server, made) == []


@pytest.mark.parametrize("archive", [b"", b"no zip at all", b"PK\x03\x04" + bytes(100)])
async def test_what_is_no_archive_is_refused_with_a_sentence(server: Server, archive: bytes) -> None:
    made = (await server.owner.http.post("/api/workspaces", json={"name": "Archive"})).json()["id"]
    answer = await server.owner.http.post(
        f"/api/workspaces/{made}/import", content=archive, headers={"Content-Type": "application/zip"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")
    assert await tree(server, made) == []


async def tree(server: Server, workspace: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await server.owner.http.get(f"/api/workspaces/{workspace}/tree")).json()
    return nodes


def differing(found: dict[str, bytes], expected: dict[str, bytes]) -> dict[str, str]:
    """Path by path; a comparison of five megabytes would be shown whole."""
    return {
        path: f"{len(found.get(path, b''))} bytes, not {len(expected.get(path, b''))}"
        for path in found.keys() | expected.keys()
        if found.get(path) != expected.get(path)
    }
