"""What a request makes depend on the content that it knows (RFC 9110, section 13)."""

import re

from starlette.requests import Request

from collab.documents.contents import Expectation
from server.problems import Problem

_ANY = "*"
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")


def etag_of(sha256: str) -> str:
    return f'"{sha256}"'


def is_known(request: Request, etag: str | None) -> bool:
    """Whether the sender has what is there already, as ``If-None-Match`` says. ``etag`` None: nothing is there.

    Problem 400 when the header is not what it can be.
    """
    tags = _tags(request, "if-none-match")
    return etag is not None and tags is not None and (_ANY in tags or etag in {tag.removeprefix("W/") for tag in tags})


def check_match(request: Request, etag: str | None) -> None:
    """``If-Match``: Problem 412 unless what is there is what the sender knows, 400 as `is_known`."""
    tags = _tags(request, "if-match")
    if tags is not None and (etag is None or not (_ANY in tags or etag in tags)):
        raise Problem(412, "There is no such file." if etag is None else "The file has changed since you read it.")


def expectation(request: Request) -> Expectation | None:
    """What a request that would change a file expects of it: Problem 412 when one of both headers does not hold, 400 as
    `is_known`. None without any.
    """
    if "if-match" not in request.headers and "if-none-match" not in request.headers:
        return None

    def check(sha256: str | None) -> None:
        etag = etag_of(sha256) if sha256 is not None else None
        check_match(request, etag)
        if is_known(request, etag):
            raise Problem(412, "There is such a file already.")

    return check


def _tags(request: Request, header: str) -> set[str] | None:
    """None without the header."""
    if header not in request.headers:
        return None
    sent = ", ".join(request.headers.getlist(header)).strip()
    if sent == _ANY:
        return {_ANY}
    if not _TAGS.fullmatch(sent):
        raise Problem(400, f"{header.title()} takes entity tags in double quotes, as ETag has them, or a single *.")
    return set(re.findall(_TAG, sent))
