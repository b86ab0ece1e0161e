"""Gathers what may be of use to a model beside the text at hand: other files, and what the group decided before.

Which files are open is known to the process that was asked, and stands in the job; which were edited last, anywhere, in
the database, some two seconds after the last keystroke. What is kept from models is in neither.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any

import structlog
from pymongo import ASCENDING, DESCENDING

from ai.choosing.choices import Choice
from ai.deciding.decision_record import decision_id
from ai.keeping.survey import Survey
from ai.knowledge.knowledge import Found, Knowledge
from ai.languages import language_of
from ai.pool.jobs import Job, JobState
from ai.prompting.analyses import Analyses
from ai.prompting.analysis import Analysis, is_lock_file
from ai.prompting.context import WINDOW, Candidate, Window
from ai.prompting.ignore import OWN_FOLDER
from ai.prompting.material import Material
from ai.prompting.prompt_data import Secrets
from ai.prompting.prompts import Prompt
from ai.prompting.tokens import Tokenizer
from ai.prompting.turns import Turns
from ai.proposals.hunks import Hunk, HunkState
from ai.record.secrets import clipped
from collab.files.files import FileEntry, Files
from collab.rooms.present import presents_of
from collab.rooms.rooms import Rooms
from storage.mongo import Database

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that gathering may take while somebody waits; then the prompt is made without it."""

MOST_FILES = 4
LARGEST_FILE = 256 * 1024
"""Bytes of a file that may be shown beside another one: what is longer is rarely written by people."""

MOST_REMEMBERED = 32
"""Other files whose texts are kept in memory: most requests are about the same few, and each costs six queries."""

MOST_EXAMPLES = 8
LONGEST_EXAMPLE = 2_000
"""Letters of a hunk's text that may serve as an example."""

MOST_PASSAGES = 6
RELEVANT = 0.3
"""Of the weight of a question's words, rare ones weighing more, as much as a passage must hold to be shown."""

DISTINCT = 1.0
"""Or how far it must stand out by what it means (`ai.knowledge.vector_index.Near`)."""

LEAST_WORDS = 2
"""Of an instruction, that a passage must hold: one of them says what to do ("shorten it"), as others do by chance."""

_LOOKED_AT = 24
"""Hunks and files of which these are chosen."""

OWN = 32
"""Tokens around a group's own instruction."""

LONG = 20_000
"""Letters of a text from which it is worth while to ask what somebody has found out about it."""

_APART = 60_000
"""Letters from which a prompt is made in a thread: some milliseconds' work."""

_VERDICTS = {
    HunkState.ACCEPTED: "accepted",
    HunkState.REJECTED: "rejected",
    HunkState.UNDONE: "accepted, and then undone",
}


class Gathering:
    def __init__(
        self,
        db: Database,
        files: Files,
        rooms: Rooms,
        material: Material,
        knowledge: Knowledge,
        survey: Survey,
        window: int = WINDOW,
    ) -> None:
        """`window` is how many tokens the model takes, question and answer together."""
        self._hunks = db["hunks"]
        self._feedback = db["feedback"]
        self._files = files
        self._rooms = rooms
        self._material = material
        self._knowledge = knowledge
        self._survey = survey
        self._window = window
        self._analyses = Analyses(db, rooms.aside)
        self._turns = Turns(db)
        self._settled: OrderedDict[tuple[str, datetime | None], tuple[str, Analysis]] = OrderedDict()

    async def ensure_indexes(self) -> None:
        await self._hunks.create_index([("workspace", ASCENDING), ("decided_at", DESCENDING)])
        await self._analyses.ensure_indexes()
        await self._turns.ensure_indexes()

    async def close(self) -> None:
        await self._analyses.close()

    def window(self, choice: Choice) -> Window:
        """For the model that a group has chosen, with room for the group's own instruction."""
        tokenizer = Tokenizer.of(choice.provider.model)
        own = tokenizer.count(choice.system_instruction) + OWN if choice.system_instruction else 0
        return Window(self._window, reserved=own, tokenizer=tokenizer)

    async def around(self, job: Job) -> list[Candidate]:
        """Candidates for the prompt of `job`, best first; none of them is from its own file."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return await self._around(job)
        return []

    async def known(self, job: Job, asked: str) -> list[Candidate] | None:
        """Numbered passages that have to do with `asked`, best first, from other files than those of `job`.

        None when nobody could look everywhere, empty when there is nothing.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                found = await self._relevant(job, asked, 1)
                if found or (found is not None and await self._knowledge.is_complete(job.workspace)):
                    return [_passage(one, number) for number, one in enumerate(found, start=1)]
        return None

    async def secrets_in(self, *parts: str) -> Secrets:
        """Where secrets stand in each of `parts`, which follow each other in one text, if somebody has looked already.

        Of a short text nobody has to: looking into it is as quick as asking.
        """
        text = "".join(parts)
        if len(text) < LONG:
            return {}
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                analysis = await self._analyses.known(text)
                if analysis is not None and analysis.secrets is not None:
                    ends = list(accumulate(map(len, parts), initial=0))
                    places = zip(parts, pairwise(ends), strict=True)
                    return {part: clipped(analysis.secrets, start, end) for part, (start, end) in places}
        return {}

    async def changed(self, job: Job, text: str) -> list[tuple[int, int]]:
        """The lines of the document of `job`, a question, that have changed since the question before it."""
        assert job.conversation is not None, "only questions come here"
        payload = job.payload
        return await self._turns.changed(
            job.workspace, job.conversation, payload["document"], payload["question"], text
        )

    async def prepare(self, job: Job, said: Sequence[str]) -> None:
        """Find out beforehand, however long it takes, what the methods above are going to be asked for `job`.

        `said` are the messages of its conversation so far.
        """
        documents = [place["document"] for place in _places(job)]
        presents = await presents_of(self._rooms, documents)
        texts = [present.text for present in presents.values()]
        await self._analyses.of([text for text in (*texts, *said) if len(text) >= LONG])
        # A job that runs is about to do the rest itself, and quicker without somebody beside it at the same.
        if job.state is JobState.QUEUED:
            await self._around(job)
            if job.conversation is not None and (opened := presents.get(job.payload["document"])) is not None:
                await self.changed(job, opened.text)

    async def _around(self, job: Job) -> list[Candidate]:
        if "task" in job.payload:
            [target] = job.payload["targets"]
            return await self._survey.of(job.workspace, target["document"], job.payload["gone"])
        # A question's passages are numbered, and come by themselves (`known`).
        asked = job.payload.get("instruction", "")
        files, examples, found = await asyncio.gather(
            self._other_files(job), self._examples(job), self._relevant(job, asked, LEAST_WORDS)
        )
        return [*map(_passage, found or ()), *files, *examples]

    async def _relevant(self, job: Job, asked: str, least: int) -> list[Found] | None:
        """None where it cannot be looked for: an answer without passages is better than none."""
        if not asked:
            return []
        own = {place["document"] for place in _places(job)}
        try:
            found = await self._knowledge.search(job.workspace, asked, MOST_PASSAGES, without=own)
        except Exception as error:
            log.warning("nobody could look for passages", workspace=job.workspace, error=repr(error))
            return None
        return [one for one in found if (one.relevance >= RELEVANT and one.words >= least) or one.distinct >= DISTINCT]

    async def _other_files(self, job: Job) -> list[Candidate]:
        opened = set(job.payload.get("open") or ())
        entries = await self._files.newest(job.workspace, _LOOKED_AT, among=opened)
        ignores = await self._material.rules(job.workspace)
        places = _places(job)
        own, language = {place["document"] for place in places}, _language(places)
        small = [
            entry
            for entry in entries
            if entry.id not in own
            and not entry.path.startswith(f"{OWN_FOLDER}/")
            and (entry.size or 0) <= LARGEST_FILE
            and not is_lock_file(entry.path)
            and not ignores.ignores(entry.path)
        ]

        def rank(entry: FileEntry) -> tuple[bool, bool, float]:
            when = entry.updated_at.timestamp() if entry.updated_at else 0.0
            return entry.id not in opened, language_of(entry.path) != language, -when

        chosen = sorted(small, key=rank)[:MOST_FILES]
        found = await self._looked_at(chosen)
        return [
            _file(entry, *found[entry.id], opened=entry.id in opened)
            for entry in chosen
            if entry.id in found and found[entry.id][1].made == "by hand"
        ]

    async def _looked_at(self, entries: Sequence[FileEntry]) -> dict[str, tuple[str, Analysis]]:
        """Document → its text and what is to be said of it. What nobody here has open is as it last settled."""
        found: dict[str, tuple[str, Analysis]] = {}
        for entry in entries:
            known = self._settled.get((entry.id, entry.updated_at))
            if known is not None and not self._rooms.visited(entry.id):
                self._settled.move_to_end((entry.id, entry.updated_at))
                found[entry.id] = known
        if not (others := [entry for entry in entries if entry.id not in found]):
            return found
        presents = await presents_of(self._rooms, [entry.id for entry in others])
        there = [entry for entry in others if entry.id in presents]
        analyses = await self._analyses.of([presents[entry.id].text for entry in there])
        for entry, analysis in zip(there, analyses, strict=True):
            found[entry.id] = self._settled[entry.id, entry.updated_at] = presents[entry.id].text, analysis
        while len(self._settled) > MOST_REMEMBERED:
            self._settled.popitem(last=False)
        return found

    async def _examples(self, job: Job) -> list[Candidate]:
        decided = {"workspace": job.workspace, "decided_at": {"$gt": 0}}
        newest = self._hunks.find(decided).sort([("decided_at", DESCENDING)]).limit(_LOOKED_AT)
        hunks = [Hunk.of(record) async for record in newest]
        if not hunks:
            return []
        tree = await self._files.tree(job.workspace)
        ignores = await self._material.rules(job.workspace)
        short = [
            hunk
            for hunk in hunks
            if max(len(hunk.base), len(hunk.proposed)) <= LONGEST_EXAMPLE
            and hunk.state in _VERDICTS
            and (node := tree.nodes.get(hunk.document)) is not None
            and not node.path.startswith(f"{OWN_FOLDER}/")
            and not ignores.ignores(node.path)
        ]
        language = _language(_places(job))
        chosen = sorted(short, key=lambda hunk: language_of(hunk.path) != language)[:MOST_EXAMPLES]
        names = {decision_id(hunk.id, hunk.revision - 1): hunk.id for hunk in chosen}
        fields = {"final_text": 1, "proposed_text": 1, "reason": 1}
        learned = self._feedback.find({"_id": {"$in": list(names)}}, fields)
        known = {names[record["_id"]]: record async for record in learned}
        return [_example(hunk, tree.nodes[hunk.document].path, known.get(hunk.id, {})) for hunk in chosen]


def _places(job: Job) -> list[Mapping[str, Any]]:
    """The documents that `job` is about: {document, path, …} each."""
    payload = job.payload
    if "targets" in payload:
        return list(payload["targets"])
    return [place for place in (payload, *payload.get("mentions", ())) if place["document"] is not None]


def _language(places: Sequence[Mapping[str, Any]]) -> str | None:
    return language_of(places[0]["path"]) if places else None


def _passage(found: Found, number: int | None = None) -> Candidate:
    piece = found.piece
    why = "has to do with what is asked"
    return Candidate(
        "knowledge",
        piece.text,
        why,
        "beginning",
        found.path,
        piece.first,
        number=number,
        within=piece.within,
        best=found.line,
    )


def _file(entry: FileEntry, text: str, analysis: Analysis, *, opened: bool) -> Candidate:
    """From behind the lines that say who may copy it."""
    start = 0
    for _ in range(analysis.header):
        start = text.index("\n", start) + 1
    secrets = clipped(analysis.secrets, start, len(text)) if analysis.secrets is not None else None
    why = "is open" if opened else "was edited last"
    return Candidate("file", text[start:], why, "beginning", entry.path, analysis.header + 1, secrets=secrets)


def _example(hunk: Hunk, path: str, learned: Mapping[str, Any]) -> Candidate:
    verdict = _VERDICTS[hunk.state]
    final = str(learned.get("final_text") or "")
    changed = hunk.state is HunkState.ACCEPTED and final not in ("", learned.get("proposed_text"))
    parts = [("was", hunk.base), ("proposed", hunk.proposed), ("verdict", verdict)]
    parts += [("became", final[:LONGEST_EXAMPLE])] if changed else []
    parts += [("reason", learned["reason"])] if learned.get("reason") else []
    by = hunk.decided_by.name if hunk.decided_by else "somebody"
    why = f"was {verdict} by {by}" + (" and then changed" if changed else "")
    return Candidate("example", "\n".join(text for _, text in parts), why, "whole", path, parts=tuple(parts))


async def prompted(door: Callable[..., Prompt], *, window: Window, **given: Any) -> Prompt:
    """`door(window=window, **given)`, in a thread when there is much to look at. Raises as `door`."""
    await window.tokenizer.ready()
    texts = [value for value in given.values() if isinstance(value, str)]
    texts += [turn.content for turn in given.get("history") or ()]
    texts += [one.text for one in given.get("around") or ()]
    if sum(map(len, texts)) < _APART:
        return door(window=window, **given)
    return await asyncio.to_thread(door, window=window, **given)
