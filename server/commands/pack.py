"""A folder as a zip file, to be imported."""

import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from server.commands.failure import CommandFailed

LEFT_OUT = frozenset({".git", ".hg", ".svn"})
"""A version control system's own records: thousands of files that nobody edits, and that must not be edited."""

CHUNK = 1 << 20


@contextmanager
def archive_of(source: Path) -> Iterator[tuple[BinaryIO, int]]:
    """``source``, a folder or a zip file, as an open zip file, and how many links and the like were left out of it.

    Raises CommandFailed when it is neither, cannot be read, or holds a name that is not UTF-8.
    """
    if source.is_dir():
        with tempfile.TemporaryFile() as file:
            try:
                left_out = _pack(source, file)
            except OSError as error:
                _cannot_read(error)
            file.seek(0)
            yield file, left_out
    elif zipfile.is_zipfile(source):
        with source.open("rb") as file:
            yield file, 0
    else:
        raise CommandFailed(f"{source} is neither a folder nor a zip file.")


def pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _pack(folder: Path, file: BinaryIO) -> int:
    left_out = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive:
        for path, names, files in os.walk(folder, onerror=_cannot_read):
            names[:] = sorted(name for name in names if name not in LEFT_OUT)
            here = Path(path)
            # Links could point out of the folder, and a pipe would never end. Of links to folders, the walk only tells.
            left_out += sum((here / name).is_symlink() for name in names)
            if here != folder:
                archive.write(here, f"{_name(here, folder)}/")
            for name in sorted(files):
                entry = here / name
                if stat.S_ISREG(entry.lstat().st_mode):
                    archive.write(entry, _name(entry, folder))
                else:
                    left_out += 1
    return left_out


def _cannot_read(error: OSError) -> NoReturn:
    # Rather than leave it out: who imports a folder counts on having all of it here.
    if error.filename is None:
        raise error  # of the temporary file
    raise CommandFailed(f"“{error.filename}” cannot be read ({error.strerror}). Nothing was imported.") from None


def _name(path: Path, folder: Path) -> str:
    name = str(path.relative_to(folder))
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(name).decode(errors="backslashreplace")
        raise CommandFailed(f"“{shown}” is not UTF-8. Nothing was imported: rename it first.") from None
    return name
