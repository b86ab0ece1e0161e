"""Find in files: a query over the names and texts of a workspace.

The texts are kept in memory (`collab.searching.texts`) and scanned anew for each query: that takes some 30 ms for a
source tree of two thousand files, and nothing has to be kept up while people type (docs/decisions.md). Searches take
turns (`collab.searching.turns`), so that one that takes long holds up nobody but its own workspace.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from collab.searching.finding import Query, Text
from collab.searching.globs import Globs
from collab.searching.matching import MOST_SHOWN, PATIENCE, Matcher, Place, Places
from collab.searching.texts import SearchTexts
from collab.searching.turns import Turns
from collab.tree.rule import Node
from collab.tree.trees import Trees

MOST_MATCHES = 500
MOST_NAMES = 100
"""Of the matches, so that names leave room for texts."""
MOST_LINES = 50
"""Of one text, so that it leaves room for others."""

MOST_COUNTED = 10_000
"""Matches after which no further text is looked at."""

TURN = 0.003
"""Seconds after which a search lets others have their turn on the loop."""

PORTION = 0.01
"""Seconds of CPU after which a search in a thread lets another workspace have its turn, at the next text."""

THREADS = 2
"""In which texts are looked at: while one is at a large text, another workspace's search goes on."""

GROUP = 200
"""Texts that are looked for in memory, and read where they are not, at a time."""


@dataclass(frozen=True, slots=True)
class Match:
    path: str
    line: int
    """Counted from 1; 0 when the path itself was found."""
    column: int
    """UTF-16 code units of the line, or of the path, before what was found."""
    text: str
    """The line, or the path; a long line is cut, which shows as "…"."""


@dataclass(frozen=True, slots=True)
class FileMatches:
    """What was found in one text."""

    document: str
    path: str
    count: int
    """Of all matches in it, as far as was looked."""
    places: list[Place]
    """Those of this page."""


@dataclass(frozen=True, slots=True)
class Page:
    files: list[FileMatches]
    """Those with a match on this page, in the order of the tree."""
    matches: int
    """Of all pages."""
    in_files: int
    """Of all pages."""
    whole: bool
    """False when there may be more: there are too many, or counting them takes too long."""


class Search:
    def __init__(self, trees: Trees, texts: SearchTexts) -> None:
        self._trees = trees
        self._texts = texts
        self._on_loop = Turns(1)
        self._in_threads = Turns(THREADS)

    async def find(self, workspace: str, query: str) -> list[Match]:
        """Names first, then lines, both in the order of the tree; at most `MOST_MATCHES`.

        Raises:
            collab.searching.finding.InvalidQuery
            As `collab.tree.trees.Trees.read`.
        """
        wanted = Query(query)
        nodes = list((await self._trees.read(workspace, fresh=True)).nodes.values())
        matches = await self._scan(workspace, _names(nodes, wanted), MOST_NAMES)
        paths = {node.id: node.path for node in nodes if node.kind == "text"}
        self._texts.drop_all_but(workspace, paths)
        documents = list(paths)
        for start in range(0, len(documents), GROUP):
            texts = await self._texts.of(workspace, documents[start : start + GROUP])
            lines = _lines([(paths[document], text) for document, text in texts.items()], wanted)
            matches += await self._scan(workspace, lines, MOST_MATCHES - len(matches))
            if len(matches) >= MOST_MATCHES:
                break
        return matches

    async def places(self, workspace: str, matcher: Matcher, paths: Globs, *, skip: int, most: int) -> Page:
        """Every match in the texts at ``paths``, ``most`` of them behind the first ``skip``.

        Nobody looks further after `MOST_COUNTED`, or `PATIENCE`.

        Raises:
            collab.searching.finding.InvalidQuery: what they would become is too long.
            As `collab.tree.trees.Trees.read`.
        """
        nodes = (await self._trees.read(workspace, fresh=True)).nodes.values()
        texts = {node.id: node.path for node in nodes if node.kind == "text"}
        self._texts.drop_all_but(workspace, texts)
        documents = [document for document, path in texts.items() if paths.fit(path)]
        paging = _Paging(matcher, skip, most)
        for start in range(0, len(documents), GROUP):
            group = iter((await self._texts.of(workspace, documents[start : start + GROUP])).items())
            more = True
            while more:
                async with self._in_threads.of(workspace):
                    more = await asyncio.to_thread(paging.look, group)
            if paging.ended:
                break
        files = [
            FileMatches(document, texts[document], found.count, found.places)
            for document, found in paging.shown.items()
        ]
        return Page(files, paging.matches, paging.in_files, paging.whole and not paging.ended)

    async def holding(self, workspace: str, names: Sequence[str]) -> list[str]:
        """The paths of the texts in which one of ``names`` stands as a word of its own, in the order of the tree."""
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
        nodes = (await self._trees.read(workspace, fresh=True)).nodes.values()
        paths = {node.id: node.path for node in nodes if node.kind == "text"}
        documents = list(paths)
        found: list[str] = []
        for start in range(0, len(documents), GROUP):
            began = time.monotonic()
            for document, text in (await self._texts.of(workspace, documents[start : start + GROUP])).items():
                if any(name in text.text for name in names) and pattern.search(text.text):
                    found.append(paths[document])
                if time.monotonic() - began > TURN:
                    await asyncio.sleep(0)
                    began = time.monotonic()
        return found

    async def _scan(self, workspace: str, steps: Iterator[Match | None], most: int) -> list[Match]:
        """The first ``most`` matches of ``steps``; None is a step without one."""
        matches: list[Match] = []
        more = True
        while more:
            # One at a time: a hundred searches would each take their turn before anybody else had his.
            async with self._on_loop.of(workspace):
                began = time.monotonic()
                more = False
                for match in steps:
                    if match is not None:
                        matches.append(match)
                        if len(matches) >= most:
                            return matches
                    if time.monotonic() - began > TURN:
                        more = True
                        break
            await asyncio.sleep(0)
        return matches


class _Paging:
    """Counts the matches of one text after the other, and keeps those of one page."""

    def __init__(self, matcher: Matcher, skip: int, most: int) -> None:
        self.shown: dict[str, Places] = {}
        """By document, where the page has any."""
        self.matches = 0
        self.in_files = 0
        self.whole = True
        self._matcher = matcher
        self._skip = skip
        self._most = most
        self._longest = MOST_SHOWN
        self._patience = PATIENCE

    @property
    def ended(self) -> bool:
        """Whether nobody looks further."""
        return self.matches >= MOST_COUNTED or self._patience <= 0

    def look(self, texts: Iterator[tuple[str, Text]]) -> bool:
        """At the next ``texts``, until a `PORTION` is over or there are no more. Whether it is to be called again.

        Raises InvalidQuery.
        """
        began = time.thread_time()
        more = False
        for document, text in texts:
            count = self._matcher.count(text)
            on_page = self.matches < self._skip + self._most and count != 0
            if count is None or on_page:
                found = self._places(document, text.text)
                self.whole = self.whole and found.whole
                count = found.count
            self.matches += count
            self.in_files += count > 0
            if more := self.ended or time.thread_time() - began > PORTION:
                break
        self._patience -= time.thread_time() - began
        return more and not self.ended

    def _places(self, document: str, text: str) -> Places:
        skip, end = (max(0, at - self.matches) for at in (self._skip, self._skip + self._most))
        found = self._matcher.places(text, skip, end - skip, self._longest, self._patience)
        if found.places:
            self.shown[document] = found
            self._longest -= sum(len(place.replacement or "") for place in found.places)
        return found


def _names(nodes: Sequence[Node], query: Query) -> Iterator[Match | None]:
    for node in nodes:
        at = query.in_name(node.path)
        yield Match(node.path, 0, at, node.path) if at is not None else None


def _lines(texts: Iterable[tuple[str, Text]], query: Query) -> Iterator[Match | None]:
    for path, text in texts:
        yield None
        for found in islice(query.lines(text), MOST_LINES):
            yield Match(path, found.line, found.column, found.text)
