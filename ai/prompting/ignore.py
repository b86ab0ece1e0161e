"""Which documents never reach a model: those that usually hold secrets, and what `.scriptorium/ignore` adds.

The file is read as git reads a `.gitignore`: a line such as `!.env.example` allows again what one above it takes out.
Every editor of a workspace can write it, so nothing in it may take long: names are compared by `fnmatch`, whose time is
linear in the name where libraries that make one regular expression of a line are exponential in its stars.
"""

import fnmatch
import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

OWN_FOLDER = ".scriptorium"
"""Where a workspace keeps what governs its assistant: about none of its files, and not for the assistant to write."""

IGNORE_FILE = ".scriptorium/ignore"
DEFAULTS = (
    ".env*",
    "*.env",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".docker/config.json",
    ".aws/",
    ".azure/",
    ".gcloud/",
    ".gnupg/",
    ".kube/",
    ".ssh/",
    "*.key",
    "*.pem",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.asc",
    "*.gpg",
    "*.tfstate",
    "*.tfstate.*",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials",
    "*credentials*.json",
    "*service-account*.json",
    "*service_account*.json",
    "credentials.[cijty]*",  # csv, ini, json, toml, txt, yaml, yml; a module credentials.py is source
    "secrets.[cijty]*",
)
_MAX_LINES = 1_000
_MAX_LINE = 1_000
_MAX_REMEMBERED = 10_000
_ESCAPED = re.compile(r"\\(.)")


class IgnoreRules:
    """`text` is the content of `.scriptorium/ignore`, "" where the workspace has none. Letter case does not matter."""

    def __init__(self, text: str = "") -> None:
        lines = [line for line in text.split("\n")[:_MAX_LINES] if len(line) <= _MAX_LINE]
        patterns = [_Pattern.of(line.lower()) for line in (*DEFAULTS, *lines)]
        # The last line that matches decides, so it is looked for first.
        self._patterns = [pattern for pattern in patterns if pattern is not None][::-1]

    def ignores(self, path: str) -> bool:
        """Whether the file at this path of the workspace is kept from models."""
        names = path.lower().split("/")
        allows: dict[int, bool] = {}
        for pattern in self._patterns:
            for depth in pattern.depths(names):
                allows.setdefault(depth, pattern.allows)
        # As in git, nothing inside of a folder that is taken out can be allowed again.
        return not all(allows.values())


def rules_of(text: str) -> IgnoreRules:
    """`IgnoreRules`, remembered where the text is short: several requests a second read the same few lines."""
    return _remembered(text) if len(text) <= _MAX_REMEMBERED else IgnoreRules(text)


@lru_cache(maxsize=64)
def _remembered(text: str) -> IgnoreRules:
    return IgnoreRules(text)


class _Pattern:
    def __init__(self, segments: Sequence[str], *, allows: bool, folders_only: bool) -> None:
        self.allows = allows
        self._folders_only = folders_only
        self._segments = [None if segment == "**" else re.compile(_translated(segment)) for segment in segments]

    @classmethod
    def of(cls, line: str) -> "_Pattern | None":
        """None for an empty line, a comment, and what is no pattern."""
        line = line.rstrip(" \r\t") if not line.rstrip().endswith("\\") else line.rstrip() + " "
        allows = line.startswith("!")
        if line.startswith("#") or not (rule := line.removeprefix("!")).strip("/"):
            return None
        segments = rule.strip("/").split("/")
        if len(segments) == 1 and not rule.startswith("/"):
            segments.insert(0, "**")
        return cls(segments, allows=allows, folders_only=rule.endswith("/"))

    def depths(self, names: Sequence[str]) -> Iterable[int]:
        """Which beginnings of the path it matches, as counts of names."""
        last = len(self._segments) - 1
        # The counts of names that the segments so far can stand for.
        reached: Collection[int] = {0}
        for number, segment in enumerate(self._segments):
            if not reached:
                break
            if segment is None:
                # At the end, two stars stand for what is inside of a folder and not for the folder itself.
                reached = range(min(reached) + (number == last), len(names) + 1)
            else:
                reached = {at + 1 for at in reached if at < len(names) and segment.match(names[at])}
        return (depth for depth in reached if depth < len(names) or not self._folders_only)


def _translated(segment: str) -> str:
    plain = _ESCAPED.sub(lambda match: f"[{match[1]}]", segment).replace("[^", "[!")
    return fnmatch.translate(plain)
