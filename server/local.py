"""How the other commands find a server that runs on the same machine: two files in its data folder."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the commands that only read these files need not wait for the database's driver to load
    from server.identity import Identity, User

TOKEN_NAME = "The command line on the server's machine"


@dataclass(frozen=True, slots=True)
class LocalServer:
    url: str
    pid: int


def write_server(data_dir: Path, url: str) -> None:
    _write(data_dir / "server.json", json.dumps({"url": url, "pid": os.getpid()}))


def forget_server(data_dir: Path) -> None:
    """Unless another process has taken the folder over since."""
    server = read_server(data_dir)
    if server is not None and server.pid == os.getpid():
        (data_dir / "server.json").unlink(missing_ok=True)


def read_server(data_dir: Path) -> LocalServer | None:
    try:
        written = json.loads((data_dir / "server.json").read_text())
        return LocalServer(str(written["url"]), int(written["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_token(data_dir: Path) -> str | None:
    try:
        return _token_file(data_dir).read_text().strip() or None
    except OSError:
        return None


async def keep_token(data_dir: Path, identity: "Identity", owner: "User") -> None:
    """See that the folder holds a working token of ``owner``: the one that is there, or a new one."""
    present = read_token(data_dir)
    if present is None or await identity.tokens.find(present) is None:
        _record, token = await identity.tokens.create(owner.id, TOKEN_NAME)
        _write(_token_file(data_dir), token)


def _token_file(data_dir: Path) -> Path:
    return data_dir / "local.token"


def _write(file: Path, text: str) -> None:
    """In one step, and readable by nobody else from the first moment on."""
    file.parent.mkdir(parents=True, exist_ok=True)  # nobody has, where nothing else is kept in the data folder
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    draft.replace(file)
