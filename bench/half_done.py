"""What the assistant would say of changes left half done, over the history of a git repository.

    python bench/half_done.py <repository> [--commits 2000]

Each file of each commit is taken for a stretch of work, and looked at as a server does when it rests. A commit is a
finished thing, so what is spoken of there was mostly meant to stay: that is how often it pesters. Then one place of
each change that was made everywhere is put back, and it is counted how often the assistant offers just that: that is
how often it helps.
"""

import argparse
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ai.languages import is_prose, language_of
from ai.notices.repeats import Repeat, defines, is_public, places, repeats
from ai.notices.triggers import MOST_FILES


def git(repository: Path, *arguments: str) -> str:
    found = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, check=True)
    return found.stdout.decode(errors="replace")


def text_at(repository: Path, commit: str, path: str) -> str | None:
    found = subprocess.run(["git", "-C", repository, "show", f"{commit}:{path}"], capture_output=True, check=False)
    return found.stdout.decode(errors="replace") if found.returncode == 0 and b"\0" not in found.stdout[:8000] else None


def changes(repository: Path, most: int) -> Iterator[tuple[str, list[str]]]:
    """Commit and the files that it modifies, oldest first."""
    told = git(
        repository, "log", "--no-merges", "--reverse", f"-{most}", "--name-only", "--diff-filter=M", "--format=%x00%H"
    )
    for part in told.split("\0")[1:]:
        commit, *paths = part.split("\n")
        yield commit, [path for path in paths if path]


def elsewhere(repository: Path, commit: str, path: str, before: str, repeat: Repeat) -> list[str]:
    """As `ai.notices.triggers` looks for them."""
    name = repeat.old
    if is_prose(path) or not (repeat.is_distinctive and is_public(name) and defines(before, name)):
        return []
    command = ["git", "-C", repository, "grep", "-lwF", "-e", name, commit]
    found = subprocess.run(command, capture_output=True, check=False).stdout.decode(errors="replace")
    paths = [line.partition(":")[2] for line in found.splitlines()]
    own = language_of(path)
    others = [one for one in paths if one != path and (is_prose(one) or language_of(one) == own)]
    code = [one for one in others if not is_prose(one)]
    if len(others) > MOST_FILES or any(defines(text_at(repository, commit, one) or "", name) for one in code):
        return []
    return others


def put_back(text: str, repeat: Repeat) -> str | None:
    """`text` with the last place as it was; None where the new name was there otherwise, too."""
    found = list(places(text, Repeat(repeat.new, repeat.old, 0)))
    if len(found) != repeat.done:
        return None
    return text[: found[-1]] + repeat.old + text[found[-1] + len(repeat.new) :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--commits", type=int, default=2_000)
    arguments = parser.parse_args()
    repository, counts = arguments.repository, Counter[str]()
    stretches = list(changes(repository, arguments.commits))
    for commit, paths in stretches:
        for path in paths:
            before, now = text_at(repository, f"{commit}~", path), text_at(repository, commit, path)
            if before is None or now is None or len(now) > 400_000:
                continue
            counts["stretches"] += 1
            prose = is_prose(path)
            for repeat in repeats(before, now, prose=prose):
                left = len(list(places(now, repeat)))
                if left == 0 and repeat.done > 2 and (half := put_back(now, repeat)) is not None:
                    again = repeats(before, half, prose=prose)
                    offered = [one for one in again if one.is_worth(len(list(places(half, one))))]
                    counts["one place put back"] += 1
                    counts["and offered"] += (repeat.old, repeat.new) in [(one.old, one.new) for one in offered[:1]]
                where = f"in {left}" if left else elsewhere(repository, commit, path, before, repeat)
                if repeat.is_worth(left) or (left == 0 and where):
                    counts["spoken of, here" if left else "spoken of, elsewhere"] += 1
                    print(f"{commit[:8]} {path}: {repeat.old} → {repeat.new} in {repeat.done}, left {where}")
                    break
    print(f"\n{len(stretches)} commits: {dict(counts)}")


if __name__ == "__main__":
    main()
