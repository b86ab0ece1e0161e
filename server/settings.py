"""Every setting, read from the environment. Those about storage choose between embedded and distributed."""

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ai.prompting.context import WINDOW
from collab.limits import Limits
from server.commands.failure import CommandFailed

log = structlog.get_logger(__name__)

_PREFIX = "SCRIPTORIUM_"

_ELSEWHERE = ("SCRIPTORIUM_TOKEN",)
"""Read by the command line."""

_OF_KUBERNETES = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")
"""Set in every container for each service, and one of them may be called scriptorium."""


def _origin(url: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError("must look like https://write.example.org, without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


class Settings(BaseSettings):
    """Read from ``SCRIPTORIUM_…`` variables, and from the two that every OpenAI client reads."""

    model_config = SettingsConfigDict(env_prefix="SCRIPTORIUM_", env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Path = Path("data")
    mongo_url: str | None = None
    object_store_url: str | None = None
    redis_url: str | None = None

    model: str | None = None
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")

    endpoints_file: Path | None = None
    """Further model endpoints for groups to choose from; see `ai.models.environment`."""

    embedding_model: str | None = None
    """Tells what texts mean, at the same endpoint as `model`; without it they are found by their words alone."""

    context_window: int = Field(default=WINDOW, ge=2_000)
    """Tokens that the model takes at once, question and answer together."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """Of all prices of models (ISO 4217), those that endpoints name themselves included."""

    owner_token: SecretStr | None = None
    """The owner's API token, set when the first start creates the owner."""

    public_url: Annotated[str, AfterValidator(_origin)] | None = None
    """Where browsers reach the server when that is not its own address: behind TLS, a proxy or a load balancer."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names, comma-separated, that requests may be addressed to besides our own. See `server.web.Hosts`."""

    metrics_token: SecretStr | None = None
    """Lets ``/metrics`` be read from other machines with ``Authorization: Bearer``."""

    session_days: int = Field(default=30, ge=1, le=36_500)
    """Days after which a browser that was not used is signed out."""

    limits: Limits = Field(default_factory=lambda: limits_from(os.environ))
    """Each from ``SCRIPTORIUM_LIMIT_<NAME>``, such as ``SCRIPTORIUM_LIMIT_BINARY_FILE``."""

    private_webhooks: bool = False
    """Whether webhooks may go to private networks, and without TLS; see `server.webhooks.addresses`."""

    outgoing_bytes: int = Field(default=16 << 20, gt=0)
    """What may wait for a client that reads slowly, before it is closed with 4508."""

    import_bytes: int = Field(default=1 << 30, gt=0)
    """An import's largest size, packed and unpacked."""

    import_files: int = Field(default=20_000, gt=0)
    """An import's largest number of files."""

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(name.strip().lower() for name in value.split(",") if name.strip())
            if isinstance(value, str)
            else value
        )


def limits_from(environment: Mapping[str, str]) -> Limits:
    """Raises CommandFailed for a value that is not a positive number."""
    chosen: dict[str, float] = {}
    for field in fields(Limits):
        name = _limit(field.name)
        if value := environment.get(name):
            whole = not isinstance(field.default, float)
            try:
                number = int(value) if whole else float(value)
            except ValueError:
                number = 0
            if not (number > 0 and math.isfinite(number)):
                wanted = "a positive whole number" if whole else "a positive number"
                raise CommandFailed(f"The environment is set wrongly. {name}: must be {wanted}, not {value!r}.")
            chosen[field.name] = number
    return Limits(**chosen)  # type: ignore[arg-type]  # each value has the type of its field's default


def _limit(name: str) -> str:
    return f"{_PREFIX}LIMIT_{name.upper()}"


def unknown_variables(environment: Iterable[str]) -> dict[str, str | None]:
    """The variables that look like ours and are none, each with the one that may be meant."""
    settings = [
        str(field.validation_alias or f"{_PREFIX}{name.upper()}")
        for name, field in Settings.model_fields.items()
        if name != "limits"
    ]
    known = {*settings, *(_limit(field.name) for field in fields(Limits)), *_ELSEWHERE}
    # Compared without the prefix, which would make every two of them alike.
    short = {name.removeprefix(_PREFIX): name for name in sorted(known)}
    unknown: dict[str, str | None] = {}
    for name in environment:
        plain = name.upper()
        if plain.startswith(_PREFIX) and plain not in known and not _OF_KUBERNETES.fullmatch(plain):
            close = get_close_matches(plain.removeprefix(_PREFIX), short, 1, cutoff=0.7)
            unknown[name] = short[close[0]] if close else None
    return unknown


def warn_of_unknown(environment: Iterable[str]) -> None:
    """Name each variable that looks like one of ours and is none: mistyped, it would do nothing and say nothing.

    A warning and no more, because another program may have the same prefix. Values are not shown: a mistyped
    password is one all the same.
    """
    for name, meant in unknown_variables(environment).items():
        log.warning("no setting has this name", variable=name, meant=meant)


def read_settings(data_dir: Path | None = None) -> Settings:
    """From the environment; ``data_dir`` wins over it. Raises CommandFailed that names what is set wrongly."""
    try:
        return Settings(data_dir=data_dir) if data_dir is not None else Settings()
    except ValidationError as error:
        wrong = [f"{_variable(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise CommandFailed("The environment is set wrongly. " + "; ".join(wrong) + ".") from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name if name.startswith("OPENAI") else f"SCRIPTORIUM_{name.upper()}"
