"""Every setting, read from the environment. Those about storage choose between embedded and distributed."""

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from collab.limits import Limits
from server.commands.failure import CommandFailed


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

    owner_token: SecretStr | None = None
    """The owner's API token, set when the first start creates the owner."""

    public_url: Annotated[str, AfterValidator(_origin)] | None = None
    """Where browsers reach the server when that is not its own address: behind TLS, a proxy or a load balancer."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names, comma-separated, that requests may be addressed to besides our own. See `server.web.Hosts`."""

    metrics_token: SecretStr | None = None
    """Lets ``/metrics`` be read from other machines with ``Authorization: Bearer``."""

    session_days: int = Field(default=30, ge=1)
    """Days after which a browser that was not used is signed out."""

    limits: Limits = Field(default_factory=lambda: limits_from(os.environ))
    """Each from ``SCRIPTORIUM_LIMIT_<NAME>``, such as ``SCRIPTORIUM_LIMIT_BINARY_FILE``."""

    outgoing_bytes: int = 16 << 20
    """What may wait for a client that reads slowly, before it is closed with 4508."""

    import_bytes: int = 1 << 30
    """An import's largest size, packed and unpacked."""

    import_files: int = 20_000
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
        name = f"SCRIPTORIUM_LIMIT_{field.name.upper()}"
        if value := environment.get(name):
            try:
                chosen[field.name] = float(value) if isinstance(field.default, float) else int(value)
            except ValueError:
                chosen[field.name] = 0
            if chosen[field.name] <= 0:
                raise CommandFailed(
                    f"The environment is set wrongly. {name}: must be a positive number, not {value!r}."
                )
    return Limits(**chosen)  # type: ignore[arg-type]  # each value has the type of its field's default


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
