"""Finds secrets in text and takes them out, before anything of it is written down.

The detectors are those of `detect-secrets`. Asked line by line it takes much ordinary source for secrets, so that what
it guesses from a variable's name counts only when the value looks drawn by chance; tokens of a known form always count.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.keyword import (
    CONFIG_DENYLIST_REGEX_TO_GROUP,
    QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
    KeywordDetector,
)
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

# Each detector with what every secret of its kind has in it, in lower case: only around that is it asked.
_DETECTORS: tuple[tuple[RegexBasedDetector, tuple[str, ...]], ...] = (
    (AWSKeyDetector(), ("a3t", "abia", "acca", "akia", "asia", "aws")),
    (AzureStorageKeyDetector(), ("accountkey=",)),
    (BasicAuthDetector(), ("://",)),
    (GitHubTokenDetector(), ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    (
        GitLabTokenDetector(),
        ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glcbt-", "glimt-", "glptt-", "gr1348941"),
    ),
    (JwtTokenDetector(), ("eyj",)),
    (MailchimpDetector(), ("-us",)),
    (NpmDetector(), (":_authtoken",)),
    (PypiTokenDetector(), ("pypi-ag",)),
    (SendGridDetector(), ("sg.",)),
    (SlackDetector(), ("xox", "hooks.slack")),
    (SquareOAuthDetector(), ("sq0csp-",)),
    (StripeDetector(), ("k_live_",)),
)
_KEYWORDS = ("key", "pass", "pwd", "secret", "token", "contrase")
_KEYWORD_FORMS = ({**QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP}, {**CONFIG_DENYLIST_REGEX_TO_GROUP})
_NAMED = KeywordDetector()
_CHANCE = Base64HighEntropyString()

# Forms without a fixed beginning, and those that the library does not know or knows in an older shape alone.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *(
        (detector.secret_type, form)
        for detector in (DiscordBotTokenDetector, TelegramBotTokenDetector, TwilioKeyDetector)
        for form in detector.denylist
    ),
    (
        "Private Key",
        re.compile(
            r"-----BEGIN ([A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?)-----(?:\s*[\w-]{1,30}: [^\n]{0,200})*"
            r"(?:\\[nr]|[\s\"'+])*[A-Za-z0-9+/=]{20}[^-]*(?:-----END \1-----)?"
        ),
    ),
    ("Private Key", re.compile(r"PuTTY-User-Key-File-\d[^\0]{0,4000}")),
    ("API Key", re.compile(r"sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,}")),
    ("API Key", re.compile(r"AIza[A-Za-z0-9_-]{35}")),
    ("API Key", re.compile(r"gsk_[A-Za-z0-9]{40,}")),
    ("API Key", re.compile(r"hf_[A-Za-z0-9]{30,}")),
    ("GitHub Token", re.compile(r"github_pat_[A-Za-z0-9_]{40,}")),
    ("NPM tokens", re.compile(r"npm_[A-Za-z0-9]{36}\b")),
    ("API Key", re.compile(r"do[opr]_v1_[a-f0-9]{64}\b")),
    ("Bearer Token", re.compile(r"(?<=[Bb]earer )[A-Za-z0-9_\-.~+/]{20,}=*")),
)
_TOKEN_LETTERS = re.compile(r"[A-Za-z0-9_\-+/=.~]*")
_WORD_LETTERS = re.compile(r"[A-Za-z0-9_-]*")
_NAME = re.compile(r"[A-Za-z]+(?:[._:/-][A-Za-z]+)*\d{0,2}")
_DIGIT = re.compile(r"\d")
_PLACEHOLDER = re.compile(r"[<>{}$%*]|\.\.\.|x{4}|example|your|dummy|change|sample|test|fake", re.IGNORECASE)

_LEAST, _PART = 8, 12
"""Letters of a secret that nobody comes to by chance, of short ones and of others."""

# The library's patterns take time that grows with the square of what they look at, so they look at this much of a line.
_WINDOW = 250


@dataclass(frozen=True, slots=True)
class Redaction:
    """A secret that stood from `start` to `end` of the text (code points)."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    text: str
    redactions: tuple[Redaction, ...]

    def place(self, position: int, *, end: bool = False) -> int:
        """Where a position of the original (code points) is now; one inside of a secret goes to an end of its mark."""
        shift = 0
        for redaction in self.redactions:
            mark = len(_mark(redaction.type))
            if position <= redaction.start:
                break
            if position < redaction.end:
                return redaction.start + shift + (mark if end else 0)
            shift += mark - (redaction.end - redaction.start)
        return position + shift


Known = tuple[tuple[str, str], ...]
"""Secrets that are known to be some, as (type, value)."""


@lru_cache(maxsize=32)
def redact(text: str, known: Known = ()) -> Redacted:
    """The text with every secret replaced by `«redacted:<type>»`, and so is what stands there of `known` ones.

    Takes some µs a line of ordinary source. Remembered for a few texts, because all hunks of one answer come with the
    same prompt.
    """
    redactions = _without_overlaps(chain(_found(text), _parts_of(known, text)))
    parts: list[str] = []
    reached = 0
    for redaction in redactions:
        parts += [text[reached : redaction.start], _mark(redaction.type)]
        reached = redaction.end
    return Redacted("".join(parts) + text[reached:], redactions)


def secrets_in(texts: Iterable[str]) -> Known:
    """What `redact` finds in each of `texts`: the same may stand elsewhere without what gave it away."""
    return tuple(sorted({(one.type, text[one.start : one.end]) for text in texts for one in redact(text).redactions}))


def _parts_of(known: Known, text: str) -> Iterator[Redaction]:
    """Half a password gives most of it away, and has no known form any more."""
    parts: dict[int, dict[str, str]] = {}
    for kind, value in known:
        if (length := min(_PART, len(value))) >= _LEAST:
            pieces = (value[at : at + length] for at in range(len(value) - length + 1))
            # The first and the last line of a key are no secret.
            parts.setdefault(length, {}).update((piece, kind) for piece in pieces if "----" not in piece)
    for length, kinds in parts.items():
        for at in range(len(text) - length + 1):
            if (kind_here := kinds.get(text[at : at + length])) is not None:
                yield Redaction(kind_here, at, at + length)


def clipped(redactions: Iterable[Redaction], start: int, end: int) -> tuple[Redaction, ...]:
    """Those between `start` and `end` of the text, as places of that part of it."""
    found = (Redaction(one.type, max(one.start, start) - start, min(one.end, end) - start) for one in redactions)
    return tuple(one for one in found if one.start < one.end)


def _mark(type: str) -> str:
    return f"«redacted:{type}»"


def _found(text: str) -> Iterator[Redaction]:
    for name, form in _FORMS:
        for match in form.finditer(text):
            if name not in ("API Key", "Bearer Token") or _drawn_by_chance(match[0]):
                yield Redaction(name, match.start(), match.end())
    lower = text.lower()
    if len(lower) != len(text):
        # Some letters become two; none of those is part of what is looked for.
        lower = re.sub(r"[^\x00-\x7f]", "?", text).lower()
    for detector, hints in _DETECTORS:
        for start, end in _surroundings(lower, hints):
            for form in detector.denylist:
                for match in form.finditer(text, start, end):
                    secret = _secret_part(detector, match)
                    if secret is not None:
                        yield Redaction(detector.secret_type, secret[0], _token_end(text, secret[1], end))
    for start, end in _surroundings(lower, _KEYWORDS):
        part = text[start:end]
        if _DIGIT.search(part):
            for quoted in {value for form in _KEYWORD_FORMS for value in _NAMED.analyze_string(part, form)}:
                value = quoted.strip(" \t'\"`,;)")
                at = text.find(value, start, end) if _drawn_by_chance(value) else -1
                if at >= 0:
                    yield Redaction(_NAMED.secret_type, at, _token_end(text, at + len(value), end))


def _secret_part(detector: RegexBasedDetector, match: re.Match[str]) -> tuple[int, int] | None:
    """Of most forms all is secret; of some, what their last group holds."""
    if isinstance(detector, BasicAuthDetector):
        return None if _PLACEHOLDER.search(match[1]) else match.span(1)
    if isinstance(detector, JwtTokenDetector):
        return match.start(), _TOKEN_LETTERS.match(match.string, match.end()).end()  # type: ignore[union-attr]
    return match.span(match.lastindex or 0) if isinstance(detector, AWSKeyDetector | NpmDetector) else match.span()


def _token_end(text: str, end: int, looked_at: int) -> int:
    """Further on, where the token is longer than its form says or than the part of the line that was looked at."""
    rest = (_TOKEN_LETTERS if end == looked_at else _WORD_LETTERS).match(text, end)
    return rest.end() if rest else end


def _surroundings(lower: str, hints: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The lines that have one of the hints in them; of long lines what is around it."""
    for hint in hints:
        at = lower.find(hint)
        while at >= 0:
            start = max(lower.rfind("\n", 0, at) + 1, at - _WINDOW)
            line_end = lower.find("\n", at)
            end = min(line_end if line_end >= 0 else len(lower), at + _WINDOW)
            yield start, end
            # Of a long line the next part begins within this one, so that no secret is cut at the end of both.
            at = lower.find(hint, end if end == line_end else max(at + len(hint), end - _WINDOW // 2))


def _drawn_by_chance(value: str) -> bool:
    """Whether a value that stands where a secret may stand looks like one, rather than like a word or a name."""
    if not 8 <= len(value) <= 400 or any(char.isspace() for char in value) or _PLACEHOLDER.search(value):
        return False
    if _NAME.fullmatch(value):
        return False
    kinds = sum(map(bool, (re.search(r"[a-z]", value), re.search(r"[A-Z]", value), re.search(r"\d", value))))
    kinds += bool(re.search(r"[^\w.\-/:]", value))
    if kinds < 2 or not re.search(r"\d", value) or "(" in value or "[" in value:
        return False
    return _CHANCE.calculate_shannon_entropy(value) >= (3.0 if len(value) >= 16 else 2.5)


def _without_overlaps(found: Iterable[Redaction]) -> tuple[Redaction, ...]:
    kept: list[Redaction] = []
    for redaction in sorted(found, key=lambda one: (one.start, -one.end)):
        if kept and redaction.start < kept[-1].end:
            last = kept[-1]
            kept[-1] = Redaction(last.type, last.start, max(last.end, redaction.end))
        else:
            kept.append(redaction)
    return tuple(kept)
