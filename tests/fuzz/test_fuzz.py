"""The fuzz targets in the suite: what once broke a promise, and half a minute each of looking for more."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import required
from tests.fuzz import session, wire
from tests.services.launchers import ServiceMissing

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent


def saved(target: str) -> list[Path]:
    return sorted(path for kind in ("seeds", "broken") for path in (FOLDER / kind / target).glob("*"))


@pytest.mark.parametrize("path", saved("wire"), ids=lambda path: path.name)
def test_bytes_that_broke_a_reader(path: Path) -> None:
    wire.run(path.read_bytes())


def test_sessions_that_broke_a_room(tmp_path: Path) -> None:
    with session.theatre(tmp_path) as theatre:
        for path in saved("session"):
            try:
                theatre.run(path.read_bytes())
            except AssertionError as error:
                pytest.fail(f"{path.name}: {error}")


def find_atheris() -> None:
    if find_spec("atheris") is None:
        raise ServiceMissing("atheris is missing; `make test` gets it where it has a wheel for the platform")


@pytest.mark.alone
@pytest.mark.parametrize("target", ["wire", "session"])
def test_nothing_breaks_for_half_a_minute(target: str, tmp_path: Path) -> None:
    required(find_atheris)
    folders = ["--corpus", str(tmp_path / "corpus"), "--broken", str(tmp_path / "broken")]
    # Always the same dice, or the suite would find on Friday what nobody has touched; `make fuzz` looks further.
    folders += ["--seed", "1"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, "--minutes", "0.5", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
    )
    kept = {path.name: path.read_bytes().hex() for path in (tmp_path / "broken").rglob("*") if path.is_file()}
    assert run.returncode == 0, (
        f"{run.stdout[-2000:]}\n{run.stderr[-1000:]}\nkeep as tests/fuzz/broken/{target}/…: {kept}"
    )
