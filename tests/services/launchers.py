"""The real services that tests run against: Redis, FerretDB (the MongoDB wire protocol on SQLite) and versitygw (S3).

`make services` fetches and builds them. Each runs on a free port of the loopback interface with its data in a folder of
its own, and can be stopped, killed, paused and started again on the same port and data.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / ".services" / "bin"
START_WITHIN = 60.0
STOP_WITHIN = 10.0


class ServiceMissing(Exception):
    """The program is not on this machine; the message says how to get it."""


class Service(ABC):
    """One process. Its log is `log.txt` in its folder."""

    program: str

    def __init__(self, folder: Path) -> None:
        """Raises `ServiceMissing`."""
        self.folder = folder
        self.port = free_port()
        self._executable = find_program(self.program)
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir(parents=True)

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def arguments(self) -> list[str]: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What the service itself needs to be told this way."""
        return {}

    def start(self) -> None:
        """Returns when the service takes connections."""
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [self._executable, *self.arguments()],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        deadline = time.monotonic() + START_WITHIN
        while not self._listening():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.program} did not start: {(self.folder / 'log.txt').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Redis(Service):
    program = "redis-server"

    def arguments(self) -> list[str]:
        # Many databases, so that every test can have one.
        options = {"port": self.port, "bind": "127.0.0.1", "dir": "data", "save": '""', "databases": 10_000}
        return [word for name, value in options.items() for word in (f"--{name}", str(value).strip('"'))]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def database(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{number}"


class Mongo(Service):
    program = "ferretdb"

    def arguments(self) -> list[str]:
        return ["-listen", f"127.0.0.1:{self.port}", "-folder", "data"]

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/scriptorium"

    def database(self, name: str) -> str:
        return f"mongodb://127.0.0.1:{self.port}/{name}"


class S3(Service):
    program = "versitygw"
    _ACCESS, _SECRET = "scriptorium", "secret-of-the-tests"

    def arguments(self) -> list[str]:
        return ["--quiet", "--port", f"127.0.0.1:{self.port}", "posix", "data"]

    @property
    def environment(self) -> Mapping[str, str]:
        return {"ROOT_ACCESS_KEY": self._ACCESS, "ROOT_SECRET_KEY": self._SECRET}

    @property
    def url(self) -> str:
        return self.bucket("main")

    def bucket(self, name: str) -> str:
        """The URL of a bucket, made if it is not there. Its objects are files in `folder/data/<name>`."""
        (self.folder / "data" / name).mkdir(exist_ok=True)
        return f"s3://{name}"

    @property
    def credentials(self) -> Mapping[str, str]:
        """For the environment of whoever uses the service."""
        return {
            "AWS_ACCESS_KEY_ID": self._ACCESS,
            "AWS_SECRET_ACCESS_KEY": self._SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
        }


def find_program(name: str, *others: str) -> str:
    """Its path, from `make services` or from the system; `others` are names that it also goes by."""
    for candidate in (name, *others):
        if found := shutil.which(candidate, path=f"{BUILT}{os.pathsep}{os.environ.get('PATH', os.defpath)}"):
            return found
    raise ServiceMissing(f"{name} is missing; `make services` gets it")
