"""What is kept from models, against git's own judgement, and against hostile patterns."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ai.prompting.ignore import IgnoreRules
from tests.support.work import growth_in_c


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.production",
        "app/.ENV",
        "deploy/prod.env",
        "keys/server.pem",
        "home/.ssh/config",
        ".aws/credentials",
        "config/credentials.json",
        "google-service-account-1.json",
        "secrets.yaml",
        "infra/terraform.tfstate.backup",
        "id_ed25519",
    ],
)
def test_secrets_are_kept_back_by_default(path: str) -> None:
    assert IgnoreRules().ignores(path)


@pytest.mark.parametrize(
    "path", ["main.py", "environment.md", "src/keys.ts", "ai/record/secrets.py", "docs/env/setup.md", "a b/ü.txt"]
)
def test_ordinary_files_are_not(path: str) -> None:
    assert not IgnoreRules().ignores(path)


def test_the_file_adds_and_allows() -> None:
    rules = IgnoreRules("# private\r\n/drafts/\n*.secret.md\n!.env.example\n\nnotes/**/private\n")
    assert rules.ignores("drafts/one.md")
    assert not rules.ignores("chapter/drafts/one.md")
    assert rules.ignores("a/b/plan.secret.md")
    assert not rules.ignores(".env.example")
    assert rules.ignores(".env.local")
    assert rules.ignores("notes/private/x.md")
    assert rules.ignores("notes/2026/may/private")
    assert not rules.ignores("notes/2026/public")


def test_what_is_no_pattern_takes_nothing_away_from_the_rest() -> None:
    rules = IgnoreRules("[\n!\n/\n\\\n***\n!!\n" + "x" * 5_000 + "\nkept\n")
    assert rules.ignores("kept")
    assert rules.ignores(".env")


HOSTILE: dict[str, Callable[[int], str]] = {
    "stars": lambda count: "*a" * count + "b",
    "classes": lambda count: "[a-z]*" * (count // 3) + "!",
    "folders": lambda count: "**/" * count + "b",
    "stars in folders": lambda count: "**/*a*a/" * (count // 4) + "*a*b",
}


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "path", ["a" * 255, "/".join("a" * 450), "/".join(["a" * 30] * 28)], ids=["long", "deep", "both"]
)
def test_time_grows_with_the_pattern_whatever_is_in_it(pattern: Callable[[int], str], path: str) -> None:
    def of_size(count: int) -> Callable[[], object]:
        rules = IgnoreRules(pattern(count))
        assert not rules.ignores(path)
        return lambda: [rules.ignores(path) for _ in range(20)]

    assert growth_in_c(of_size, 25) < 8


def test_git_judges_alike() -> None:
    """The vectors are random patterns and paths with what `git check-ignore --no-index` said of them."""
    for vector in json.loads((Path(__file__).parent / "vectors/ignore.json").read_text()):
        rules = IgnoreRules("\n".join(vector["lines"]))
        for path in (*vector["ignored"], *vector["others"]):
            assert rules.ignores(path) == (path in vector["ignored"]), (vector["lines"], path)
