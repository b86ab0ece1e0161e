"""Recipes: instructions with a name, for what a group asks for again and again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RecipeKind = Literal["edit", "write", "chat"]

_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9 _-]{0,39})\}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """edit: changes the selected text. write: writes after it, or at the cursor. chat: answers about it.

    `{a word}` in the instruction is a placeholder: whoever uses the recipe is asked what to put there.
    """

    name: str
    kind: RecipeKind
    instruction: str
    built_in: bool = False

    @property
    def placeholders(self) -> list[str]:
        """Each once, in their order."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(self.instruction)))

    def view(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "instruction": self.instruction,
            "placeholders": self.placeholders,
            "built_in": self.built_in,
        }


_INSTRUCTIONS: tuple[tuple[str, RecipeKind, str], ...] = (
    ("Explain", "chat", "Explain the selected text: what it says or does, and what is easily overlooked in it."),
    (
        "Fix",
        "edit",
        "Correct the mistakes: spelling and grammar in prose, errors in code. Keep meaning, style and layout, and "
        "leave everything as it is that is not wrong.",
    ),
    (
        "Translate",
        "edit",
        "Translate the text into {language}. Keep its markup, its line breaks and its tone; leave code, names and "
        "addresses as they are.",
    ),
    (
        "Translate code",
        "edit",
        "Write this code anew in {programming language}, as people write it who are at home there. It must do the "
        "same, and keeps its comments.",
    ),
    ("Summarise", "chat", "Summarise the selected text in a few sentences, the most important first."),
    (
        "Write tests",
        "edit",
        "Leave the code as it is, and write tests of it below it, with the test framework that is usual for its "
        "language: the ordinary cases, the limits, and what must fail.",
    ),
    (
        "Document",
        "edit",
        "Document this code with doc comments as they are usual in its language: what each part is for, what it takes, "
        "what it gives and how it fails. Change nothing else.",
    ),
)

BUILT_IN = tuple(Recipe(name, kind, instruction, built_in=True) for name, kind, instruction in _INSTRUCTIONS)


def with_built_in(own: Mapping[str, Recipe | None]) -> list[Recipe]:
    """The built-in recipes, each hidden (None) or replaced where `own` has its name, then the others of `own`.

    Letter case does not matter in names.
    """
    left = {name.casefold(): recipe for name, recipe in own.items()}
    built_in = [left.pop(recipe.name.casefold(), recipe) for recipe in BUILT_IN]
    return [recipe for recipe in (*built_in, *left.values()) if recipe is not None]
