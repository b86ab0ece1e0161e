"""The command ``scriptorium``. What a command does is imported when it is called: `serve` must be quick to start."""

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

import typer

if TYPE_CHECKING:
    from server.commands.remote import Remote
    from server.settings import Settings

app = typer.Typer(
    help="A shared workspace with one assistant for the whole group.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tokens = typer.Typer(help="API tokens of a running server.", no_args_is_help=True)
app.add_typer(tokens, name="token")
evaluations = typer.Typer(help="How good the assistant's parts are, on data of yours.", no_args_is_help=True)
app.add_typer(evaluations, name="evaluate")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept. Default: SCRIPTORIUM_DATA_DIR, or ./data.")
]
Url = Annotated[str | None, typer.Option("--url", help="The server. Default: the one that runs on this machine.")]
Token = Annotated[str | None, typer.Option("--token", envvar="SCRIPTORIUM_TOKEN", help="An API token.")]
InWorkspace = Annotated[str | None, typer.Option("--workspace", help="Name or id. Default: the only one.")]
Format = Literal["raw", "sft", "dpo", "kto"]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    data_dir: DataDir = None,
    proxy_headers: Annotated[
        bool, typer.Option("--proxy-headers", help="Believe X-Forwarded-For and -Proto of FORWARDED_ALLOW_IPS.")
    ] = False,
) -> None:
    """Start the server. Prints a link that signs the owner in, once."""
    with _sentences():
        from server import serve as running

        settings = _settings(data_dir)
        listener = running.bind(host, port)
        _run(running.serve(settings, listener, proxy_headers=proxy_headers, ready=_show_link))


@app.command()
def worker(
    data_dir: DataDir = None,
    only: Annotated[
        Literal["answers", "analysis", "events"] | None,
        typer.Option("--only", help="Only ask models, analyse what is asked about, or see to events. Default: all."),
    ] = None,
) -> None:
    """Start one more worker for the assistant. Needs Redis; without it the worker runs inside `serve`."""
    with _sentences():
        from server import worker as running

        _run(running.work(_settings(data_dir), only))


@tokens.command("create")
def create_token(name: str, url: Url = None, token: Token = None, data_dir: DataDir = None) -> None:
    """Print a new API token. It is shown this once."""
    with _sentences():
        print(_remote(url, token, data_dir).post("/api/tokens", {"name": name})["token"])


@tokens.command("list")
def list_tokens(url: Url = None, token: Token = None, data_dir: DataDir = None) -> None:
    """List id, date and name of your API tokens."""
    with _sentences():
        for shown in _remote(url, token, data_dir).get("/api/tokens"):
            print(shown["id"], shown["created_at"][:10], shown["name"], sep="\t")


@tokens.command("revoke")
def revoke_token(id: str, url: Url = None, token: Token = None, data_dir: DataDir = None) -> None:
    """Revoke an API token by its id."""
    with _sentences():
        _remote(url, token, data_dir).delete(f"/api/tokens/{id}")


@evaluations.command("retrieval")
def evaluate_retrieval(
    dataset: Annotated[
        Path, typer.Argument(help="A folder with corpus/ and queries.jsonl.", exists=True, file_okay=False)
    ],
) -> None:
    """How well what is asked is found in files: recall, MRR and nDCG. Needs no server."""
    with _sentences():
        from ai.knowledge.evaluating import evaluate

        found = evaluate(dataset)
        print(f"{found.queries} queries, {found.pieces} passages of {found.files} files")
        for most, recall in found.quality.recall.items():
            print(f"recall@{most}\t{recall:.3f}")
        print(f"MRR@10\t{found.quality.mrr:.3f}")
        print(f"nDCG@10\t{found.quality.ndcg:.3f}")
        print(f"CPU\t{found.cpu:.2f} ms a query")


@app.command("import")
def import_files(
    source: Annotated[Path, typer.Argument(help="A folder or a zip file.", exists=True)],
    workspace: InWorkspace = None,
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = None,
) -> None:
    """Bring files into a workspace: text becomes shared documents, anything else is stored as it is."""
    with _sentences():
        from server.commands.pack import archive_of, pieces

        remote = _remote(url, token, data_dir)
        target = remote.workspace(workspace)
        with archive_of(source) as (archive, left_out):
            result = remote.upload(f"{target}/import", pieces(archive), "application/zip")
        print(f"{result['created']} files created, {result['changed']} changed, {result['unchanged']} as they were.")
        if left_out:
            print(f"Left out, because they are no files: {left_out} (links, pipes or devices).")


@app.command("export")
def export_files(
    target: Annotated[Path, typer.Argument(help="The zip file to write.")],
    workspace: InWorkspace = None,
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = None,
) -> None:
    """Write all files of a workspace into a zip file."""
    with _sentences():
        remote = _remote(url, token, data_dir)
        draft = target.with_name(target.name + ".part")
        with remote.download(f"{remote.workspace(workspace)}/export") as pieces, draft.open("wb") as file:
            file.writelines(pieces)
        draft.replace(target)


@app.command()
def feedback(
    format: Annotated[Format, typer.Option("--format", help="As recorded, or ready for tuning.")] = "raw",
    since: Annotated[str | None, typer.Option(help="The first moment, such as 2026-11-30T12:00:00Z.")] = None,
    until: Annotated[
        str | None, typer.Option(help="The first moment that does not count any more, or `settled`.")
    ] = None,
    workspace: InWorkspace = None,
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = None,
) -> None:
    """Print what was decided about the assistant's proposals, as JSON lines.

    With `--until settled` it stops where something is still being measured, and names the `--since` to go on with.
    """
    with _sentences():
        remote = _remote(url, token, data_dir)
        given = {"format": format, "since": since, "until": until}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        with remote.response(f"{remote.workspace(workspace)}/feedback?{query}") as answer:
            for piece in answer.iter_bytes():
                sys.stdout.buffer.write(piece)
            if until is not None:
                print(f"Go on with --since {answer.headers['Scriptorium-Until']}", file=sys.stderr)


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check the environment, storage and the model, and say in sentences what is wrong."""
    with _sentences():
        from server.commands.doctor import examine

        if not asyncio.run(examine(_settings(data_dir))):
            raise typer.Exit(1)


def main() -> None:
    app()


def _settings(data_dir: Path | None) -> "Settings":
    from server.settings import read_settings

    return read_settings(data_dir)


def _remote(url: str | None, token: str | None, data_dir: Path | None) -> "Remote":
    from server.commands.remote import Remote

    return Remote.find(url, token, _settings(data_dir).data_dir)


def _show_link(link: str) -> None:
    print(f"\n  Scriptorium is ready. This link signs the owner in, once:\n\n  {link}\n", flush=True)


def _run(work: Coroutine[Any, Any, None]) -> None:
    import uvloop

    from server import logs

    logs.configure()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what a person can do something about into a sentence; anything else keeps its traceback."""
    try:
        yield
    except Exception as error:
        from ai.knowledge.evaluating import DatasetWrong
        from ai.models.environment import EndpointsWrong
        from collab.rooms.rooms import EditsLost
        from server.commands.failure import CommandFailed
        from storage.folder_lock import FolderInUse

        if not isinstance(error, CommandFailed | DatasetWrong | EndpointsWrong | EditsLost | FolderInUse):
            raise
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
