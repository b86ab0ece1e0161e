"""Every setting, read from the environment. DESIGN section 2 names those that choose between embedded and distributed."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


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

    @cached_property
    def limits(self) -> "Limits": ...
