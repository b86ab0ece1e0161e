"""The built-in assistant: answers where no model is configured, with what can be had without one, and says so."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from ai.checking.ruff import RuffFailed
from ai.models.continuation import continuation
from ai.models.passages import passages
from ai.models.port import Chunk, ModelRequest, SourceFile, Task
from ai.models.ruff_repair import repair_python
from ai.models.text_repair import laid_out_json, without_stray_blanks

_HOW_TO = (
    "Whoever runs this server can set `OPENAI_API_KEY`, or `OPENAI_BASE_URL` and `SCRIPTORIUM_MODEL` for an endpoint "
    "of your own such as vLLM, Ollama or llama.cpp, and start it again."
)
_MAX_CORPUS = 8_000_000  # letters


class LocalAssistant:
    """No model and no pretence of one: it repairs, formats and continues, and leaves instructions unread.

    `because` begins its notes, `greeting` what it says in a chat: why it answers and no model does.
    """

    name: Literal["local"] = "local"
    model = "local"
    price = None
    label = "Built-in assistant"
    label_detail = (
        "No model is configured. The built-in assistant repairs and formats code, continues text from your own files, "
        f"and finds passages. {_HOW_TO}"
    )

    def __init__(
        self,
        because: str = "No model is configured, so the instruction was not read.",
        greeting: str = f"No model is configured, so there is nobody here to answer. {_HOW_TO}",
    ) -> None:
        self._because = because
        self._greeting = greeting

    async def close(self) -> None:
        """Nothing is held open."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        answers = {"edit": self._edit, "write": self._write, "chat": self._chat, "completion": self._write}
        text, note = await answers[request.kind](request.task)
        for line in text.splitlines(keepends=True):
            yield Chunk(line)
            await asyncio.sleep(0)
        yield Chunk("", finish_reason="stop", note=note)

    async def _edit(self, task: Task) -> tuple[str, str]:
        text, did = task.selection, []
        if task.language == "python":
            try:
                stub = (task.path or "").endswith(".pyi")
                repair = await repair_python(task.before, text, task.after, stub=stub)
            except RuffFailed as failure:
                did.append(f"The file cannot be read by ruff: {failure}.")
            else:
                if repair.repaired:
                    did.append(f"Repaired with ruff: {'; '.join(repair.repaired)}.")
                elif repair.text != text:
                    did.append("Formatted with ruff.")
                if repair.left:
                    did.append(f"Left for a person: {'; '.join(repair.left[:5])}.")
                text = repair.text
        elif task.language == "json" and (laid_out := await asyncio.to_thread(_json, task)) is not None:
            if laid_out != text:
                did.append("Laid out the JSON.")
            text = laid_out
        tidy = without_stray_blanks(text, markdown=task.language == "markdown", ends_file=not task.after)
        if tidy != text:
            did.append("Took out stray blanks.")
        if tidy == task.selection:
            did.insert(0, "There is nothing here that the built-in assistant can repair.")
        return tidy, " ".join([self._because, *did])

    async def _write(self, task: Task) -> tuple[str, str]:
        files = await self._files(task)
        found = await asyncio.to_thread(continuation, task.before, task.after, task.path, files)
        if found is None:
            return "", (
                f"{self._because} Nothing in your files continues what stands before the cursor, so there is nothing "
                "to propose."
            )
        places = "1 place" if found.places == 1 else f"{found.places} places"
        return found.text, (f"{self._because} The text goes on as it does in {places} of {_named(found.paths)}.")

    async def _chat(self, task: Task) -> tuple[str, str | None]:
        found = await asyncio.to_thread(passages, task.instruction, await self._files(task))
        told = f"{self._greeting}\n"
        if found:
            told += "\nThese passages of your files share most words with your message:\n"
        for passage in found:
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", passage.text) or ["`"]))
            told += f"\n**{_plain(passage.path)}**, line {passage.line}\n\n{fence}\n{passage.text}\n{fence}\n"
        return told, None

    async def _files(self, task: Task) -> Sequence[SourceFile]:
        """Files that end alike first: they are what a bounded look should be spent on."""
        ending = (task.path or "").rpartition(".")[2]
        files = sorted(await task.corpus(), key=lambda file: (not file.path.endswith(ending), file.path))
        chosen, room = [], _MAX_CORPUS
        for file in files:
            room -= len(file.text)
            if room < 0:
                break
            chosen.append(file)
        return chosen


def _json(task: Task) -> str | None:
    """The selection laid out in the indentation of its file and, further in, of its own line."""
    line = task.before.rpartition("\n")[2] + task.selection
    margin = line[: len(line) - len(line.lstrip(" \t"))]
    indented = re.search(r"\n([ \t]+)\S", task.before + task.selection)
    lead = task.selection[: len(task.selection) - len(task.selection.lstrip())]
    end = task.selection[len(task.selection.rstrip()) :]
    indent = "  " if indented is None or margin else indented[1]
    laid_out = laid_out_json(task.selection, indent=indent, margin=margin)
    return lead + laid_out + end if laid_out is not None else None


def _named(paths: Sequence[str]) -> str:
    if not paths:
        return "this file"
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _plain(path: str) -> str:
    """A file name with nothing in it that Markdown would act upon."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~&-])", r"\\\1", path)
