"""Secrets are found in what people paste, and ordinary source is left as it is."""

from collections.abc import Callable
from pathlib import Path

import fastapi
import openai
import pymongo
import pytest

from ai.record.secrets import redact
from tests.support.work import growth, growth_in_c

LETTERS = "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJ"
# Put together here, so that no scanner of this repository takes them for real.
SECRETS = {
    "AWS Access Key": "AKIA" + "QYLPMN5HFIQR7XYA",
    "GitHub Token": "ghp_" + LETTERS + "abcd",
    "GitLab Token": "glpat-" + "xYz12345678901234567",
    "Slack Token": "xoxb-" + "123456789012-abcdefghijkl",
    "Stripe Access Key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "SendGrid API Key": "SG." + "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    "Telegram Bot Token": "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "Twilio API Key": "SK" + "0123456789abcdef0123456789abcdef",
    "API Key": "sk-ant-" + "api03-" + LETTERS,
    "NPM tokens": "npm_" + LETTERS + "abcd",
    "Square OAuth Secret": "sq0csp-" + "ABCDE_Fghijklmnopqrstuvwxyz-0123456789_abcdE",
}


@pytest.mark.parametrize("type", SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "key = '{}'\n", "see {} there", '{{"a": "{}", "b": 1}}', "x" * 4_000 + " {} " + "y" * 4_000]
)
def test_tokens_of_a_known_form_are_taken_out(type: str, around: str) -> None:
    secret = SECRETS[type]
    redacted = redact(around.format(secret))
    assert secret not in redacted.text
    assert redacted.text == around.format(f"«redacted:{redacted.redactions[0].type}»")
    assert secret[-8:] not in redacted.text


def test_a_private_key_goes_with_all_of_its_lines() -> None:
    body = "\n".join([LETTERS * 2] * 12)
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    assert redact(f"a\n{key}\nb").text == "a\n«redacted:Private Key»\nb"
    assert redact(f"a\n{key[:300]}").text == "a\n«redacted:Private Key»"
    assert redact('KEY="' + key.replace("\n", "\\n") + '"').text == 'KEY="«redacted:Private Key»"'
    mention = 'if "-----BEGIN RSA PRIVATE KEY-----" in text:\n    use(text)\n'
    assert redact(mention).text == mention


def test_a_token_longer_than_what_is_looked_at_goes_whole() -> None:
    token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIx" + "MjM0" * 300 + "In0." + LETTERS
    assert redact(f"Bearer {token} and more").text == "Bearer «redacted:JSON Web Token» and more"


@pytest.mark.parametrize(
    "line",
    [
        "password = 'tR4vel-b0ok-77'",
        'db_password: "k8sP0dd3r!x"',
        "export API_KEY=9f8e7d6c5b4a39281706f5e4",
        "client_secret=Zx81Qp0Lmn34",
        '{"auth_key": "aB3dE6gH9kL2"}',
        "mongodb://app:tr4velb00k@db.internal/app",
        "postgres://app:hunter2@db/app",
    ],
)
def test_values_that_names_give_away_are_taken_out(line: str) -> None:
    assert "«redacted:" in redact(line).text


def test_a_bearer_token_is_taken_out_and_a_word_after_bearer_is_not() -> None:
    assert LETTERS not in redact(f"curl -H 'Authorization: Bearer {LETTERS}' https://api.example.com").text
    prose = "The ring bearer accompanied-everybody-to-the-mountain."
    assert redact(prose).text == prose


@pytest.mark.parametrize(
    "line",
    [
        'password = "your-password-here"',
        "password: str = Field(..., min_length=8)",
        "token_url = 'https://example.com/token/v2'",
        "secret_key = os.environ['SECRET_KEY_2']",
        "api_key = settings.openai_api_key1",
        "PASSWORD=<fill in 1>",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "id = '123e4567-e89b-12d3-a456-426614174000'",
        'redis_url = "redis://localhost:6379/0"',
        "mail me at someone@example.org: it is 12:30",
        "key = lambda item: item.token2",
    ],
)
def test_ordinary_lines_are_left_alone(line: str) -> None:
    assert redact(line).text == line


def test_the_rate_on_real_source_is_bounded() -> None:
    lines = flagged = 0
    for package in (fastapi, openai, pymongo):
        for path in sorted(Path(package.__file__).parent.rglob("*.py"))[:300]:
            text = path.read_text(encoding="utf-8", errors="replace")
            lines += text.count("\n")
            flagged += len(redact(text).redactions)
    assert lines > 50_000
    assert flagged / lines < 1 / 20_000


def test_places_follow_the_marks() -> None:
    secret = SECRETS["GitHub Token"]
    text = f"a {secret} b {secret} c"
    redacted = redact(text)
    for place, word in ((0, "a"), (text.index(" b ") + 1, "b"), (len(text) - 1, "c")):
        assert redacted.text[redacted.place(place)] == word
    inside = text.index(secret) + 5
    assert redacted.text[redacted.place(inside) : redacted.place(inside, end=True)] == "«redacted:GitHub Token»"
    assert redacted.place(len(text)) == len(redacted.text)


HOSTILE = ["password", "://a:", "eyJ.", "aws key ", "-----BEGIN PRIVATE KEY-----", "1:"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_time_grows_with_the_text_whatever_is_in_it(hostile: str) -> None:
    def of_size(size: int) -> Callable[[], object]:
        text = hostile * (size // len(hostile))
        return lambda: redact.__wrapped__(text)

    assert growth_in_c(of_size, 40_000) < 8


def test_work_grows_with_the_text_however_many_secrets_are_known() -> None:
    known = tuple(("API Key", f"{number:06}{LETTERS}") for number in range(5_000))

    def of_size(size: int) -> Callable[[], object]:
        text = f"{LETTERS} and more. " * (size // 43)
        return lambda: redact.__wrapped__(text, known)

    assert growth(of_size, 40_000) < 2.5


def test_letters_that_grow_in_lower_case_move_nothing() -> None:
    secret = SECRETS["GitHub Token"]
    assert redact(f"İİİ {secret} 😀").text == "İİİ «redacted:GitHub Token» 😀"
