"""Where the server of a test keeps things, and the plain files that anybody finds there."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from obstore.store import S3Store

from tests.conftest import Services


@dataclass(frozen=True)
class Store:
    """One Scriptorium's data folder, and where the rest is kept when that is not there."""

    data_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    bucket: S3Store | None = None

    @property
    def is_shared(self) -> bool:
        """Whether several processes may use it."""
        return self.bucket is not None

    async def drive(self, workspace: str) -> dict[str, bytes]:
        """The plain files of ``workspace`` by path, read as anybody reads them: from the folder, or by an S3 client.

        One that goes between the listing and the reading, because it is just being moved, is left out.
        """
        prefix = f"drive/{workspace}/"
        if self.bucket is None:
            folder = self.data_dir / "objects" / prefix
            files = [file for file in folder.rglob("*") if file.is_file()]
            found: dict[str, bytes] = {}
            for file in files:
                with suppress(FileNotFoundError):
                    found[file.relative_to(folder).as_posix()] = file.read_bytes()
            return found
        found = {}
        async for batch in self.bucket.list(prefix):
            for info in batch:
                with suppress(FileNotFoundError):
                    answer = await self.bucket.get_async(info["path"])
                    found[info["path"].removeprefix(prefix)] = bytes(await answer.bytes_async())
        return found


def embedded(data_dir: Path) -> Store:
    return Store(data_dir)


def on_services(services: Services, data_dir: Path) -> Store:
    """With a database, a bucket and a Redis database of its own."""
    name = f"e2e{uuid4().hex}"
    services.s3.bucket(name)
    credentials: dict[str, Any] = dict(services.s3.credentials)
    environment = {
        "SCRIPTORIUM_MONGO_URL": services.mongo.database(name),
        "SCRIPTORIUM_OBJECT_STORE_URL": services.s3.bucket(name),
        "SCRIPTORIUM_REDIS_URL": services.redis.database(next(services.numbers)),
        **credentials,
    }
    bucket = S3Store(
        name,
        endpoint=credentials["AWS_ENDPOINT_URL"],
        access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        region=credentials["AWS_REGION"],
        client_options={"allow_http": True},
    )
    return Store(data_dir, environment, bucket)
