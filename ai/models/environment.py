"""Which endpoints there are, from the settings of the server and the file that they may name.

The file is YAML: a name for each endpoint, and below it

    url: http://models.internal:8000/v1     # without it, OpenAI's own
    key_variable: MODELS_KEY                # the environment variable that holds the key; or `key:`, the key itself
    knows_top_k: true
    models:                                 # those that groups may choose, the first where they choose none
      qwen3-coder: {input: 0.2, output: 0.8}    # prices for a million tokens
      qwen3-small:
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ai.choosing.yaml_text import BadYaml, YamlText, read
from ai.models.embedding import Embedder
from ai.models.endpoints import DEFAULT, LOCAL, Endpoint
from ai.models.port import Price

DEFAULT_MODEL = "gpt-5.4-mini"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class ModelSettings(Protocol):
    @property
    def openai_api_key(self) -> SecretStr | None: ...
    @property
    def openai_base_url(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...
    @property
    def embedding_model(self) -> str | None: ...
    @property
    def endpoints_file(self) -> Path | None: ...


class EndpointsWrong(ValueError):
    """What is configured makes no sense; the message says what to set, and holds no key."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return url


class _Price(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class _Configured(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(_address)] | None = None
    key: SecretStr | None = None
    key_variable: str | None = None
    knows_top_k: bool = False
    models: dict[str, _Price | None] = Field(min_length=1)


_WANTED = {
    "url": "the address of an endpoint, such as http://127.0.0.1:8000/v1",
    "key": "a text",
    "key_variable": "the name of an environment variable",
    "knows_top_k": "true or false",
    "models": "the names of models, each on a line that ends with a colon",
    "input": "a price for a million tokens: a number from 0 on",
    "output": "a price for a million tokens: a number from 0 on",
}


def endpoints_from(settings: ModelSettings, environment: Mapping[str, str]) -> list[Endpoint]:
    """The configured endpoints; none where nothing is configured. `environment` holds the keys that the file names.

    Raises EndpointsWrong.
    """
    found = [_default(settings)] if settings.openai_api_key or settings.openai_base_url else []
    if settings.endpoints_file is not None:
        found += _in_file(settings.endpoints_file, environment)
    if sum(endpoint.name == DEFAULT for endpoint in found) > 1:
        raise EndpointsWrong(
            f"{settings.endpoints_file} names an endpoint “{DEFAULT}”, which OPENAI_API_KEY and OPENAI_BASE_URL "
            "configure already: leave out one of the two."
        )
    return found


def _default(settings: ModelSettings) -> Endpoint:
    """Only at OpenAI itself is there a model that we may assume."""
    if settings.model is None and settings.openai_base_url is not None:
        raise EndpointsWrong(
            "OPENAI_BASE_URL names a model endpoint, but not which of its models is to answer: set SCRIPTORIUM_MODEL."
        )
    models = {settings.model or DEFAULT_MODEL: None}
    return Endpoint(DEFAULT, models, settings.openai_base_url, settings.openai_api_key)


def embedder_from(settings: ModelSettings) -> Embedder | None:
    """Who tells what texts mean, at the endpoint of the answers; None where nobody does. Raises EndpointsWrong."""
    if settings.embedding_model is None:
        return None
    key, url = settings.openai_api_key, settings.openai_base_url
    if key is None and url is None:
        raise EndpointsWrong(
            "SCRIPTORIUM_EMBEDDING_MODEL names a model, but not where it is: set OPENAI_BASE_URL or OPENAI_API_KEY."
        )
    return Embedder(settings.embedding_model, key.get_secret_value() if key is not None else None, url)


def _in_file(path: Path, environment: Mapping[str, str]) -> list[Endpoint]:
    try:
        source = read(path.read_text("utf-8"))
        if not isinstance(source.value, dict):
            raise source.error((), "the names of endpoints are expected here, each on a line that ends with a colon.")
        return [_endpoint(source, name, value, environment) for name, value in source.value.items()]
    except BadYaml as error:
        raise EndpointsWrong(f"{path}, line {error.line}: {error.message}") from None
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise EndpointsWrong(f"SCRIPTORIUM_ENDPOINTS_FILE names {path}, which cannot be read: {said}.") from None


def _endpoint(source: YamlText, name: str, value: object, environment: Mapping[str, str]) -> Endpoint:
    if not _NAME.fullmatch(name) or name == LOCAL:
        wanted = "an endpoint's name is made of small letters, digits, - and _"
        taken = f"“{LOCAL}” is the built-in assistant, choose another name"
        raise source.error((name,), f"{taken if name == LOCAL else wanted}.", at_key=True)
    try:
        given = _Configured.model_validate(value)
    except ValidationError as error:
        raise _explained(source, name, error) from None
    key = given.key
    if given.key_variable is not None:
        if key is not None:
            raise source.error((name, "key"), "set either key or key_variable, not both.", at_key=True)
        if not (held := environment.get(given.key_variable)):
            raise source.error((name, "key_variable"), "there is no environment variable of this name.")
        key = SecretStr(held)
    prices = {model: Price(p.input, p.output) if p else None for model, p in given.models.items()}
    return Endpoint(name, prices, given.url, key, given.knows_top_k)


def _explained(source: YamlText, name: str, error: ValidationError) -> BadYaml:
    # Without what was given, which may be a key.
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    path = (name, *first["loc"])
    setting = str(path[-1])
    if first["type"] == "extra_forbidden":
        return source.error(path, "there is no such setting here.", at_key=True)
    if first["type"] == "missing":
        return source.error(path, f"“{setting}” is missing: {_WANTED[setting]}.")
    return source.error(path, f"{_WANTED.get(setting, 'the settings of an endpoint')} is expected here.")
