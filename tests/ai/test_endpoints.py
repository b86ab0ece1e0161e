"""Which endpoints a server has, from its settings and from the file that they name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ai.models import Price, Usage
from ai.models.endpoints import Endpoints
from ai.models.environment import DEFAULT_MODEL, EndpointsWrong, endpoints_from

KEY = "sk-very-secret-key-123456"

FILE = f"""\
house:
  url: http://models.internal:8000/v1
  key: {KEY}
  knows_top_k: true
  models:
    qwen3-coder: {{input: 0.2, output: 0.8}}
    qwen3-small:
cloud:
  key_variable: CLOUD_KEY
  models:
    large:
"""


@dataclass
class Configured:
    key: str | None = None
    openai_base_url: str | None = None
    model: str | None = None
    endpoints_file: Path | None = None

    @property
    def openai_api_key(self) -> SecretStr | None:
        return SecretStr(self.key) if self.key else None


def opened(settings: Configured, **environment: str) -> Endpoints:
    return Endpoints(endpoints_from(settings, environment))


async def test_the_environment_decides_who_answers() -> None:
    assert opened(Configured()).provider().name == "local"
    assert opened(Configured(model="ignored")).provider().model == "local"
    at_openai = opened(Configured("sk-secret"))
    openai = at_openai.provider()
    assert (openai.name, openai.model) == ("openai", DEFAULT_MODEL)
    assert "api.openai.com" in openai.label_detail
    at_home = opened(Configured(None, "http://user:pass@127.0.0.1:11434/v1", "qwen3"))
    own = at_home.provider()
    assert (own.model, own.label) == ("qwen3", "qwen3")
    assert "127.0.0.1:11434" in own.label_detail
    assert "pass" not in own.label_detail
    with pytest.raises(EndpointsWrong, match="SCRIPTORIUM_MODEL"):
        opened(Configured(None, "http://127.0.0.1:11434/v1"))
    await at_openai.close()
    await at_home.close()


async def test_a_file_adds_endpoints_with_models_and_prices(tmp_path: Path) -> None:
    (path := tmp_path / "endpoints.yaml").write_text(FILE)
    endpoints = opened(Configured("sk-default", model="small", endpoints_file=path), CLOUD_KEY="sk-cloud")
    assert set(endpoints) == {"default", "local", "house", "cloud"}
    house = endpoints["house"]
    assert house.model == "qwen3-coder"
    assert house.models == {"qwen3-coder": Price(0.2, 0.8), "qwen3-small": None}
    assert house.knows_top_k
    assert endpoints["cloud"].key == SecretStr("sk-cloud")
    assert not endpoints["cloud"].knows_top_k
    assert endpoints.provider("house").model == "qwen3-coder"
    assert endpoints.provider("house", "qwen3-small").model == "qwen3-small"
    assert endpoints.provider("house") is endpoints.provider("house", "qwen3-coder")
    assert endpoints.provider("local").name == "local"
    for unknown in (("nowhere",), ("house", "large")):
        with pytest.raises(KeyError):
            endpoints.provider(*unknown)
    await endpoints.close()


async def test_the_file_may_name_the_default_itself(tmp_path: Path) -> None:
    (path := tmp_path / "endpoints.yaml").write_text(FILE.replace("house:", "default:"))
    endpoints = opened(Configured(endpoints_file=path), CLOUD_KEY="sk-cloud")
    assert endpoints.provider().model == "qwen3-coder"
    await endpoints.close()
    with pytest.raises(EndpointsWrong, match="leave out one"):
        opened(Configured("sk-default", endpoints_file=path), CLOUD_KEY="sk-cloud")


async def test_nothing_of_a_key_is_shown(tmp_path: Path) -> None:
    (path := tmp_path / "endpoints.yaml").write_text(FILE)
    endpoints = opened(Configured(endpoints_file=path), CLOUD_KEY="sk-cloud")
    shown = repr([*endpoints.values()]) + repr([endpoint.view() for endpoint in endpoints.values()])
    assert "very-secret" not in shown
    assert "sk-cloud" not in shown
    assert "models.internal" not in repr([endpoint.view() for endpoint in endpoints.values()])
    await endpoints.close()


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ("house:", "House:", 1, "small letters"),
        ("house:", "local:", 1, "built-in assistant"),
        ("http://models.internal:8000/v1", "models.internal", 2, "the address of an endpoint"),
        ("  knows_top_k: true", "  knows_top_k: perhaps", 4, "true or false"),
        ("  knows_top_k: true", "  top_k: true", 4, "no such setting"),
        ("{input: 0.2, output: 0.8}", "{input: -1, output: 0.8}", 6, "a price"),
        ("{input: 0.2, output: 0.8}", "{input: 0.2}", 6, "“output” is missing"),
        ("  key_variable: CLOUD_KEY", "  key_variable: OTHER_KEY", 9, "no environment variable"),
        ("  key_variable: CLOUD_KEY", f"  key_variable: CLOUD_KEY\n  key: {KEY}", 10, "not both"),
        ("  models:\n    large:", "  models:\n  # none", 10, "the names of models"),
        ("cloud:", "house:", 8, "twice"),
        (f"key: {KEY}", f"key: [{KEY}]", 3, "a text is expected"),
        ("  knows_top_k: true", "\tknows_top_k: true", 4, "not with tabs"),
    ],
)
def test_a_file_that_makes_no_sense_names_the_line(
    tmp_path: Path, was: str, becomes: str, line: int, said: str
) -> None:
    assert was in FILE
    (path := tmp_path / "endpoints.yaml").write_text(FILE.replace(was, becomes, 1))
    with pytest.raises(EndpointsWrong) as caught:
        opened(Configured(endpoints_file=path), CLOUD_KEY="sk-cloud")
    assert f"endpoints.yaml, line {line}: " in str(caught.value)
    assert said in str(caught.value)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_named_with_its_setting(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "endpoints.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EndpointsWrong, match="SCRIPTORIUM_ENDPOINTS_FILE names"):
        opened(Configured(endpoints_file=path))


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(0.5, 2.0).of(Usage(1_000_000, 500_000)) == 1.5
    changed: dict[str, Any] = Price(0.5, 2.0).view()
    assert changed == {"input": 0.5, "output": 2.0}
