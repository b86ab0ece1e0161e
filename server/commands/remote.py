"""A running server, as the command line talks to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from server import local
from server.commands.failure import CommandFailed


class Remote:
    """Raises CommandFailed with what the server answered when that is an error."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        # Reading has no time limit: an export may think for a while.
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx2.Timeout(10, read=None, write=None),
            trust_env=False,
        )

    @classmethod
    def find(cls, url: str | None, token: str | None, data_dir: Path) -> "Remote":
        """The server at ``url``, or the one that runs on this machine on ``data_dir``."""
        if url is None:
            server = local.read_server(data_dir)
            if server is None:
                raise CommandFailed(
                    f"No server runs on {data_dir}. Start one with `scriptorium serve`, or name one with --url."
                )
            url, token = server.url, token or local.read_token(data_dir)
        if token is None:
            raise CommandFailed("A token is needed: --token, or SCRIPTORIUM_TOKEN in the environment.")
        return cls(url.rstrip("/"), token)

    def get(self, path: str) -> Any:
        return self._answer("GET", path).json()

    def post(self, path: str, body: Any) -> Any:
        return self._answer("POST", path, json=body).json()

    def delete(self, path: str) -> None:
        self._answer("DELETE", path)

    def upload(self, path: str, body: Iterator[bytes], media_type: str) -> Any:
        return self._answer("POST", path, content=body, headers={"Content-Type": media_type}).json()

    @contextmanager
    def download(self, path: str) -> Iterator[Iterator[bytes]]:
        with self.response(path) as response:
            yield response.iter_bytes()

    @contextmanager
    def response(self, path: str) -> Iterator[httpx2.Response]:
        """The answer as it comes in, its body still to be read."""
        try:
            with self._http.stream("GET", path) as response:
                if response.is_error:
                    response.read()
                    raise _failure(response)
                yield response
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None

    def workspace(self, wanted: str | None) -> str:
        """The path of the workspace of that id or name; without one, of the only one there is."""
        found = self.get("/api/workspaces")
        fitting = [w for w in found if wanted is None or wanted in (w["id"], w["name"])]
        if len(fitting) == 1:
            return f"/api/workspaces/{quote(fitting[0]['id'])}"
        names = ", ".join(f"{w['name']} ({w['id']})" for w in found) or "none"
        problem = "There are several workspaces" if fitting else f"There is no workspace {wanted!r}"
        raise CommandFailed(f"{problem}. Choose one with --workspace: {names}.")

    def _answer(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            response = self._http.request(method, path, **request)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None
        if response.is_error:
            raise _failure(response)
        return response

    def _unreachable(self, error: httpx2.HTTPError) -> CommandFailed:
        return CommandFailed(f"{self.url} does not answer ({error or type(error).__name__}). Does the server run?")


def _failure(response: httpx2.Response) -> CommandFailed:
    try:
        return CommandFailed(str(response.json()["detail"]))
    except (ValueError, KeyError, TypeError):
        return CommandFailed(f"{response.url} answered {response.status_code} {response.reason_phrase}.")
