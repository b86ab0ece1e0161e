"""What an endpoint's refusal means, in a sentence for people and without anything secret that it may quote."""

import email.utils
import re
import time
from collections.abc import Mapping

from openai import APIStatusError

from ai.models.port import ModelError

OPTIONAL = ("stream_options", "max_tokens", "temperature", "top_p", "top_k")
"""Parameters without which a request means the same."""

_UNKNOWN_CODES = ("unsupported_parameter", "unknown_parameter", "extra_forbidden")
_UNKNOWN = re.compile(
    r"unsupported|unrecogni[sz]ed|unknown|unexpected|no such|extra (?:inputs|fields)|additional propert"
    r"|\b(?:not|cannot) (?:be )?(?:support|permitted|allowed|recogni[sz]ed|known|available|accept|used?\b)"
    r"|is deprecated|instead",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\b(?:at (?:most|least)|must be|should be|too (?:large|small|long|high|low|many)|maximum|minimum|exceeds?|between"
    r"|(?:less|greater|more|larger|smaller) than|out of range|up to)\b",
    re.IGNORECASE,
)
_MAX_WAIT = 3600.0
_LOOKED_AT = 2_000
"""Letters of what an endpoint says, of which people read 200. An endpoint may echo a whole prompt without a blank."""
_ADDRESS = re.compile(r"\S+://\S+")
_KEY = re.compile(r"\b(?:sk|pk|key|hf|gsk)[-_][\w*.-]{4,}|[\w-]*\*{3,}[\w-]*")


def unsupported_parameter(error: APIStatusError) -> str | None:
    """The parameter for whose sake the endpoint refuses a request that means the same without it.

    None for `max_tokens` where the endpoint knows it and only its value is wrong: an answer of any length is not the
    same, and "max_tokens must be at most 4096" is for people to read.
    """
    if error.status_code not in (400, 422):
        return None
    said = _said(error)
    # Newer models name both when they ask for `max_completion_tokens` instead of `max_tokens`.
    named = (name for name in OPTIONAL if name == error.param or re.search(rf"\b{name}\b", said))
    parameter = next(named, None)
    if parameter != "max_tokens" or error.code in _UNKNOWN_CODES:
        return parameter
    return parameter if _UNKNOWN.search(said) and not _VALUE.search(said) else None


def describe_status(error: APIStatusError, *, host: str, model: str, api_key: str | None) -> ModelError:
    """The `ModelError` for an answer that is not 200."""
    status = error.status_code
    if status == 429 and error.code == "insufficient_quota":
        return ModelError("rejected", f"The account at {host} has no credit left.")
    if status == 429:
        return ModelError(
            "rate_limited", f"{host} has too many requests to answer just now.", retry_after=_retry_after(error)
        )
    if status in (401, 403):
        return ModelError("rejected", f"{host} does not accept the key that is configured for it.")
    if status == 408:
        return ModelError("timeout", f"The model at {host} has not answered for too long.")
    if status >= 500:
        return ModelError(
            "server_error", f"The model endpoint {host} failed (HTTP {status}).", retry_after=_retry_after(error)
        )
    said = _presentable(_said(error), api_key)
    if status == 404:
        return ModelError("rejected", f"{host} knows no model {model!r}{said}.")
    return ModelError("rejected", f"{host} refused the request (HTTP {status}){said}.")


def _said(error: APIStatusError) -> str:
    body = error.body
    if isinstance(body, Mapping):
        # OpenAI nests the error and the SDK takes it out; others write `message` or `detail` at the top.
        body = body.get("message") or body.get("detail") or body.get("error")
    return body if isinstance(body, str) else ""


def _presentable(said: str, api_key: str | None) -> str:
    if api_key:
        said = said.replace(api_key, "…")
    if len(said) > _LOOKED_AT:
        # Without the last word, of which a piece may be left that no pattern knows any more.
        said = said[:_LOOKED_AT].rpartition(" ")[0]
    said = _KEY.sub("…", _ADDRESS.sub("…", " ".join(said.split())))
    said = "".join(char for char in said if char.isprintable()).strip().rstrip(".")
    return f": “{said[:200]}”" if said else ""


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds, from `Retry-After` as a number or as a date; never more than an hour."""
    value = error.response.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    # `not >=` also takes out NaN.
    return min(seconds, _MAX_WAIT) if seconds >= 0 else None
