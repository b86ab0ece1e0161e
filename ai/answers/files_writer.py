"""Several files as one answer: what a model should have said. Pure."""

from collections.abc import Sequence

from ai.answers.files_answer import FileBegun, FilesReader


def in_files(files: Sequence[tuple[str, str]]) -> str | None:
    """(path, text) of each file, as `ai.answers.files_answer` reads it; "" of no file.

    None where it would be read as something else: a text that has such a line itself, or begins with a fence.
    """
    said = "\n".join(f"=== FILE: {path} ===\n{text.rstrip(chr(10))}\n" for path, text in files)
    return said if _read(said) == [(path, text.rstrip("\n")) for path, text in files] else None


def _read(said: str) -> list[tuple[str, str]]:
    reader = FilesReader()
    files: list[tuple[str, str]] = []
    for part in [*reader.push(said), *reader.finish()]:
        if isinstance(part, FileBegun):
            files.append((part.path, ""))
        else:
            path, text = files[-1]
            files[-1] = (path, text + part.text)
    return [(path, text.rstrip("\n")) for path, text in files]
