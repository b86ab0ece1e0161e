"""What a model is told: the instruction of a person, and the text of documents as data that cannot instruct.

Models are asked for the new text alone, since small ones break every richer format; the difference is found here
(`ai.answers.streaming_diff`). Of long texts they are asked for search/replace blocks, as in `ai.answers.blocks`. What
goes in beside the instruction is chosen by `ai.prompting.context`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ai.answers.blocks import instructions as form_of_blocks
from ai.answers.files_answer import INSTRUCTIONS as form_of_files
from ai.answers.matching import Ambiguous, Missing
from ai.chat.dialogue import alternating
from ai.models.port import ChatMessage, SourceFile
from ai.prompting.context import MARGIN, Candidate, Cut, Role, Window
from ai.prompting.prompt_data import (
    Prompt,
    PromptData,
    Secrets,
    data_rule,
    marked,
    named_lines,
    without_marks,
    word_apart_from,
)
from ai.proposals.rewriting import Failure
from ai.record.secrets import clipped, redact

__all__ = [
    "Prompt",
    "chat_prompt",
    "completion_prompt",
    "edit_prompt",
    "files_prompt",
    "instructed",
    "repair_prompt",
    "without_marks",
    "write_prompt",
]

_AROUND: Mapping[Role, int] = {
    "about": 10,
    "before": 35,
    "after": 25,
    "knowledge": 15,
    "file": 20,
    "example": 10,
}
_TALK: Mapping[Role, int] = {
    "selection": 20,
    "document": 25,
    "mentioned": 20,
    "knowledge": 25,
    "history": 20,
    "file": 9,
    "example": 6,
}
_NEW: Mapping[Role, int] = {"files": 30, "knowledge": 20, "file": 50, "example": 20}
"""Shares of the room for the surroundings."""

# Of a completion the first word has to come while the person still pauses, and every letter read delays it.
_JUST_BEFORE, _JUST_AFTER = 3_000, 1_000
_JUST_AROUND: Mapping[Role, int] = {"before": 75, "after": 25}
_JUST_TOKENS = 1_500

_EDIT = (
    "You edit a selected part of a document for a group of people who work on it together. Answer with the text that "
    "is to stand in place of the selection, whole and nothing else: no explanation, no code fence around it, nothing "
    "from before or after the selection. Leave everything as it is that the instruction does not ask you to change, "
    "with its indentation and its line breaks. If nothing is to remain of the selection, answer with an empty code "
    "block. "
)
_BLOCKS = (
    "You edit a selected part of a document for a group of people who work on it together. Answer with search/replace "
    "blocks and nothing else, in this form:\n\n{form}\n\nThe first half of a block repeats whole lines of the "
    "selection, letter by letter with their indentation, enough of them to be there only once; the second half is what "
    "is to stand there instead. Make a block for each place that changes, and leave everything as it is that the "
    "instruction does not ask you to change. "
)
_SEVERAL = (
    "The request is about several documents, and this is one of them; each of the others is changed by itself in the "
    "same way. Where nothing in this one has to change, answer with the selection as it is{or_nothing}. "
)
_REPAIR = (
    "Of your blocks, these could not be placed; all others were. Write them again in the same form, and only them, "
    "with the lines exactly as they are in the selection."
)
_ASTRAY = (
    "There is no block in your answer. Answer again with search/replace blocks and nothing else, in the form that you "
    "were told. If nothing in the selection is to be changed, answer with the word none."
)
_WRITE = (
    "You write into a document for a group of people who work on it together. Answer with the text that is to be "
    "inserted at the cursor, between what stands before and what stands after it, and with nothing else: no "
    "explanation, no code fence around it, no repetition of what is there already. Follow the language, the style and "
    "the indentation of the document. "
)
_FILES = (
    "You write new files into a folder for a group of people who work on it together. Answer with the files and "
    "nothing else, each begun by a line that names it, in this form:\n\n{form}\n\nNo code fence around a file, no "
    "explanation before, between or after them. Make as many files as the instruction needs and no more; none of those "
    "that are there already can be written. "
)
_COMPLETE = (
    "Somebody is typing in a document, and you complete what they are typing. Answer with the text that comes next at "
    "the cursor, between what stands before and what stands after it, and with nothing else: no explanation, no code "
    "fence around it, no repetition of what stands before or after. Begin with the very next letter, or with a blank "
    "or a line break where one belongs there. Be short: finish the sentence, the statement or the block that was "
    "begun, in a few lines at most. Follow the language, the style and the indentation of the document. If nothing is "
    "to be added, answer with an empty code block. "
)
_CHAT = (
    "You are the assistant of a group of people who work together on the documents of one workspace, and you answer "
    "in a chat that all of them read. Be brief and exact, write Markdown, and answer in the language of the question. "
    "Say so when you do not know. You cannot change documents from here. "
)
_CITE = (
    "Where something you say is taken from one of the numbered passages, put its number in brackets behind it, such as "
    "[1] or [2][3]; cite no passage that says nothing of it. "
)
_NOTHING_FOUND = (
    "Nothing was found in the files of the group that has to do with the question. If it is about their work, say that "
    "you found nothing about it in their files, before you answer from what you know otherwise. "
)


_ASTRAY_SHOWN = 1_000
"""Letters of an answer that a model is shown again."""


def edit_prompt(
    *,
    instruction: str,
    path: str | None,
    language: str | None,
    before: str,
    selection: str,
    after: str,
    blocks: int | None = None,
    about: str = "",
    paths: Sequence[str] = (),
    around: Sequence[Candidate] = (),
    secrets: Secrets | None = None,
    window: Window | None = None,
) -> Prompt:
    """Asks for the text that replaces `selection`, or for search/replace blocks with marks of `blocks` characters.

    The selection goes in as it stands. Where the request is about several documents, `about` is what was selected when
    it was made, and `paths` are all. Raises TooMuchForModel.
    """
    known = secrets or {}
    data = PromptData(path, language, window or Window(), ("before", "after"), paths=paths)
    data.select(selection, line=before.count("\n") + 1, rewritten=blocks is None)
    rest = before.count("\n") + selection.count("\n") + 1
    own = (
        Candidate("about", about, "was selected when it was asked", "beginning"),
        Candidate("before", before, "stands before the selection", "end", path, secrets=known.get(before)),
        Candidate("after", after, "stands after the selection", "beginning", path, rest, secrets=known.get(after)),
    )
    task = _EDIT if blocks is None else _BLOCKS.format(form=form_of_blocks(blocks))
    if paths:
        task += _SEVERAL.format(or_nothing="" if blocks is None else ", or with the word none")
    return data.prompt(task, f"Change the selection as follows:\n{instruction}", (*around, *own), _AROUND)


def repair_prompt(asked: Prompt, said: str, failures: Sequence[Failure]) -> Prompt:
    """Asks once more for the blocks of an answer that could not be placed."""
    searched = ["".join(failure.search).removesuffix("\n") for failure in failures]
    # As they stand: they have to be repeated letter by letter.
    near = [one.problem.nearest if isinstance(one.problem, Missing) else "" for one in failures]
    word = word_apart_from([*searched, *near])
    parts = []
    for number, (failure, text, nearest) in enumerate(zip(failures, searched, near, strict=True), start=1):
        match failure.problem:
            case Ambiguous(places):
                why = f"Its lines are there {places} times: repeat more of the lines around them."
            case Missing() if nearest:
                why = "Its lines are not there. These come close:\n" + marked(word, "nearest", nearest)
            case Missing():
                why = "Its lines are not there."
            case None:
                why = "Another block has changed these lines already."
        parts.append(f"{number}. {marked(word, 'block', text)}\n{why}")
    again = "\n\n".join([_REPAIR, data_rule(f"block-{word}"), *parts])
    answered = [ChatMessage("assistant", said), ChatMessage("user", again)]
    return Prompt([*asked.messages, *answered], asked.context)


def astray_prompt(asked: Prompt, said: str) -> Prompt:
    """Asks once more for blocks where an answer had none."""
    # Its beginning shows what was wrong; the rest may be long.
    answered = [ChatMessage("assistant", said[:_ASTRAY_SHOWN]), ChatMessage("user", _ASTRAY)]
    return Prompt([*asked.messages, *answered], asked.context)


def write_prompt(
    *,
    instruction: str,
    path: str | None,
    language: str | None,
    before: str,
    after: str,
    around: Sequence[Candidate] = (),
    secrets: Secrets | None = None,
    window: Window | None = None,
) -> Prompt:
    """Asks for a text to insert between `before` and `after`. Raises TooMuchForModel."""
    known = secrets or {}
    data = PromptData(path, language, window or Window(), ("before", "after"))
    rest = before.count("\n") + 1
    sides = (
        Candidate("before", before, "stands before the cursor", "end", path, secrets=known.get(before)),
        Candidate("after", after, "stands after the cursor", "beginning", path, rest, secrets=known.get(after)),
    )
    asked = f"Write at the cursor, between the two, as follows:\n{instruction}"
    return data.prompt(_WRITE, asked, (*around, *sides), _AROUND)


def files_prompt(
    *,
    instruction: str,
    folder: str,
    there: Sequence[str],
    around: Sequence[Candidate] = (),
    window: Window | None = None,
) -> Prompt:
    """Asks for new files in `folder`, in which the files at the paths `there` are already. Raises TooMuchForModel."""
    data = PromptData(folder or None, None, window or Window(), ("files",))
    names = Candidate("files", "\n".join(there), "are the names of what is there", "beginning", folder or None)
    asked = f"Write the files as follows:\n{instruction}"
    return data.prompt(_FILES.format(form=form_of_files), asked, (*around, names), _NEW)


def completion_prompt(
    *, path: str | None, language: str | None, before: str, after: str, window: Window | None = None
) -> Prompt:
    """Asks for the next words or lines between `before` and `after`. Raises TooMuchForModel."""
    room = replace(window or Window(), surroundings=_JUST_TOKENS)
    # What comes before goes last: what a small model has read last it goes on with.
    data = PromptData(path, language, room, ("before", "after"), last="before")
    near = before[-_JUST_BEFORE:]
    if len(near) < len(before) and "\n" in near[:-1]:
        near = near.partition("\n")[2]
    behind = after[:_JUST_AFTER]
    # Looked for beyond both: half a key has no known form.
    wide = before[-len(near) - MARGIN :] if near else ""
    secrets = redact(wide + after[: _JUST_AFTER + MARGIN]).redactions
    cursor = len(wide)
    line = before.count("\n") + 1
    sides = (
        Candidate(
            "before",
            near,
            "stands before the cursor",
            "end",
            path,
            line - near.count("\n"),
            secrets=clipped(secrets, cursor - len(near), cursor),
        ),
        Candidate(
            "after",
            behind,
            "stands after the cursor",
            "beginning",
            path,
            line,
            secrets=clipped(secrets, cursor, cursor + len(behind)),
        ),
    )
    asked = "Go on right behind the last letter of what stands before the cursor."
    return data.prompt(_COMPLETE, asked, sides, _JUST_AROUND)


def chat_prompt(
    *,
    question: str,
    history: Sequence[ChatMessage] = (),
    path: str | None = None,
    language: str | None = None,
    document: str | None = None,
    selection: str | None = None,
    mentioned: Sequence[SourceFile] = (),
    changed: Sequence[tuple[int, int]] = (),
    known: Sequence[Candidate] | None = None,
    around: Sequence[Candidate] = (),
    secrets: Secrets | None = None,
    window: Window | None = None,
) -> Prompt:
    """Asks a question, after as much of the conversation as fits, with the open document and those that it mentions.

    `selection` is what of the open one the question is about, and `changed` are its lines, first and last each, which
    are not as they were at the question before. `known` are numbered passages to be cited, none where nothing was
    found, None where nobody has looked. The context's item of role history tells how many `messages` went in, and of
    how many, `of_messages`. Raises TooMuchForModel.
    """
    places = secrets or {}
    data = PromptData(path, language, window or Window(), changed=changed)
    why = "is open where it was asked" + (f", and has changed in {named_lines(changed)} since" if changed else "")
    shown = document or ""
    open_now = Candidate("document", shown, why, "beginning", path, secrets=places.get(shown))
    named = [
        Candidate("mentioned", one.text, "is mentioned", "beginning", one.path, secrets=places.get(one.text))
        for one in mentioned
    ]
    about = Candidate("selection", selection or "", "was selected when it was asked", "beginning")
    turns = [_turn(turn, places, newest=number == 0) for number, turn in enumerate(reversed(history))]
    alone = not (shown or named or history)
    task = _CHAT + (_NOTHING_FOUND if known is not None and not known and alone else "")
    task += _CITE if known else ""
    prompt = data.prompt(task, question, (*(known or ()), *around, about, open_now, *named, *turns), _TALK)
    system, *said = prompt.messages
    return replace(prompt, messages=[system, *alternating(said)])


def _turn(turn: ChatMessage, known: Secrets, *, newest: bool) -> Candidate:
    speaker: Literal["user", "assistant"] = "assistant" if turn.role == "assistant" else "user"
    cut: Cut = "beginning" if newest else "whole"
    text = turn.content
    return Candidate("history", text, "was said before", cut, speaker=speaker, secrets=known.get(text))


def instructed(prompt: Prompt, instruction: str | None) -> Prompt:
    """With what the group itself wants of its assistant, in everything: it stands where no document can come.

    Whoever asks has left room for it (`ai.prompting.context.Window.reserved`).
    """
    if instruction is None:
        return prompt
    system, *rest = prompt.messages
    own = f"{system.content}\n\nThe group that you work for has set this for all that you do:\n{instruction}"
    return replace(prompt, messages=[ChatMessage("system", own), *rest])
