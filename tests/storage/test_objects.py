"""One acceptance suite for every kind of object store."""

import os
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.objects import InvalidKey, ObjectNotFound, ObjectStore, check_key
from tests.services.launchers import S3

AWKWARD_NAMES = [
    "with space",
    " around ",
    "100%",
    "%20",
    "C#1",
    "#",
    "été",
    "e\u0301te\u0301",  # another été: no store may fold one into the other
    "日本語😀",
    '*?<>|":',
    "back\\slash",
    "~tilde",
    ".hidden",
    "...",
    "{x}^`[]",
    "x+y=z&q;,@!$'()",
    "n" * 255,
    "é" * 127,
]


@pytest.fixture(params=["folder", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield ObjectStore.from_url((tmp_path / "objects #1 é").as_uri())
    elif request.param == "memory":
        yield ObjectStore.from_url("memory://")
    else:
        service: S3 = request.getfixturevalue("s3_service")
        yield ObjectStore.from_url(service.bucket("objects") + "/inner folder")


async def keys(store: ObjectStore, prefix: str) -> set[str]:
    return {info.key async for info in store.list(prefix)}


async def test_put_get_head_delete(store: ObjectStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    await store.put("a/b.txt", b"one")
    assert await store.get("a/b.txt") == b"one"
    await store.put("a/b.txt", b"two, longer")
    assert await store.get("a/b.txt") == b"two, longer"
    info = await store.head("a/b.txt")
    assert info is not None
    assert (info.key, info.size) == ("a/b.txt", 11)
    assert before < info.modified < datetime.now(UTC) + timedelta(seconds=2)
    await store.delete("a/b.txt")
    await store.delete("a/b.txt")
    assert await store.head("a/b.txt") is None
    with pytest.raises(ObjectNotFound):
        await store.get("a/b.txt")


async def test_what_is_not_there(store: ObjectStore) -> None:
    await store.put("file", b"")
    for key in ("none", "no/ne", "file/below"):
        assert await store.head(key) is None
        with pytest.raises(ObjectNotFound):
            await store.get(key)
        with pytest.raises(ObjectNotFound):
            await anext(aiter(store.stream(key)))
        await store.delete(key)
    with pytest.raises(ObjectNotFound):
        await store.copy("none", "other")
    assert await keys(store, "nowhere") == set()
    await store.ping()


async def test_folders_are_no_objects(store: ObjectStore) -> None:
    await store.put("folder/file", b"x")
    assert await store.head("folder") is None
    with pytest.raises(ObjectNotFound):
        await store.get("folder")
    await store.delete("folder")
    assert await keys(store, "") == {"folder/file"}


async def test_names_keep_every_character(store: ObjectStore) -> None:
    wanted = {f"{name}/{name}" for name in AWKWARD_NAMES}
    for key in wanted:
        await store.put(key, key.encode())
    assert await keys(store, "") == wanted
    for key in wanted:
        assert await store.get(key) == key.encode()
        folder = key.partition("/")[0]
        assert await keys(store, folder) == await keys(store, folder + "/") == {key}


async def test_an_s3_client_and_the_folder_show_the_same_names(tmp_path: Path, s3_service: S3) -> None:
    for name in AWKWARD_NAMES:
        for url, folder in (
            ((tmp_path / "own").as_uri(), tmp_path / "own"),
            (s3_service.bucket("shown"), s3_service.folder / "data" / "shown"),
        ):
            await ObjectStore.from_url(url).put(f"drive/{name}", b"x")
            assert (folder / "drive" / name).read_bytes() == b"x"
            assert name in os.listdir(folder / "drive")


async def test_listing_goes_by_whole_names(store: ObjectStore) -> None:
    for key in ("a/1", "a/b/2", "ab/3", "a b/4", "5"):
        await store.put(key, b"x" * int(key[-1]))
    assert await keys(store, "") == {"a/1", "a/b/2", "ab/3", "a b/4", "5"}
    assert await keys(store, "a") == {"a/1", "a/b/2"}
    assert {info.key: info.size async for info in store.list("a/b/")} == {"a/b/2": 2}


async def test_copy_is_independent(store: ObjectStore) -> None:
    await store.put("from", b"old")
    await store.copy("from", "far/away #1")
    await store.put("from", b"new")
    assert await store.get("far/away #1") == b"old"


async def test_large_objects_stream(store: ObjectStore) -> None:
    data = os.urandom(12_000_000)
    await store.put("large", data)
    chunks = [chunk async for chunk in store.stream("large")]
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) < 8_000_000
    for start, end in ((0, 1), (5_000_000, 11_000_000), (11_999_999, 12_000_000), (7, None)):
        assert b"".join([chunk async for chunk in store.stream("large", start, end)]) == data[start:end]
    await store.put("empty", b"")
    assert b"".join([chunk async for chunk in store.stream("empty")]) == b""


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "a/..",
        "../a",
        "tab\t",
        "nul\0",
        "line\n",
        "\x7f",
        "\ud800",
        "n" * 256,
        "a/" * 600 + "b",
    ],
)
async def test_keys_that_no_store_could_keep(store: ObjectStore, key: str) -> None:
    for call in (store.get(key), store.put(key, b""), store.head(key), store.delete(key), store.copy("a", key)):
        with pytest.raises(InvalidKey):
            await call


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=60))
async def test_any_name_is_kept_or_refused(tmp_path: Path, name: str) -> None:
    store = ObjectStore.from_url(tmp_path.as_uri())
    try:
        check_key(name)
    except InvalidKey:
        return
    await store.put(name, b"x")
    assert await keys(store, "") == {name}
    await store.delete(name)
    assert await keys(store, "") == set()


async def test_a_folder_keeps_no_empty_folders_and_no_half_files(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    store = ObjectStore.from_url(root.as_uri())
    await store.put("a/b/c/d", b"x")
    await store.delete("a/b/c/d")
    assert list(root.iterdir()) == []
    abandoned = tmp_path / "objects.incoming" / "abandoned"
    recent = tmp_path / "objects.incoming" / "recent"
    for path in (abandoned, recent):
        path.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    ObjectStore.from_url(root.as_uri())
    assert not abandoned.exists()
    assert recent.exists()


@pytest.mark.parametrize("how", ["put", "copy"])
async def test_what_a_folder_has_taken_survives_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Nothing here can cut the power, so what is looked at is what was synced, and in which state it was then."""
    root = tmp_path / "objects"
    store = ObjectStore.from_url(root.as_uri())
    await store.put("source", b"precious")
    synced: list[tuple[Path, int, bytes | list[str]]] = []
    fsync = os.fsync

    def recording(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        found = sorted(os.listdir(path)) if path.is_dir() else path.read_bytes()
        synced.append((path, os.fstat(descriptor).st_ino, found))

    monkeypatch.setattr(os, "fsync", recording)
    if how == "put":
        await store.put("new/folder/object", b"precious")
    else:
        await store.copy("source", "new/folder/object")
    target = root / "new" / "folder" / "object"
    whole = [inode for _, inode, found in synced if found == b"precious"]
    assert whole == [target.stat().st_ino], "the object itself, when all of it was written"
    # And each name that leads to it, when it was there.
    for path in (target, target.parent, target.parent.parent):
        assert any(folder == path.parent and path.name in found for folder, _, found in synced), path


def test_urls_of_no_known_kind() -> None:
    for url in ("file://host/path", "ftp://host/path", "http://host/path", "s3://", "nothing"):
        with pytest.raises(ValueError, match=url):
            ObjectStore.from_url(url)


async def test_a_store_that_is_away_says_so_in_time(s3_service: S3) -> None:
    store = ObjectStore.from_url(s3_service.url)
    await store.put("a", b"x")
    s3_service.kill()
    with pytest.raises(Exception, match=r"(?i)connect|error"):
        await store.get("a")
    s3_service.start()
    assert await store.get("a") == b"x"
    await store.ping()
    with pytest.raises(Exception, match="NoSuchBucket"):
        await ObjectStore.from_url("s3://no-such-bucket").ping()


@pytest.mark.parametrize("how", ["put", "copy"])
async def test_a_folder_in_the_way_is_not_an_object_that_is_missing(tmp_path: Path, how: str) -> None:
    store = ObjectStore.from_url((tmp_path / "objects").as_uri())
    await store.put("source", b"content")
    await store.put("taken/inner", b"")
    with pytest.raises(IsADirectoryError):
        await (store.put("taken", b"content") if how == "put" else store.copy("source", "taken"))
    assert await store.get("source") == b"content"


async def test_a_folder_that_nothing_can_be_written_to_says_so(tmp_path: Path) -> None:
    store = ObjectStore.from_url((tmp_path / "objects").as_uri())
    await store.ping()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))  # to this process the disk is full
    try:
        with pytest.raises(OSError, match="File too large"):
            await store.ping()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await store.ping()
    assert list((tmp_path / "objects.incoming").iterdir()) == []
