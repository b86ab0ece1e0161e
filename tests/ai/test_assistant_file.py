"""`.scriptorium/assistant.yaml`: what it can say, and that whatever else it says gets a line and a sentence."""

import random
import re
from datetime import time
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ai.choosing.assistant_file import MOST_RECIPES, AssistantFile, parse
from ai.choosing.recipes import BUILT_IN, Recipe, with_built_in
from ai.choosing.yaml_text import MOST_BYTES, BadYaml
from ai.models import ModelParams, Price
from ai.models.endpoints import Endpoint, Endpoints
from ai.models.environment import endpoints_from
from ai.notices.notice import Kind
from ai.notices.restraint import Restraint
from server.settings import Settings
from tests.support.server import ROOT

ENDPOINTS = Endpoints(
    [
        Endpoint("default", {"small": None}),
        Endpoint("house", {"qwen3-coder": Price(0.2, 0.8), "qwen3-small": None}, "http://h/v1", knows_top_k=True),
    ]
)

GOOD = """\
# Agreed on in May.
endpoint: house  # our own machine
model: qwen3-small
temperature: 0.3
top_p: 0.9
top_k: 40
max_tokens: 2000
system_instruction: |
  We write British English.
  See https://example.org/style for the rest.
recipes:
  Fix: hidden
  explain:
    kind: chat
    instruction: Explain it to a child of eight.
  Haiku:
    kind: edit
    instruction: Make it a haiku about {a season}, not about {a colour} or {a season}.
"""


def refused(text: str) -> BadYaml:
    with pytest.raises(BadYaml) as caught:
        parse(text, ENDPOINTS)
    return caught.value


def test_a_file_says_who_answers_and_how() -> None:
    file = parse(GOOD, ENDPOINTS)
    assert (file.endpoint, file.model) == ("house", "qwen3-small")
    assert file.params == ModelParams(0.3, 0.9, 40, 2000)
    assert file.system_instruction is not None
    assert file.system_instruction.startswith("We write British English.\nSee https://")


def test_what_it_says_unasked_and_when_is_for_the_group_to_say() -> None:
    text = "notices:\n  broken: no\n  most_per_hour: 3\n  quiet_hours: 18:00-08:30\n  time_zone: Europe/Berlin\n"
    assert parse(text, ENDPOINTS).restraint == Restraint(
        frozenset({"broken"}), 3, (time(18), time(8, 30)), ZoneInfo("Europe/Berlin")
    )
    assert parse("notices:\n  faults: On\n  quiet_hours:\n", ENDPOINTS).restraint == Restraint()
    assert parse("notices:\n", ENDPOINTS).restraint == AssistantFile().restraint == Restraint()
    kinds = set(get_args(Kind))
    every = parse("notices: {" + ", ".join(f"{kind}: off" for kind in kinds) + "}", ENDPOINTS)
    assert every.restraint.silent == kinds


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "temperature:\n", "recipes:\n", "---\n", "model: ~\n"])
def test_what_is_left_out_or_empty_is_left_to_the_server(text: str) -> None:
    assert parse(text, ENDPOINTS) == AssistantFile()


def test_quotes_make_no_difference_to_a_number() -> None:
    assert parse('temperature: "0.5"\nmax_tokens: "10"', ENDPOINTS).params == ModelParams(0.5, max_tokens=10)


def test_recipes_hide_replace_and_join_the_built_in_ones() -> None:
    recipes = parse(GOOD, ENDPOINTS).all_recipes()
    names = [recipe.name for recipe in recipes]
    assert names == ["explain", "Translate", "Translate code", "Summarise", "Write tests", "Document", "Haiku"]
    assert recipes[0].instruction == "Explain it to a child of eight."
    assert recipes[-1].placeholders == ["a season", "a colour"]
    assert with_built_in({}) == list(BUILT_IN)


def test_the_built_in_recipes_are_what_groups_ask_for() -> None:
    kinds = {recipe.name: (recipe.kind, recipe.placeholders) for recipe in BUILT_IN}
    assert kinds == {
        "Explain": ("chat", []),
        "Fix": ("edit", []),
        "Translate": ("edit", ["language"]),
        "Translate code": ("edit", ["programming language"]),
        "Summarise": ("chat", []),
        "Write tests": ("edit", []),
        "Document": ("edit", []),
    }


@pytest.mark.parametrize("text", ["{}", "{a", "a}", "{ a }", "{0}", "{a.b}", "{" + "a" * 41 + "}", 'f"{x:>3}"'])
def test_braces_that_hold_no_plain_words_are_text(text: str) -> None:
    assert Recipe("x", "edit", text).placeholders == []


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        # What is no YAML, or YAML that is refused.
        ("a:\n\tb: c\n", 2, 1, "not with tabs"),
        ("model: a: b\n", 1, 9, "colon"),
        ("model: 'small\n", 1, 14, "quotation mark"),
        ("recipes: [a\n", 1, 12, "brackets"),
        ("recipes:\n  A:\n    kind: edit\n   instruction: x\n", 4, 4, "indented"),
        ("model: &a small\n", 1, 8, "&"),
        ("model: *a\n", 1, 8, "*"),
        ("model: !!str small\n", 1, 8, "tags"),
        ("model: small\nmodel: small\n", 2, 1, "twice"),
        ("model: small\n---\nmodel: small\n", 2, 1, "second document"),
        ("model: small\n? [a]\n: b\n", 2, 3, "name"),
        ("model: " + "[" * 1_000, 1, 16, "nested too deep"),
        ("model: s\x07mall\n", 1, 9, "cannot be seen"),
        ("# a\n" + "# é\n" * (MOST_BYTES // 4), 6554, 4, "too long"),
        # Settings.
        ("small\n", 1, 1, "settings are expected"),
        ("- model: small\n", 1, 1, "settings are expected"),
        ("\nmodell: small\n", 2, 1, "no setting"),
        ("temperature: warm\n", 1, 14, "a number from 0 to 2"),
        ("temperature: 2.5\n", 1, 14, "a number from 0 to 2"),
        ("temperature: .nan\n", 1, 14, "a number from 0 to 2"),
        ("temperature: nan\n", 1, 14, "a number from 0 to 2"),
        ("temperature: [0.5]\n", 1, 14, "a number from 0 to 2"),
        ("top_p: 0\n", 1, 8, "above 0"),
        ("endpoint: house\ntop_k: 1.5\n", 2, 8, "a whole number"),
        ("max_tokens: 0\n", 1, 13, "a whole number from 1"),
        ("model: {a: b}\n", 1, 8, "the name of a model"),
        ("system_instruction: [a]\n", 1, 21, "a text"),
        ("system_instruction: |\n" + "  word word\n" * 1_000, 1, 21, "at most 8000"),
        ("model: small\ntemperature: 9\nmodell: small\n", 2, 14, "a number"),
        # Endpoints are named, and are the server's.
        ("endpoint: garage\n", 1, 11, "no endpoint “garage”. It has: default, local, house."),
        ("model: qwen3-small\n", 1, 8, "It has: small."),
        ("top_k: 5\n", 1, 1, "does not know “top_k”"),
        ("endpoint: http://h/v1\n", 1, 11, "not an address"),
        ("model: https://h/v1\n", 1, 8, "not an address"),
        ("base_url: x\n", 1, 1, "set on the server"),
        ("API_KEY: x\n", 1, 1, "set on the server"),
        ("system_instruction: use sk-proj-Zk3v9QpLw8xYt2Rn5Bc7Df1G\n", 1, 25, "looks like a password or a key"),
        ("# sk-proj-Zk3v9QpLw8xYt2Rn5Bc7Df1G\n", 1, 3, "looks like a password or a key"),
        # Recipes.
        ("recipes: [a]\n", 1, 10, "at most 40 recipes"),
        ("recipes:\n  A:\n", 2, 5, "needs kind and instruction"),
        ("recipes:\n  A: hide\n", 2, 6, "needs kind and instruction"),
        ("recipes:\n  A: {kind: edit}\n", 2, 3, "has no “instruction”"),
        ("recipes:\n  A: {kind: edit, instruction: }\n", 2, 32, "“instruction” must be"),
        ("recipes:\n  A: {kind: edits, instruction: x}\n", 2, 13, "one of edit, write and chat"),
        ("recipes:\n  A: {kind: edit, instruction: x, model: small}\n", 2, 35, "no part of a recipe"),
        ("recipes:\n  '': hidden\n", 2, 3, "1 to 40 characters"),
        ("recipes:\n  " + "A" * 41 + ": hidden\n", 2, 3, "1 to 40 characters"),
        ("recipes:\n  A: hidden\n  a: hidden\n", 3, 3, "another recipe"),
        ("recipes:\n  A: hidden\n  ' A ': hidden\n", 3, 3, "another recipe"),
        ("recipes:\n  A: {kind: edit, instruction: '{a}{b}{c}{d}{e}{f}'}\n", 2, 32, "at most 5"),
        ("recipes:\n" + "".join(f"  A{n}: hidden\n" for n in range(MOST_RECIPES + 1)), 2, 3, "at most 40 recipes"),
        # Notices.
        ("notices: off\n", 1, 10, "settings of their own"),
        ("notices:\n  fault: on\n", 2, 3, "“fault” is no setting of notices. There are: broken, faults,"),
        ("notices:\n  faults: perhaps\n", 2, 11, "“faults” must be on or off"),
        ("notices:\n  faults: [off]\n", 2, 11, "“faults” must be on or off"),
        ("notices:\n  knowledge: monthly\n", 2, 14, "“knowledge” must be daily, weekly or off"),
        ("notices:\n  knowledge: on\n", 2, 14, "“knowledge” must be daily, weekly or off"),
        ("notices:\n  most_per_hour: -1\n", 2, 18, "from 0 to 100"),
        ("notices:\n  quiet_hours: 18-8\n", 2, 16, "two times, such as 18:00-08:30"),
        ("notices:\n  quiet_hours: 24:00-08:00\n", 2, 16, "two times"),
        ("notices:\n  quiet_hours: [18:00, 08:00]\n", 2, 16, "two times"),
        ("notices:\n  time_zone: Berlin\n", 2, 14, "the name of a time zone"),
        ("notices:\n  time_zone: ../../etc/passwd\n", 2, 14, "the name of a time zone"),
        ("notices:\n  time_zone: Europe\n", 2, 14, "the name of a time zone"),
        ("notices:\n  time_zone: [UTC]\n", 2, 14, "the name of a time zone"),
    ],
)
def test_each_mistake_names_its_place_in_plain_words(text: str, line: int, column: int, said: str) -> None:
    error = refused(text)
    assert said in error.message
    assert (error.line, error.column) == (line, column)
    assert error.message.endswith(".")


def test_the_examples_of_the_documentation_are_good(tmp_path: Path) -> None:
    server, group = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "assistant.md").read_text(), re.DOTALL)
    (path := tmp_path / "endpoints.yaml").write_text(server)
    settings = Settings(data_dir=tmp_path, endpoints_file=path)
    endpoints = Endpoints(endpoints_from(settings, {"HOUSE_KEY": "a", "CLOUD_KEY": "b"}))
    file = parse(group, endpoints)
    assert (file.endpoint, file.model, file.top_k) == ("house", "qwen3-coder", 40)
    assert file.restraint == Restraint(
        frozenset({"faults"}), 3, (time(18), time(8, 30)), ZoneInfo("Europe/Berlin"), "weekly"
    )
    names = [recipe.name for recipe in file.all_recipes()]
    assert names == ["Explain", "Translate", "Translate code", "Summarise", "Write tests", "Document", "As a haiku"]


def test_aliases_cannot_grow_a_small_text_into_a_large_one() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert refused("\n".join(["a0: &a0 [x]", *levels])).line == 1


def refusal(text: str) -> BadYaml | None:
    try:
        parse(text, ENDPOINTS)
    except BadYaml as error:
        return error
    return None


def check_refusal(text: str) -> None:
    """`text` is read, or refused in words, at a place that is in it."""
    if (error := refusal(text)) is not None:
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        assert error.message.endswith(".")


@pytest.mark.parametrize("seed", range(40))
def test_good_files_with_mistakes_in_them_raise_nothing_else(seed: int) -> None:
    dice = random.Random(seed)
    signs = [
        *"\n\t :-{}[]&*!|>'\"%@`#,?~0.x",
        "\r\n",
        "é",
        "😀",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "---\n",
        ": ",
        "  ",
    ]
    for _ in range(50):
        text = GOOD
        for _ in range(dice.randint(1, 4)):
            start = dice.randint(0, len(text))
            end = min(len(text), start + dice.choice([0, 0, 1, 2, 20]))
            other = dice.randint(0, len(text))
            put = dice.choice([dice.choice(signs), text[other : other + dice.randint(1, 30)], ""])
            text = text[:start] + put + text[end:]
        check_refusal(text)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_raises_nothing_else(text: str) -> None:
    check_refusal(text)


NAMES = st.text(st.sampled_from("abcdeXYZ é'\"-:#{}0"), min_size=1, max_size=20).filter(lambda name: name.strip())
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs", "S"]), min_size=1, max_size=80).filter(
    lambda words: words.strip() and words.strip() != "hidden"
)
RECIPES = st.dictionaries(
    NAMES,
    st.one_of(
        st.just("hidden"),
        st.fixed_dictionaries({"kind": st.sampled_from(["edit", "write", "chat"]), "instruction": WORDS}),
    ),
    max_size=5,
).filter(lambda recipes: len({name.strip().casefold() for name in recipes}) == len(recipes))
FILES = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.just("house"),
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0.001, 1),
        "max_tokens": st.integers(1, 1_000_000),
        "system_instruction": WORDS,
        "recipes": RECIPES,
    },
)


@given(FILES, st.booleans())
def test_what_a_library_writes_is_read_as_it_was_meant(meant: dict[str, object], flow: bool) -> None:
    text = yaml.safe_dump(meant, allow_unicode=True, default_flow_style=flow, width=10_000)
    if (error := refusal(text)) is not None:
        assert "looks like a password" in error.message or "at most 5 things" in error.message
        return
    file = parse(text, ENDPOINTS)
    for name in ("endpoint", "temperature", "top_p", "max_tokens"):
        assert getattr(file, name) == meant.get(name)
    told = meant.get("system_instruction")
    assert file.system_instruction == (told.strip() if isinstance(told, str) else None)
    recipes = meant.get("recipes") or {}
    assert isinstance(recipes, dict)
    assert set(file.recipes or {}) == {name.strip() for name in recipes}
