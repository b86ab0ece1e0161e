"""Files, folders, import and export over HTTP."""

import asyncio
import io
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def files(house: House) -> str:
    return await house.fresh_workspace()


async def tree(house: House, files: str) -> dict[str, str]:
    return {entry["path"]: entry["kind"] for entry in (await house.http("viewer").get(f"{files}/tree")).json()}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"plain\n",
        b"a\r\nb\r\n",
        b"a\r\nb\nc\rd",
        "aé😀b".encode(),
        b"\xef\xbb\xbfmarked\n",
        "naïve".encode("latin-1"),
        bytes(range(256)),
    ],
)
async def test_the_bytes_come_back_as_they_were(house: House, files: str, raw: bytes) -> None:
    editor = house.http("editor")
    assert (await editor.put(f"{files}/files/deep/down/file.txt", content=raw)).status_code == 201
    answer = await house.http("viewer").get(f"{files}/files/deep/down/file.txt")
    assert answer.status_code == 200
    assert answer.content == raw
    assert int(answer.headers["content-length"]) == len(raw)
    assert (await editor.put(f"{files}/files/deep/down/file.txt", content=raw)).status_code == 204


async def test_a_large_body_is_not_copied_together(house: House, files: str) -> None:
    piece, count = 64 * 1024, 512

    async def body() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield bytes(piece)

    tracemalloc.start()
    try:
        assert (await house.http("editor").put(f"{files}/files/large", content=body())).status_code == 201
        assert tracemalloc.get_traced_memory()[1] < 1.5 * piece * count
    finally:
        tracemalloc.stop()


async def test_a_put_over_a_file_keeps_its_id(house: House, files: str) -> None:
    editor = house.http("editor")
    created = (await editor.put(f"{files}/files/a.md", content=b"one")).json()["id"]
    assert (await editor.put(f"{files}/files/a.md", content=b"two")).status_code == 204
    [entry] = (await editor.get(f"{files}/tree")).json()
    assert entry["id"] == created
    described = (await editor.get(f"{files}/documents/{created}")).json()
    assert described["path"] == "a.md"
    assert described["media_type"] == "text/plain"
    assert described["format"] == {"encoding": "utf-8", "bom": False, "line_ending": "lf"}


@pytest.mark.parametrize("name", ["häßlich 100% #1?.md", "日本語/ファイル.txt", "a&b=c+d.txt", "%41.txt", "emoji 😀"])
async def test_any_legal_name(house: House, files: str, name: str) -> None:
    url = f"{files}/files/{quote(name)}"
    assert (await house.http("editor").put(url, content=b"x")).status_code == 201
    assert name in await tree(house, files)
    answer = await house.http("viewer").get(url)
    assert answer.content == b"x"
    assert quote(name.split("/")[-1], safe="") in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "path",
    [
        *("a//b", "/a", "a/", "a/../b", "a/./b", "a%00b", "a%0Ab", "a%5Cb", "x" * 256, "d/" * 450 + "x"),
        "a" + "%CC%81" * 5_000 + "%CC%96" * 5_000,
    ],
)
async def test_names_that_no_file_can_have(house: House, files: str, path: str) -> None:
    # Encoded dots and slashes, since a client would resolve plain ones itself.
    url = f"{files}/files/{path.replace('..', '%2E%2E').replace('./', '%2E/')}"
    answer = await house.http("editor").put(url, content=b"x")
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert await tree(house, files) == {}


async def test_what_is_not_there_is_not_found(house: House, files: str) -> None:
    editor = house.http("editor")
    for method, path in [
        ("GET", "files/no.md"),
        ("DELETE", "files/no.md"),
        ("DELETE", "folders/no"),
        ("GET", f"documents/{'0' * 32}"),
    ]:
        assert (await editor.request(method, f"{files}/{path}")).status_code == 404
    assert (await editor.post(f"{files}/moves", json={"from": "no.md", "to": "yes.md"})).status_code == 404


async def test_folders_are_made_moved_and_deleted(house: House, files: str) -> None:
    editor = house.http("editor")
    assert (await editor.put(f"{files}/folders/a/b")).status_code == 201
    assert (await editor.put(f"{files}/folders/a/b")).status_code == 204
    await editor.put(f"{files}/files/a/b/c.md", content=b"x")
    assert (await editor.post(f"{files}/moves", json={"from": "a", "to": "z"})).status_code == 204
    assert await tree(house, files) == {"z": "folder", "z/b": "folder", "z/b/c.md": "text"}
    assert (await editor.post(f"{files}/moves", json={"from": "z", "to": "z/b/z"})).status_code == 409
    assert (await editor.delete(f"{files}/files/z")).status_code == 409
    assert (await editor.delete(f"{files}/folders/z")).status_code == 204
    assert await tree(house, files) == {}


async def test_a_file_over_the_limit_is_refused_before_it_is_read(house: House, files: str) -> None:
    headers = {"Content-Length": str(257 << 20)}
    answer = await house.http("editor").put(f"{files}/files/huge.bin", content=b"", headers=headers)
    assert answer.status_code == 413
    assert await tree(house, files) == {}


@pytest.mark.parametrize(
    ("name", "raw", "media_type"),
    [
        ("evil.html", b"<script>alert(1)</script>", "text/plain"),
        ("evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        ("evil.js", b"alert(1)", "text/plain"),
        ("evil.html", b"<script>alert(1)</script>\0", "text/html"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0", "image/png"),
        ("unknown.xyzzy", b"\0", "application/octet-stream"),
        ("packed.tar.gz", b"\x1f\x8b\0", "application/octet-stream"),
    ],
)
async def test_no_file_runs_in_our_origin(house: House, files: str, name: str, raw: bytes, media_type: str) -> None:
    await house.http("editor").put(f"{files}/files/{name}", content=raw)
    headers = (await house.http("viewer").get(f"{files}/files/{name}")).headers
    assert headers["content-type"].split(";")[0] == media_type
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def archive(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, raw in entries.items():
            zipped.writestr(name, raw)
    return file.getvalue()


ENTRIES = {"src/": b"", "src/a.py": b"print(1)\r\n", "src/é.txt": b"", "logo.png": b"\x89PNG\0", "empty/": b""}


async def test_import_and_export_are_each_others_reverse(house: House, files: str) -> None:
    editor = house.http("editor")
    answer = await editor.post(f"{files}/import", content=archive(ENTRIES), headers={"Content-Type": "application/zip"})
    assert answer.json() == {"created": 3, "changed": 0, "unchanged": 0}
    again = archive({"src/a.py": b"print(2)\r\n", "logo.png": b"\x89PNG\0"})
    assert (await editor.post(f"{files}/import", content=again)).json() == {"created": 0, "changed": 1, "unchanged": 1}
    exported = await house.http("viewer").get(f"{files}/export")
    assert exported.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(exported.content)) as zipped:
        assert zipped.testzip() is None
        assert {name: zipped.read(name) for name in zipped.namelist()} == ENTRIES | {"src/a.py": b"print(2)\r\n"}


@pytest.mark.parametrize(
    "body",
    [b"", b"no zip at all", archive(ENTRIES)[:-40], archive({"../up.txt": b"x"}), archive({"a": b"", "a/b": b""})],
)
async def test_a_bad_archive_changes_nothing(house: House, files: str, body: bytes) -> None:
    answer = await house.http("editor").post(f"{files}/import", content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert await tree(house, files) == {}


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"\x000123"[:4], "bytes 0-3/11"),
        ("bytes=1-", 206, b"0123456789", "bytes 1-10/11"),
        ("bytes=-2", 206, b"89", "bytes 9-10/11"),
        ("bytes=-99", 206, b"\x000123456789", "bytes 0-10/11"),
        ("bytes=10-99", 206, b"9", "bytes 10-10/11"),
        ("bytes=11-", 416, None, "bytes */11"),
        ("bytes=-0", 416, None, "bytes */11"),
        ("bytes=3-1", 200, b"\x000123456789", None),
        ("bytes=0-1,3-4", 200, b"\x000123456789", None),
        ("bytes=-", 200, b"\x000123456789", None),
        ("lines=1-2", 200, b"\x000123456789", None),
    ],
)
async def test_a_part_of_a_binary_file(
    house: House, files: str, asked: str, status: int, content: bytes | None, content_range: str | None
) -> None:
    await house.http("editor").put(f"{files}/files/sound.mp3", content=b"\x000123456789")
    answer = await house.http("viewer").get(f"{files}/files/sound.mp3", headers={"Range": asked})
    assert answer.status_code == status
    assert answer.headers.get("content-range") == content_range
    assert answer.headers["content-security-policy"]
    if content is not None:
        assert answer.content == content
        assert int(answer.headers["content-length"]) == len(content)
        assert answer.headers["accept-ranges"] == "bytes"


async def test_a_part_of_what_was_replaced_meanwhile_is_not_sent(house: House, files: str) -> None:
    url = f"{files}/files/film.mp4"
    await house.http("editor").put(url, content=b"\0one")
    etag = (await house.http("viewer").get(url)).headers["etag"]
    headers = {"Range": "bytes=1-", "If-Range": etag}
    assert (await house.http("viewer").get(url, headers=headers)).content == b"one"
    await house.http("editor").put(url, content=b"\0two")
    answer = await house.http("viewer").get(url, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"\0two")


async def test_texts_are_sent_whole(house: House, files: str) -> None:
    await house.http("editor").put(f"{files}/files/a.md", content=b"text")
    answer = await house.http("viewer").get(f"{files}/files/a.md", headers={"Range": "bytes=1-2"})
    assert (answer.status_code, answer.content) == (200, b"text")


CONTENTS = pytest.mark.parametrize(
    "raw", [b"\0binary", "naïve\r\n".encode("latin-1"), b""], ids=["binary", "text", "empty"]
)


@CONTENTS
async def test_head_says_what_get_does(house: House, files: str, raw: bytes) -> None:
    url = f"{files}/files/a.bin"
    assert (await house.http("viewer").head(url)).status_code == 404
    await house.http("editor").put(url, content=raw)
    get, head = await house.http("viewer").get(url), await house.http("viewer").head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert int(head.headers["content-length"]) == len(raw)
    assert head.headers["etag"]


@CONTENTS
async def test_what_the_reader_has_already_is_not_sent_again(house: House, files: str, raw: bytes) -> None:
    url, viewer = f"{files}/files/a.bin", house.http("viewer")
    await house.http("editor").put(url, content=raw)
    etag = (await viewer.get(url)).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        for read in (viewer.get, viewer.head):
            answer = await read(url, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), known
    assert (await viewer.get(url, headers={"If-None-Match": '"other"'})).content == raw
    assert (await viewer.get(url, headers={"If-Match": '"other"'})).status_code == 412
    await house.http("editor").put(url, content=raw + b"\n")
    answer = await viewer.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (200, raw + b"\n")
    assert answer.headers["etag"] != etag


@CONTENTS
async def test_a_file_is_changed_only_if_it_is_what_the_sender_knows(house: House, files: str, raw: bytes) -> None:
    url, editor = f"{files}/files/a.bin", house.http("editor")
    for known in ('"any"', "*"):
        assert (await editor.put(url, content=b"new", headers={"If-Match": known})).status_code == 412
        assert (await editor.delete(url, headers={"If-Match": known})).status_code == 412
    assert (await editor.put(url, content=raw, headers={"If-None-Match": "*"})).status_code == 201
    etag = (await editor.get(url)).headers["etag"]
    for header, value in (
        ("If-None-Match", "*"),
        ("If-None-Match", etag),
        ("If-Match", '"other"'),
        ("If-Match", f"W/{etag}"),
    ):
        refused = {header: value}
        put = await editor.put(url, content=b"mine", headers=refused)
        for answer in (put, await editor.delete(url, headers=refused)):
            assert answer.status_code == 412, refused
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await editor.get(url)).content == raw
    for changed, held in ((raw + b"1", {"If-Match": f'"other", {etag}'}), (raw + b"2", {"If-Match": "*"})):
        assert (await editor.put(url, content=changed, headers=held)).status_code == 204
        assert (await editor.put(url, content=b"mine", headers={"If-Match": etag})).status_code == 412
        assert (await editor.get(url)).content == changed
    now = (await editor.head(url)).headers["etag"]
    assert (await editor.put(url, content=b"mine", headers={"If-None-Match": now})).status_code == 412
    assert (await editor.delete(url, headers={"If-Match": now})).status_code == 204


@pytest.mark.parametrize("wrong", ["abc", "", '"a" "b"', '"open', '*, "a"'])
async def test_a_precondition_that_cannot_be_read_changes_nothing(house: House, files: str, wrong: str) -> None:
    url, editor = f"{files}/files/a.md", house.http("editor")
    for header in ("If-Match", "If-None-Match"):
        assert (await editor.put(url, content=b"new", headers={header: wrong})).status_code == 400
    assert await tree(house, files) == {}


async def test_of_many_at_one_moment_who_know_the_same_one_changes_it(house: House, files: str) -> None:
    url, editor = f"{files}/files/a.md", house.http("editor")

    async def race(content: bytes, headers: dict[str, str]) -> list[int]:
        puts = [editor.put(url, content=content + b" from %d" % n, headers=headers) for n in range(5)]
        return sorted(answer.status_code for answer in await asyncio.gather(*puts))

    assert await race(b"one", {"If-None-Match": "*"}) == [201, 412, 412, 412, 412]
    assert await race(b"two", {"If-Match": (await editor.head(url)).headers["etag"]}) == [204, 412, 412, 412, 412]
    # A text becomes binary, and another binary one.
    for binary in (b"\x89PNG\0one", b"\x89PNG\0two"):
        known = {"If-Match": (await editor.head(url)).headers["etag"]}
        [done, *refused] = await race(binary, known)
        assert done in (201, 204)
        assert refused == [412, 412, 412, 412]


@CONTENTS
async def test_of_who_writes_and_who_deletes_what_both_know_one_does(house: House, files: str, raw: bytes) -> None:
    url, editor = f"{files}/files/a.bin", house.http("editor")
    await editor.put(url, content=raw)
    known = {"If-Match": (await editor.head(url)).headers["etag"]}
    put, deleted = await asyncio.gather(
        editor.put(url, content=raw + b"mine", headers=known), editor.delete(url, headers=known)
    )
    assert sorted((put.status_code, deleted.status_code)) == [204, 412]
    assert (await editor.get(url)).status_code == (200 if put.status_code == 204 else 404)


async def test_somebody_who_expects_nothing_writes_between_the_look_and_the_change(house: House, files: str) -> None:
    """Of those who sent what they know, nobody writes over what they do not."""
    url, editor = f"{files}/files/a.md", house.http("editor")
    await editor.put(url, content=b"0\n")
    for turn in range(5):
        before = await editor.get(url)
        theirs, mine = await asyncio.gather(
            editor.put(url, content=b"theirs %d\n" % turn),
            editor.put(url, content=b"mine %d\n" % turn, headers={"If-Match": before.headers["etag"]}),
        )
        assert theirs.status_code == 204
        assert mine.status_code in (204, 412)
        assert (await editor.get(url)).content == b"theirs %d\n" % turn
