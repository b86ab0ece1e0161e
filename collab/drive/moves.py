"""The order in which files reach new paths without one overwriting another that has not left yet. Pure.

Two files may trade names, a file may become a folder of the same name, and chains and rings of such moves may be any
length. A file is *ready* when nothing is in the way of its new path. Where nobody is ready there is a ring: one of its
files is *lifted*, which means that its content is kept elsewhere and its old path is freed, and the others can go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Moves:
    def __init__(self, moves: Mapping[str, tuple[str | None, str | None]]) -> None:
        """``moves`` is id → (present path, new path); None is nowhere. New paths are those of one legal tree."""
        self._old: dict[str, str] = {key: old for key, (old, _) in moves.items() if old is not None}
        self._new = {key: new for key, (_, new) in moves.items()}
        self._waiting = dict.fromkeys(sorted(moves))
        self._at = {path: key for key, path in self._old.items()}
        self._below: dict[str, dict[str, None]] = {}
        for key, path in self._old.items():
            for folder in _folders(path):
                self._below.setdefault(folder, {})[key] = None

    @property
    def waiting(self) -> list[str]:
        return list(self._waiting)

    def ready(self) -> list[str]:
        return [key for key in self._waiting if self._in_the_way(key) is None]

    def arrived(self, key: str) -> None:
        """``key`` stands at its new path, and at its old one no more."""
        del self._waiting[key]
        self.lifted(key)

    def lifted(self, key: str) -> None:
        """The old path of ``key`` is free; it still waits."""
        if (path := self._old.pop(key, None)) is not None:
            del self._at[path]
            for folder in _folders(path):
                del self._below[folder][key]

    def stays(self, key: str) -> None:
        """``key`` could not be moved; it keeps its old path, also against others."""
        del self._waiting[key]

    def to_lift(self) -> str | None:
        """A file of some ring, when none is ready; None when the rest waits for files that stay."""
        dead: set[str] = set()
        for start in self._waiting:
            way: dict[str, None] = {}
            at: str | None = start
            while at is not None and at in self._waiting and at not in dead:
                if at in way:
                    return at
                way[at] = None
                at = self._in_the_way(at)
            dead.update(way)
        return None

    def _in_the_way(self, key: str) -> str | None:
        """A file that must go before ``key`` can come; ``key`` itself when it is to go into or out of itself."""
        new = self._new[key]
        if new is None:
            return None
        at = self._at.get(new)
        if at is not None and at != key:
            return at
        for folder in _folders(new):
            if (above := self._at.get(folder)) is not None:
                return above
        return next(iter(self._below.get(new, ())), None)


def _folders(path: str) -> Iterator[str]:
    slash = path.find("/")
    while slash >= 0:
        yield path[:slash]
        slash = path.find("/", slash + 1)
