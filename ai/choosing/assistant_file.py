"""`.scriptorium/assistant.yaml`: what a group has chosen for its assistant.

    endpoint: house             # one that is configured on the server
    model: qwen3-coder          # one of its models
    temperature: 0.3
    top_p: 0.9
    top_k: 40                   # where the endpoint knows it
    max_tokens: 2000
    system_instruction: |
      We write British English.
    recipes:
      Fix: hidden
      Haiku:
        kind: edit
        instruction: Make it a haiku about {a season}.
    notices:                    # what it says without being asked
      faults: off
      knowledge: weekly         # KNOWLEDGE.md is brought up to date
      most_per_hour: 3
      quiet_hours: 18:00-08:30
      time_zone: Europe/Berlin

Every editor can write the file, so it is read as hostile text, and addresses and keys are refused in it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, time, tzinfo
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StringConstraints, ValidationError

from ai.checking.yaml_words import shortened
from ai.choosing.recipes import Recipe, RecipeKind, with_built_in
from ai.choosing.yaml_text import BadYaml, YamlText, read
from ai.models.endpoints import DEFAULT, Endpoint
from ai.models.port import ModelParams
from ai.notices.notice import Kind
from ai.notices.restraint import MOST_PER_HOUR, Period, Restraint
from ai.record.secrets import redact

ASSISTANT_FILE = ".scriptorium/assistant.yaml"

HIDDEN = "hidden"
MOST_RECIPES = 40
MOST_PLACEHOLDERS = 5

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Recipe(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: RecipeKind
    instruction: Annotated[Text, Field(max_length=4_000)]


def _unless_hidden(value: Any) -> Any:
    if value is None:
        raise ValueError  # what is left empty is not meant to be hidden
    return None if value == HIDDEN else value


_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?[-–] ?([01]\d|2[0-3]):([0-5]\d)")


def _hours(value: Any) -> Any:
    if value is None:
        return None
    found = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError
    begin, begin_minute, end, end_minute = map(int, found.groups())
    return time(begin, begin_minute), time(end, end_minute)


def _zone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value.strip())
    except (OSError, LookupError):  # what is no file of the database of time zones, and what is none of its names
        raise ValueError from None


def _period(value: Any) -> Any:
    if value is False or (isinstance(value, str) and value.lower() in ("off", "no", "false")):
        return False
    if value is not None and value not in get_args(Period):
        raise ValueError
    return value


class _Notices(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    broken: bool | None = None
    faults: bool | None = None
    repeated: bool | None = None
    todo: bool | None = None
    question: bool | None = None
    knowledge: Annotated[Period | Literal[False] | None, PlainValidator(_period)] = None
    most_per_hour: int | None = Field(default=None, ge=0, le=100)
    quiet_hours: Annotated[tuple[time, time] | None, BeforeValidator(_hours)] = None
    time_zone: Annotated[tzinfo | None, BeforeValidator(_zone)] = None

    @property
    def restraint(self) -> Restraint:
        kinds: tuple[Kind, ...] = get_args(Kind)
        return Restraint(
            frozenset(kind for kind in kinds if getattr(self, kind) is False),
            MOST_PER_HOUR if self.most_per_hour is None else self.most_per_hour,
            self.quiet_hours,
            self.time_zone or UTC,
            self.knowledge or None,
        )


class AssistantFile(BaseModel):
    """None leaves the choice to the server, or to the endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: Annotated[Text, Field(max_length=100)] | None = None
    model: Annotated[Text, Field(max_length=200)] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)
    top_k: int | None = Field(default=None, ge=1, le=1_000)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    system_instruction: Annotated[Text, Field(max_length=8_000)] | None = None
    recipes: (
        dict[
            Annotated[Text, Field(max_length=40)],
            Annotated[_Recipe | None, BeforeValidator(_unless_hidden)],
        ]
        | None
    ) = Field(default=None, max_length=MOST_RECIPES)

    notices: _Notices | None = None

    @property
    def restraint(self) -> Restraint:
        return self.notices.restraint if self.notices is not None else Restraint()

    @property
    def params(self) -> ModelParams:
        return ModelParams(self.temperature, self.top_p, self.top_k, self.max_tokens)

    def all_recipes(self) -> list[Recipe]:
        """With the built-in ones."""
        own = (self.recipes or {}).items()
        return with_built_in({name: Recipe(name, r.kind, r.instruction) if r else None for name, r in own})


_WANTED = {
    "endpoint": "the name of an endpoint",
    "model": "the name of a model",
    "temperature": "a number from 0 to 2",
    "top_p": "a number above 0 and up to 1",
    "top_k": "a whole number from 1 to 1000",
    "max_tokens": "a whole number from 1 to 1000000",
    "system_instruction": "a text of at most 8000 characters",
    "recipes": f"at most {MOST_RECIPES} recipes, each with a name and a colon",
    "kind": "one of edit, write and chat",
    "instruction": "a text of at most 4000 characters",
    "notices": f"settings of their own, each with a colon after its name: {', '.join(_Notices.model_fields)}",
    "broken": "on or off",
    "faults": "on or off",
    "knowledge": "daily, weekly or off",
    "most_per_hour": "a whole number from 0 to 100",
    "quiet_hours": "two times, such as 18:00-08:30",
    "time_zone": "the name of a time zone, such as Europe/Berlin",
}
_SERVERS_OWN = ("url", "base_url", "api_base", "address", "key", "api_key", "token", "password", "secret")
_SETTINGS = ", ".join(AssistantFile.model_fields)


def parse(text: str, endpoints: Mapping[str, Endpoint]) -> AssistantFile:
    """What `text` says. Takes a few milliseconds at most for what people write, and up to 0.4 s for the worst text.

    Raises BadYaml, with the line and a sentence, for all that is wrong with it.
    """
    source = read(text)
    for redaction in redact(text).redactions:
        raise source.at(redaction.start, "this looks like a password or a key. Keys are set on the server, never here.")
    if source.value is None:
        return AssistantFile()
    if not isinstance(source.value, dict):
        raise source.error((), f"settings are expected here, each with a colon after its name: {_SETTINGS}.")
    try:
        file = AssistantFile.model_validate(source.value)
    except ValidationError as error:
        # Without what was given: whoever reads the sentence has the line beside it.
        found = error.errors(include_input=False, include_context=False, include_url=False)
        first = min(found, key=lambda one: source.place(one["loc"]))
        raise _explained(source, first["type"], first["loc"]) from None
    _check_endpoint(source, file, endpoints)
    _check_recipes(source, file)
    return file


def _explained(source: YamlText, kind: str, location: tuple[str | int, ...]) -> BadYaml:
    if location[-1] == "[key]":
        return source.error(location[:-1], "a recipe's name has 1 to 40 characters.", at_key=True)
    setting = str(location[-1])
    if kind == "extra_forbidden":
        if setting.lower() in _SERVERS_OWN:
            said = "addresses and keys are set on the server, never here; name an endpoint of the server instead."
        elif len(location) == 1:
            said = f"“{shortened(setting)}” is no setting. There are: {_SETTINGS}."
        elif location[0] == "notices":
            said = f"“{shortened(setting)}” is no setting of notices. There are: {', '.join(_Notices.model_fields)}."
        else:
            said = f"“{shortened(setting)}” is no part of a recipe; it has kind and instruction."
        return source.error(location, said, at_key=True)
    if kind == "missing":
        return source.error(location, f"the recipe “{shortened(str(location[-2]))}” has no “{setting}”.", at_key=True)
    if len(location) == 2 and location[0] == "recipes":
        said = f"the recipe “{shortened(setting)}” needs kind and instruction below it, or the word “{HIDDEN}”."
        return source.error(location, said)
    return source.error(location, f"“{setting}” must be {_WANTED[setting]}.")


def _check_endpoint(source: YamlText, file: AssistantFile, endpoints: Mapping[str, Endpoint]) -> None:
    for setting, value in (("endpoint", file.endpoint), ("model", file.model)):
        if value is not None and "://" in value:
            said = f"“{setting}” is a name, not an address. Addresses are set on the server, never here."
            raise source.error((setting,), said)
    name = file.endpoint or DEFAULT
    if (endpoint := endpoints.get(name)) is None:
        known = ", ".join(endpoints)
        said = f"this server has no endpoint “{shortened(name)}”. It has: {known}."
        raise source.error(("endpoint",), said)
    if file.model is not None and file.model not in endpoint.models:
        known = ", ".join(endpoint.models)
        said = f"the endpoint “{name}” has no model “{shortened(file.model)}” for you. It has: {known}."
        raise source.error(("model",), said)
    if file.top_k is not None and not endpoint.knows_top_k:
        raise source.error(("top_k",), f"the endpoint “{name}” does not know “top_k”; leave it out.", at_key=True)


def _check_recipes(source: YamlText, file: AssistantFile) -> None:
    seen: set[str] = set()
    for name in source.value.get("recipes") or ():
        if (folded := name.strip().casefold()) in seen:
            said = f"there is another recipe “{shortened(name)}”; letter case makes no difference."
            raise source.error(("recipes", name), said, at_key=True)
        seen.add(folded)
        recipe = (file.recipes or {})[name.strip()]
        if recipe and len(Recipe(name, recipe.kind, recipe.instruction).placeholders) > MOST_PLACEHOLDERS:
            said = f"a recipe asks for at most {MOST_PLACEHOLDERS} things in braces."
            raise source.error(("recipes", name, "instruction"), said)
