"""The model endpoints of a server by their names, and a provider for each of their models.

Groups choose among these by name. Addresses and keys are the server's alone: nothing here is shown but names, models,
prices and what an endpoint knows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from ai.models.breaker import Breaker
from ai.models.local import LocalAssistant
from ai.models.port import Price, Provider

DEFAULT = "default"
"""Answers where a group has chosen nothing."""

LOCAL = "local"
"""The built-in assistant: always there, for groups whose text is to stay on the server."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`models` are those that groups may choose, the first where they choose none. `url` None: OpenAI's own."""

    name: str
    models: Mapping[str, Price | None]
    url: str | None = None
    key: SecretStr | None = field(default=None, repr=False)
    knows_top_k: bool = False
    local: bool = False

    @property
    def model(self) -> str:
        return next(iter(self.models))

    def view(self) -> dict[str, Any]:
        """What people may know: {name, models: [{name, price}], knows_top_k, local}."""
        models = [{"name": name, "price": price and price.view()} for name, price in self.models.items()]
        return {"name": self.name, "models": models, "knows_top_k": self.knows_top_k, "local": self.local}


Connect = Callable[[Endpoint, str], Provider]
"""Opens a model of an endpoint."""


def connect(endpoint: Endpoint, model: str) -> Provider:
    # The SDK takes most of a second to import, which a start without a model need not wait for.
    from ai.models.openai_compatible import OpenAICompatible

    key = endpoint.key.get_secret_value() if endpoint.key else None
    provider = OpenAICompatible(model=model, api_key=key, base_url=endpoint.url, price=endpoint.models[model])
    return Breaker(provider, endpoint.name)


class Endpoints(Mapping[str, Endpoint]):
    """`default` and `local` are among them; without a `default`, the built-in assistant is that as well."""

    def __init__(self, endpoints: Iterable[Endpoint] = (), connect: Connect = connect) -> None:
        """Each model is opened when it is first asked, by `connect`."""
        built_in = [Endpoint(name, {"local": None}, local=True) for name in (DEFAULT, LOCAL)]
        self._by_name = {endpoint.name: endpoint for endpoint in (*built_in, *endpoints)}
        self._connect = connect
        self._providers: dict[tuple[str, str], Provider] = {}

    def __getitem__(self, name: str) -> Endpoint:
        return self._by_name[name]

    def __iter__(self) -> Any:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def provider(self, name: str = DEFAULT, model: str | None = None) -> Provider:
        """The `model` of an endpoint, its first one without a name. Raises KeyError for what is not configured."""
        endpoint = self._by_name[name]
        chosen = model or endpoint.model
        if chosen not in endpoint.models:
            raise KeyError(chosen)
        if (provider := self._providers.get((name, chosen))) is None:
            provider = LocalAssistant() if endpoint.local else self._connect(endpoint, chosen)
            self._providers[name, chosen] = provider
        return provider

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()
