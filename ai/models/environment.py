"""Which model answers, from the settings of the server."""

from typing import Protocol

from pydantic import SecretStr

from ai.models.local import LocalAssistant
from ai.models.port import Provider

DEFAULT_MODEL = "gpt-5.4-mini"


class ModelSettings(Protocol):
    @property
    def openai_api_key(self) -> SecretStr | None: ...
    @property
    def openai_base_url(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...


class ModelNotNamed(ValueError):
    """An endpoint is configured, but not which of its models is meant."""


def provider_from_environment(settings: ModelSettings) -> Provider:
    """The configured endpoint, or the local assistant where neither a key nor an address is set.

    Raises `ModelNotNamed`: only at OpenAI itself is there a model that we may assume.
    """
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return LocalAssistant()
    if settings.model is None and settings.openai_base_url is not None:
        raise ModelNotNamed(
            "OPENAI_BASE_URL names a model endpoint, but not which of its models is to answer: set SCRIPTORIUM_MODEL."
        )
    # The SDK takes most of a second to import, which a start without a model need not wait for.
    from ai.models.openai_compatible import OpenAICompatible

    key = settings.openai_api_key
    return OpenAICompatible(
        model=settings.model or DEFAULT_MODEL,
        api_key=key.get_secret_value() if key else None,
        base_url=settings.openai_base_url,
    )
