"""What a workspace knows: kept as files settle, and searched by everybody who asks, people and models."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import structlog

from ai.knowledge.extracting import NotExtractable
from ai.knowledge.fusion import fused
from ai.knowledge.index import Index
from ai.knowledge.pieces import Holding, News, Pieces
from ai.knowledge.reading import VERSION, Piece, attempt
from ai.knowledge.vector_index import VectorIndex
from ai.knowledge.vectors import Rows, Vectors
from ai.knowledge.words import query_words, words
from ai.models.embedding import Embedder
from ai.models.port import ModelError
from ai.prompting.ignore import IGNORE_FILE, OWN_FOLDER, IgnoreRules
from ai.prompting.material import Material
from collab.aside import Aside, AsideFailed
from collab.documents.contents import Plain
from collab.files.files import Files
from storage.leases import Lease, Leases, LeaseUnavailable
from storage.mongo import Database
from storage.waiting import end

log = structlog.get_logger(__name__)

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes of a file that is looked into."""

MOST_HELD = 100_000
"""Pieces in the indexes of one process: some 600 MB. Workspaces that nobody asks about any more leave first."""

AT_A_TIME = 100
"""Documents that are looked at, at once."""

AT_ONCE = 4_000_000
"""Letters of pieces, or bytes of vectors, that are read or written at once."""

LEASE = 30.0
"""Seconds for which a process claims a workspace; renewed meanwhile."""

AGAIN = 60.0
"""Seconds after which a process tries again to go through a workspace."""

BELIEVED = 60.0
"""Seconds for which a workspace is taken to have been gone through: a process that failed may say otherwise."""

PATIENCE = 1.0
"""Seconds that a question waits for its vector."""

MOST_QUESTIONS = 500
"""Whose vectors are kept in memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a file that a question is about."""

    document: str
    path: str
    piece: Piece
    score: float
    relevance: float
    """Of the words of the question, as much as the piece or its title holds, rare ones weighing more: 0 to 1."""
    words: int
    """Of the question, that it holds."""
    of_known: float
    """As `relevance`, of those words alone that stand anywhere: what nobody has written down tells nothing apart."""
    distinct: float
    """How near what it means is to the question: from 1 on it stands out from what texts here mean."""
    line: int
    """Of the file, which holds most of what is asked."""


@dataclass(frozen=True, slots=True)
class State:
    """How much of a workspace is known: `known` of its `files`. `complete` once all of them were looked into."""

    files: int
    known: int
    complete: bool


class _Ranked(NamedTuple):
    document: str
    piece: Piece
    score: float
    distinct: float


@dataclass
class _Held:
    """The indexes of a workspace, with all up to these revisions."""

    near: VectorIndex | None
    index: Index = field(default_factory=Index)
    revision: int = 0
    vectors_revision: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def search(self, wanted: Sequence[str], row: Rows | None, most: int) -> list[_Ranked]:
        """By words, and with the `row` of a question also by what it means."""
        hits = self.index.search(wanted, most)
        if row is None or self.near is None:
            return [_Ranked(hit.document, hit.piece, hit.score, 0.0) for hit in hits]
        pieces = {(hit.document, hit.piece.key): hit.piece for hit in hits}
        by_words = list(pieces)
        distinct: dict[tuple[str, bytes], float] = {}
        for near in self.near.search(row, most):
            place = near.document, near.key
            # Or it says something else by now.
            piece = pieces.get(place) or self.index.of(*place)
            if piece is not None:
                pieces[place] = piece
                distinct[place] = near.distinct
        ranked = fused([by_words, list(distinct)])[:most]
        return [_Ranked(place[0], pieces[place], score, distinct.get(place, 0.0)) for place, score in ranked]


class Knowledge:
    def __init__(
        self,
        db: Database,
        leases: Leases,
        files: Files,
        material: Material,
        embedder: Embedder | None = None,
    ) -> None:
        """Without `embedder` texts are found by their words alone."""
        self._pieces = Pieces(db)
        self._vectors = Vectors(db, embedder) if embedder is not None else None
        self._model = embedder.model if embedder is not None else None
        self._filled = db["knowledge_filled"]
        self._leases = leases
        self._files = files
        self._material = material
        self._aside = Aside()
        """Of its own: its processes have little memory."""
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._complete: dict[str, float] = {}
        """Workspaces that have been gone through → when that was found, by the clock of the loop."""
        self._filling: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, float] = {}
        """Workspace → when going through it has failed, by the clock of the loop."""
        self._questions: OrderedDict[str, Rows] = OrderedDict()
        self._searching: set[asyncio.Task[list[Found]]] = set()

    @property
    def understands(self) -> bool:
        """Whether texts are found by what they mean as well."""
        return self._vectors is not None

    async def ensure_indexes(self) -> None:
        await self._pieces.ensure_indexes()
        if self._vectors is not None:
            await self._vectors.ensure_indexes()

    async def close(self) -> None:
        """Whatever is being gone through is gone on with by whoever needs it next."""
        await end([*self._filling.values(), *self._searching])
        await self._aside.close()

    # ---- learning

    async def learn(self, workspace: str, documents: Sequence[str]) -> None:
        """Keep what these files say now, where it is not what is kept already, and nothing of those that are gone.

        Raises:
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
        """
        documents = list(dict.fromkeys(documents))
        # One at a time: of two who look at a file one after the other, the first might write last.
        async with self._leases.hold(f"knowledge:{workspace}", LEASE, wait=LEASE) as lease:
            kept = await self._pieces.contents(documents)
            there: set[str] = set()
            news: list[News] = []
            letters = 0
            async for content in self._files.read_many(workspace, documents):
                entry, plain = content.entry, content.plain
                there.add(entry.id)
                if kept.get(entry.id) == (entry.path, plain.hash):
                    continue
                # Also where nothing is found: it was looked into.
                found = await self._read(entry.path, plain)
                news.append(News(entry.id, entry.path, plain.hash, found))
                letters += sum(len(piece.text) for piece in found)
                if letters > AT_ONCE:
                    await self._put(lease, workspace, news)
                    news, letters = [], 0
            await self._put(lease, workspace, [*news, *(News(document) for document in kept if document not in there)])

    async def _put(self, lease: Lease, workspace: str, news: Sequence[News]) -> None:
        _check(lease)
        if news:
            await self._pieces.put(workspace, news)

    async def understand(self, workspace: str, documents: Sequence[str]) -> None:
        """As `learn`, and keep vectors of what the files say, but for those that are kept from models.

        Raises:
            ai.models.ModelError: the endpoint gives none.
            As `learn`.
        """
        if self._vectors is None:
            return
        await self.learn(workspace, documents)
        async with self._leases.hold(f"vectors:{workspace}", LEASE, wait=LEASE) as lease:
            rules = await self._material.rules(workspace)
            holdings = await self._pieces.of(documents)
            if any(one.path == IGNORE_FILE for one in holdings):
                await self._vectors.forget_empty(workspace)  # what was kept from models may not be any more
                await self._begin_anew(workspace)
            told = [one if _is_told(one, rules) else replace(one, pieces=()) for one in holdings]
            try:
                await self._vectors.learn(workspace, told, lambda: _check(lease))
            except ModelError:
                await self._begin_anew(workspace)  # once the endpoint answers
                raise

    async def _begin_anew(self, workspace: str) -> None:
        """Whoever asks next has somebody go through all files that there are no vectors of."""
        self._complete.pop(workspace, None)
        await self._filled.update_one({"_id": workspace}, {"$set": {"model": None}})

    async def _read(self, path: str, plain: Plain) -> Sequence[Piece]:
        if plain.size > LARGEST_FILE:
            return ()
        try:
            # Not in a thread: files may be made to be read for ever, and grammars do not let the loop run meanwhile.
            return await self._aside.attempt(plain.size, attempt, await plain.bytes(), path)
        except (NotExtractable, AsideFailed) as error:
            log.info("a file is not known", path=path, why=str(error) or "took too long")
            return ()

    async def fill(self, workspace: str) -> None:
        """Look into the files that nobody has looked into: of before there was anybody to, or by another version.

        After a crash it goes on with what is left. Raises as `understand`; LeaseUnavailable when another process is at
        it.
        """
        async with self._leases.hold(f"knowledge-fill:{workspace}", LEASE):
            known = await self._pieces.known(workspace)
            if self._vectors is not None:
                understood = await self._vectors.known(workspace)
                known = {one: revision for one, revision in known.items() if understood.get(one) == revision}
            # What has not settled yet will; and nobody is told that it goes if it never does.
            settled = await self._files.contents.documents.claimed_paths(workspace)
            left = [one for one in await self._documents(workspace) if one not in known and one in settled]
            for start in range(0, len(left), AT_A_TIME):
                some = left[start : start + AT_A_TIME]
                await (self.learn if self._vectors is None else self.understand)(workspace, some)
            await self._filled.update_one({"_id": workspace}, {"$set": self._whole}, upsert=True)

    @property
    def _whole(self) -> dict[str, object]:
        """What the record of a workspace says that has been gone through."""
        return {"version": VERSION} | ({"model": self._model} if self._model is not None else {})

    async def is_complete(self, workspace: str) -> bool:
        """Whether the workspace has been gone through. If not, somebody is at it from now on."""
        if self._complete.get(workspace, -BELIEVED) + BELIEVED < _now():
            self._complete.pop(workspace, None)
            if await self._filled.find_one({"_id": workspace, **self._whole}) is not None:
                self._complete[workspace] = _now()
            elif workspace not in self._filling and self._failed.get(workspace, -AGAIN) + AGAIN < _now():
                task = self._filling[workspace] = asyncio.create_task(self._fill(workspace))
                task.add_done_callback(lambda _: self._filling.pop(workspace))
        return workspace in self._complete

    async def _fill(self, workspace: str) -> None:
        try:
            await self.fill(workspace)
        except LeaseUnavailable:
            pass
        except Exception as error:  # whoever asks later begins again
            self._failed[workspace] = _now()
            log.warning("a workspace could not be gone through", workspace=workspace, error=repr(error))

    async def _documents(self, workspace: str) -> list[str]:
        nodes = (await self._files.tree(workspace)).nodes
        return [node.id for node in nodes.values() if node.kind != "folder"]

    async def state(self, workspace: str) -> State:
        documents = await self._documents(workspace)
        known = await self._pieces.known(workspace)
        return State(len(documents), len(known.keys() & set(documents)), await self.is_complete(workspace))

    async def said_in(self, documents: Iterable[str]) -> dict[str, Sequence[Piece]]:
        """What is kept of each, in the order of its text: also of what is kept from models."""
        return {one.document: one.pieces for one in await self._pieces.of(list(documents))}

    # ---- searching

    async def search(
        self, workspace: str, question: str, most: int, folder: str = "", *, without: Collection[str] = ()
    ) -> list[Found]:
        """What the files in `folder`, "" for all, say of `question`; best first, nothing that is kept from models.

        `without`: documents that are not looked at. Whoever gives up waiting leaves it to go on: a thread that is in
        the middle of an index cannot be stopped, and nobody else may touch that meanwhile.
        """
        task = asyncio.create_task(self._search(workspace, question, most, folder, without))
        self._searching.add(task)
        task.add_done_callback(self._searching.discard)
        return await asyncio.shield(task)

    async def _search(
        self, workspace: str, question: str, most: int, folder: str, without: Collection[str]
    ) -> list[Found]:
        await self.is_complete(workspace)
        wanted = query_words(question)
        held = await self._caught_up(workspace)
        tree = await self._files.tree(workspace)
        rules = await self._material.rules(workspace)
        inside = f"{folder}/" if folder else ""
        places: dict[str, str | None] = {}

        def place(document: str) -> str | None:
            if document not in places:
                node = tree.nodes.get(document)
                there = node is not None and node.path.startswith(inside) and document not in without
                places[document] = node.path if node and there and _is_shown(node.path, rules) else None
            return places[document]

        row = await self._row(question) if held.near is not None and len(held.near) else None
        ranked: list[_Ranked] = []
        for looked_at in (4 * most, 64 * most, len(held.index)):
            async with held.lock:
                weights = held.index.weights(wanted)
                known = {word: weights[word] for word in held.index.known(wanted)}
                found = await asyncio.to_thread(held.search, wanted, row, looked_at)
            ranked = [one for one in found if place(one.document) is not None][:most]
            if len(ranked) == most or len(found) < looked_at:
                break
        answer = []
        for document, piece, score, distinct in ranked:
            path = places[document] or ""
            held_words = _words_in(path, piece).intersection(weights)
            relevance, of_known = _share(held_words, weights), _share(held_words, known)
            line = _line(weights, piece)
            answer.append(Found(document, path, piece, score, relevance, len(held_words), of_known, distinct, line))
        return answer

    async def _row(self, question: str) -> Rows | None:
        """None where the endpoint does not give it in time: then words have to do."""
        assert self._vectors is not None
        if (known := self._questions.get(question)) is not None:
            self._questions.move_to_end(question)
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                row = await self._vectors.of(question)
        except (ModelError, TimeoutError) as error:
            log.info("a question is looked for by its words alone", why=str(error) or "no answer in time")
            return None
        self._questions[question] = row
        if len(self._questions) > MOST_QUESTIONS:
            self._questions.popitem(last=False)
        return row

    async def _caught_up(self, workspace: str) -> _Held:
        if workspace not in self._held:
            self._held[workspace] = _Held(VectorIndex(self._model) if self._model is not None else None)
        held = self._held[workspace]
        self._held.move_to_end(workspace)
        async with held.lock:
            while holdings := await self._pieces.since(workspace, held.revision, AT_ONCE):
                await asyncio.to_thread(held.index.take, holdings)
                held.revision = holdings[-1].revision
            if self._vectors is not None and held.near is not None:
                while meanings := await self._vectors.since(workspace, held.vectors_revision, AT_ONCE):
                    await asyncio.to_thread(held.near.take, meanings)
                    held.vectors_revision = meanings[-1].revision
        while len(self._held) > 1 and sum(len(one.index) for one in self._held.values()) > MOST_HELD:
            self._held.popitem(last=False)
        return held

    async def erase(self, workspace: str) -> None:
        """All that is kept of a workspace that is deleted for good, and may not be learned from any more."""
        if (filling := self._filling.get(workspace)) is not None:
            await end([filling])
        async with (
            self._leases.hold(f"knowledge:{workspace}", LEASE, wait=LEASE),
            self._leases.hold(f"vectors:{workspace}", LEASE, wait=LEASE),
        ):
            self._held.pop(workspace, None)
            self._complete.pop(workspace, None)
            await self._filled.delete_one({"_id": workspace})
            await self._pieces.erase(workspace)
            if self._vectors is not None:
                await self._vectors.erase(workspace)


def _check(lease: Lease) -> None:
    if not lease.valid:
        raise LeaseUnavailable(lease.name)


def _is_shown(path: str, rules: IgnoreRules) -> bool:
    """To models, and to who looks for something. What governs the assistant is about none of the files."""
    return not path.startswith(f"{OWN_FOLDER}/") and not rules.ignores(path)


def _is_told(holding: Holding, rules: IgnoreRules) -> bool:
    return holding.path is not None and _is_shown(holding.path, rules)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _words_in(path: str, piece: Piece) -> set[str]:
    """Of the piece and its title."""
    return {*piece.words.split(" "), *words(" ".join((path, *piece.within)))}


def _share(held: Collection[str], weights: Mapping[str, float]) -> float:
    """Of the weight of all these words, that of those which are among `held`."""
    weight = sum(weights.get(word, 0.0) for word in held)
    return weight / sum(weights.values()) if weight else 0.0


def _line(weights: Mapping[str, float], piece: Piece) -> int:
    """The first of those that hold most: as letters, since splitting lines into words takes longer than searching."""
    lines = [line.casefold() for line in piece.text.split("\n")]
    held = [sum(weight for word, weight in weights.items() if word in line) for line in lines]
    return min(piece.last, piece.first + held.index(max(held)))
