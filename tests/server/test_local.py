"""The files by which the command line finds a server on the same machine."""

import os
from pathlib import Path

from server.local import LocalServer, read_server, write_server


def test_the_data_folder_is_made_where_everything_else_is_kept_elsewhere(tmp_path: Path) -> None:
    """With a database, an object store and Redis of its own, nobody else has made the folder before."""
    folder = tmp_path / "not" / "there"
    write_server(folder, "http://127.0.0.1:8000")
    assert read_server(folder) == LocalServer("http://127.0.0.1:8000", os.getpid())
