"""An editor who forges updates tells one process this and another that, under one client id and the same clocks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest

from collab.durable.entries import LogEntry
from collab.durable.folding import Contradicted
from collab.durable.snapshots import DocumentGone
from collab.faults import is_panic
from collab.history import renewal
from collab.refusals import RoomClosed, RoomRebuilding
from collab.replicas.edits import recorded
from collab.rooms import replication
from collab.rooms.following import Following
from collab.rooms.present import text_of
from collab.rooms.room import RENEWED, Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_update
from collab.yjs.update import InvalidUpdate, decode_state_vector
from storage import Storage
from tests.collab.costly import Unwatched
from tests.collab.files_helpers import ANN, Process, on_drive
from tests.collab.rooms_helpers import Client, eventually, joined, log_away, losing, new_document
from tests.collab.yjs_bytes import deleted, node, string, text, update, value

EVE = 66


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.2)
    monkeypatch.setattr(renewal, "UNHEARD", 1.5)
    monkeypatch.setattr("collab.rooms.following.BEFORE_COMPARING", 0.05)


def forged(said: str, clock: int = 0, origin: tuple[int, int] | None = None) -> bytes:
    return update((EVE, clock, [text(said, origin)]))


async def both_told(here: Room, there: Room, one: bytes, other: bytes) -> None:
    """Eve tells one process this and the other that, at the same moment."""
    for room, data in ((here, one), (there, other)):
        eve = Unwatched(user="eve")
        eve.join(room)
        await eve.connection.receive(encode_update(data))


async def heir_of(process: Process, document: str, path: str = "notes/a.md") -> str:
    async def moved() -> bool:
        return (await process.files.entry("w", path)).id != document

    await eventually(moved, 10)
    return (await process.files.entry("w", path)).id


async def agreed(one: Process, two: Process, heir: str) -> str:
    """The text of ``heir``, which is the same in both processes, to who opens it anew, and on the drive."""
    async with one.rooms.open(heir) as here, two.rooms.open(heir) as there:
        await one.rooms.catch_up(here)
        await two.rooms.catch_up(there)
        assert here.text == there.text
        found = here.text
        assert str((await one.rooms.snapshots.load(heir)).replica.text) == found
    assert await text_of(two.rooms, heir) == found
    await one.drive.sweep("w")
    await one.drive.settle_due()
    assert await on_drive(one.storage) == await one.expected()
    assert (await one.expected())["notes/a.md"].decode() == found
    return found


SAYINGS = [
    (forged("aaa"), forged("bbb")),
    (forged("aaa"), forged("bbbb")),
    (forged("a"), update((EVE, 0, [text("😀")]))),
    (forged("same", origin=(5, 0)), forged("same", origin=(5, 2))),
    (forged("same", origin=(5, 0)), update((EVE, 0, [text("same", (5, 0), (5, 2))]))),
    (update((EVE, 0, [text("x"), deleted(3, (EVE, 0))])), update((EVE, 0, [text("y"), deleted(3, (EVE, 0))]))),
]


@pytest.mark.parametrize(
    ("one_said", "other_said"), SAYINGS, ids=["content", "longer", "half", "behind", "before", "deleted"]
)
async def test_a_text_in_which_a_client_says_two_things_goes_on_under_a_new_id(
    one: Process, two: Process, one_said: bytes, other_said: bytes
) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        here.apply(update((5, 0, [text("base")])), ANN)
        await eventually(lambda: there.text == "base")
        [ann], [bob] = await joined(here, "ann"), await joined(there, "bob")
        await both_told(here, there, one_said, other_said)
        await ann.type(0, "from ann ")
        await bob.type(0, "from bob ")
        for who in (ann, bob):
            await eventually(lambda who=who: who.closed == (4410, RENEWED))  # type: ignore[misc]
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    await two.files.renewal.close()
    with pytest.raises(DocumentGone):
        await one.rooms.snapshots.load(document)
    present = await agreed(one, two, heir)
    assert present.count("from ann ") == present.count("from bob ") == 1
    assert sorted(set("base") - set(present)) == []


async def test_what_one_process_is_told_is_deleted_is_deleted_in_all(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        await both_told(here, there, update((EVE, 0, [deleted(3)])), forged("bbb"))
        await eventually(lambda: here.state == there.state == {EVE: 3})
        await eventually(lambda: here.text == there.text == "")
        await here.durable()
        await there.durable()
        assert str((await one.rooms.snapshots.load(document)).replica.text) == ""
        assert not any(room.closed for room in (here, there))


async def test_it_is_found_where_the_log_was_away(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        [ann] = await joined(there, "ann")
        with log_away(one.rooms), log_away(two.rooms):
            await both_told(here, there, forged("aaa"), forged("bbb"))
            await ann.type(0, "unlogged ")
            await eventually(lambda: here.closed and there.closed)
        await eventually(lambda: here.logged_sequence == here.sequence and there.logged_sequence == there.sequence)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    await two.files.renewal.close()
    assert (await agreed(one, two, heir)).count("unlogged ") == 1


async def test_it_is_found_when_the_log_is_read_anew(
    storage: Storage, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever opens the document next, and when it is folded, in whichever order the entries come."""
    document = await one.write("notes/a.md", b"")
    entries = [LogEntry(document, f"p{n}", 1, 1, data) for n, data in enumerate((forged("aaa"), forged("bbb")))]
    await one.rooms.updates.append(entries)
    with pytest.raises(Contradicted):
        await one.rooms.snapshots.compact(document)
    assert len(await one.rooms.updates.read(document)) == 2
    with pytest.raises(RoomClosed):
        await one.rooms.enter(document)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert await text_of(one.rooms, heir) in ("aaa", "bbb")


async def test_it_is_found_against_a_snapshot(one: Process) -> None:
    document = await one.write("notes/a.md", b"")
    await one.rooms.updates.append([LogEntry(document, "p", 1, 1, forged("aaa"))])
    assert await one.rooms.snapshots.compact(document)
    await one.rooms.updates.append([LogEntry(document, "q", 1, 1, forged("bbb"))])
    with pytest.raises(Contradicted):
        await one.rooms.snapshots.compact(document)
    assert (await one.rooms.snapshots.load(document)).contradicted
    with pytest.raises(RoomClosed):
        async with one.rooms.open(document):
            pass
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert await text_of(one.rooms, heir) == "aaa"


async def test_it_is_found_in_what_the_bus_lost(one: Process, two: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        losing(monkeypatch, there, here.writer)
        take = Following.take

        def deaf(receiver: Following, message: replication.Replica) -> Awaitable[None] | None:
            return None if receiver.room is here else take(receiver, message)

        monkeypatch.setattr(Following, "take", deaf)
        await both_told(here, there, forged("aaa"), forged("bbb"))
        await here.durable()
        here.heartbeat(everything=True)
        await eventually(lambda: there.closed)
    await heir_of(one, document)
    await two.files.renewal.close()


async def test_a_crash_before_the_switch_leaves_it_to_whoever_opens_the_text_next(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"")

    async def dies(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        for process in (one, two):
            patch.setattr(process.files.renewal, "_switch", dies)
        async with one.rooms.open(document) as here, two.rooms.open(document) as there:
            await both_told(here, there, forged("aaa"), forged("bbb"))
            await here.durable()
            await there.durable()
            await eventually(lambda: here.closed and there.closed)
        await one.files.renewal.close()
        await two.files.renewal.close()
    third = Process(one.storage)
    with pytest.raises(RoomClosed):
        await third.rooms.enter(document)
    await heir_of(third, document)
    await third.close()


async def test_who_says_the_same_again_and_again_changes_nothing(one: Process, two: Process) -> None:
    """Two tabs that share their edits, a page that goes to another process, a forger who wants work done."""
    document = await one.write("notes/a.md", b"")
    compared = 0
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        run = two.rooms.aside.run

        async def counted(*arguments: object) -> object:
            nonlocal compared
            compared += 1
            return await run(*arguments)  # type: ignore[arg-type]

        two.rooms.aside.run = counted  # type: ignore[method-assign, assignment]
        ann, bob = Client(), Client(user="bob")
        for number in range(30):
            made = ann.insert(0, f"{number} ")
            for client, room in ((ann, here), (bob, there)):
                client.join(room)
                await client.connection.receive(encode_update(made))
            if number % 10 == 0:
                await here.durable()
                await there.durable()
        await here.durable()
        await there.durable()
        await eventually(lambda: here.text == there.text == ann.text)
        await eventually(lambda: not there.claims)
        await asyncio.sleep(0.3)
        assert not any(room.closed or room.contradicted for room in (here, there))
        assert 0 < compared < 10
        two.rooms.aside.run = run  # type: ignore[method-assign]
    loaded = await one.rooms.snapshots.load(document)
    assert not loaded.contradicted
    assert await one.rooms.snapshots.compact(document)


def _named(name: str, key: str = "n", clock: int = 0) -> bytes:
    return update((EVE, clock, [node(key), value(b"\x77" + string(name), (EVE, clock), "name")]))


@pytest.mark.parametrize(
    ("one_said", "other_said"),
    [
        (_named("one"), _named("two")),
        (_named("one"), _named("one", "m")),
        (_named("one"), update((EVE, 0, [node("n"), node("m")]))),
    ],
    ids=["name", "key", "kind"],
)
async def test_a_tree_in_which_a_client_says_two_things_becomes_the_same_everywhere(
    storage: Storage, rooms: Rooms, other: Rooms, one_said: bytes, other_said: bytes
) -> None:
    """Under its one id: the snapshot decides."""
    document = await new_document(storage, "tree")
    async with rooms.open(document) as here, other.open(document) as there:
        here.apply(update((5, 0, [node("a"), value(b"\x77" + string("a"), (5, 0), "name")])), ANN)
        await eventually(lambda: "a" in there.nodes)
        await both_told(here, there, one_said, other_said)

        async def same() -> bool:
            loaded = await rooms.snapshots.load(document)
            shown = [here.nodes, there.nodes, dict(loaded.replica.nodes.to_py() or {})]
            busy = loaded.contradicted or here.claims or there.claims or rooms._agreeing or other._agreeing
            return shown[0] == shown[1] == shown[2] and here.state == there.state and len(shown[0]) > 1 and not busy

        await asyncio.sleep(0.3)
        await eventually(same)
        assert here.nodes["a"] == {"name": "a"}
        # And edits of what is there mean the same everywhere.
        there.apply(update((7, 0, [value(b"\x77" + string("b"), (5, 0), "name", (5, 1))])), ANN)
        await eventually(lambda: here.nodes["a"] == there.nodes["a"] == {"name": "b"})
        assert not any(room.closed for room in (here, there))


class _Person:
    """Types in the text of a path, in one process or another, and goes on in the text's heir when sent away."""

    def __init__(self, number: int) -> None:
        self.name = f"p{number}"
        self.client = Client(user=self.name)
        self.typed = 0
        self.saved: set[str] = set()
        """Words, each of which was once said to be saved, and which they have not deleted."""
        self.made: list[bytes] = []
        """Edits in this document."""
        self.room: Room | None = None
        self._leave: Callable[[], None] | None = None

    @property
    def document(self) -> str:
        assert self.room is not None
        return self.room.document

    async def enter(self, process: Process) -> None:
        self.leave()
        found: list[tuple[Room, Callable[[], None]]] = []

        async def entered() -> bool:
            if (one := await _entered(process)) is not None:
                found.append(one)
            return bool(found)

        await eventually(entered, 20)
        before, [(self.room, self._leave)] = self.room, found
        if self.client.closed is not None or (before is not None and before.document != self.room.document):
            self.client, self.made = Client(user=self.name), []
        self.client.join(self.room)
        await self._speak(self.client.pump)

    def leave(self) -> None:
        if self._leave is not None:
            self.client.connection.detach()
            self._leave()
            self._leave = None

    async def _speak(self, speaks: Callable[[], Awaitable[None]]) -> None:
        try:
            await speaks()
        except RoomClosed:
            self.client.close(4410, RENEWED)
        except InvalidUpdate as error:  # yrs writes half of a forged emoji as nothing at all
            self.client.close(1007, str(error))
        except BaseException as error:  # and may panic where it is told the other half
            if not is_panic(error):
                raise
            self.client.close(1006, str(error))

    async def edit(self, rng: random.Random) -> None:
        client, shown = self.client, self.client.text
        mine = [word for word in sorted(self.saved) if word in shown]
        if mine and rng.random() < 0.2:
            word = rng.choice(mine)
            self.saved.discard(word)
            at = len(shown[: shown.index(word)].encode())
            with recorded(client.doc) as made:
                del client.shared[at : at + len(word)]
            self.made += made
        else:
            self.typed += 1
            word = f"[{self.name}.{self.typed}]"
            places = [0, *(at + 1 for at, letter in enumerate(shown) if letter == "]")]
            self.made.append(client.insert(len(shown[: rng.choice(places)].encode()), word))

            async def ask() -> None:
                await client.barrier(word.encode())

            await self._speak(lambda: client.connection.receive(encode_update(self.made[-1])))
            await self._speak(ask)
            return
        await self._speak(lambda: client.connection.receive(encode_update(self.made[-1])))

    def hear(self) -> None:
        """Note what they were told is saved."""
        self.saved |= {token.decode() for token in self.client.answers}
        self.client.answers.clear()


async def _entered(process: Process) -> tuple[Room, Callable[[], None]] | None:
    """Into the text, as it goes on; None while it is about to go on under another id."""
    try:
        room, leave = await process.rooms.enter((await process.files.entry("w", "notes/a.md")).id)
    except (RoomClosed, DocumentGone, FileNotFoundError):
        return None
    if room.closed:
        leave()
        return None
    return room, leave


async def _say(document: str, processes: Sequence[Process], sayings: Sequence[bytes]) -> None:
    """Somebody says to each process something, at the same moment, unless the text has gone on meanwhile."""
    found = [await _entered(process) for process in processes]
    for entered, data in zip(found, sayings, strict=True):
        if entered is not None and entered[0].document == document:
            eve = Unwatched(user="eve")
            eve.join(entered[0])
            with suppress(InvalidUpdate, RoomClosed, RoomRebuilding):  # it has heard the other half by now
                await eve.connection.receive(encode_update(data))
            eve.connection.detach()
        if entered is not None:
            entered[1]()


def _forgeries(rng: random.Random, client: int, known: dict[int, int]) -> tuple[bytes, bytes]:
    origins: list[tuple[int, int] | None] = [None]
    origins += [(one, rng.randrange(clock)) for one, clock in known.items() if clock]
    one, other = rng.choice(origins), rng.choice(origins)
    words = rng.choice([("one", "two"), ("one", "longer"), ("same", "same"), ("(é)", "(😀)"), ("x", "😀")])
    return update((client, 0, [text(words[0], one)])), update((client, 0, [text(words[1], other)]))


def _words(shown: str) -> list[str]:
    """Each of them, whatever was written into it: by Eve, with other letters, or whole words, which somebody put behind
    what Eve had said to them and which others were told stands inside a word.
    """
    begun: list[str] = []
    words = []
    for letter in shown:
        if letter == "[":
            begun.append("[")
        elif begun and letter in "p.0123456789]":
            begun[-1] += letter
            if letter == "]":
                words.append(begun.pop())
    return words


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_typed_repeated_and_forged_all_replicas_agree_in_the_end(
    one: Process, two: Process, seed: int
) -> None:
    """Even seeds have no forger, and show that nothing honest renews a text."""
    rng = random.Random(seed)
    forging = seed % 2 == 1
    document = await one.write("notes/a.md", b"")
    processes = [one, two]
    people = [_Person(number) for number in range(4)]
    for person in people:
        await person.enter(rng.choice(processes))
    forged_so_far = 0
    for _ in range(70):
        person = rng.choice(people)
        if person.client.closed is not None or rng.random() < 0.1:
            person.hear()
            await person.enter(rng.choice(processes))  # the same page, perhaps elsewhere
        chance = rng.random()
        if chance < 0.6 or not person.made:
            await person.edit(rng)
        elif chance < 0.8:
            # To whichever process, what it may not have heard of: another tab of theirs, or anybody who was shown it.
            await _say(person.document, [rng.choice(processes)], [rng.choice(person.made)])
        elif chance < 0.85:
            await _say(person.document, [rng.choice(processes)], [person.client.doc.get_update()])
        elif forging and forged_so_far < 3:
            forged_so_far += 1
            known = decode_state_vector(person.client.doc.get_state()) if rng.random() < 0.5 else {}
            await _say(person.document, processes, _forgeries(rng, 1_000 + forged_so_far, known))
        await asyncio.sleep(rng.choice([0, 0, 0.005, 0.05]))
        for person in people:
            person.hear()

    async def at_rest() -> bool:
        """Everybody is where the text goes on, and shows what the log has."""
        for person in people:
            person.hear()
            if person.client.closed is not None:
                await person.enter(rng.choice(processes))
        rooms = [person.room for person in people if person.room is not None]
        renewals = [process.files.renewal for process in processes]
        if any(one._tasks or one._later for one in renewals) or any(room.closed or room.claims for room in rooms):
            return False
        if len({room.document for room in rooms}) > 1:
            return False
        for room in rooms:
            await room.durable()
        loaded = await one.rooms.snapshots.load(rooms[0].document)
        shown = {str(loaded.replica.text), *(room.text for room in rooms)}
        shown |= {person.client.text for person in people}
        return not loaded.contradicted and len(shown) == 1

    try:
        await eventually(at_rest, 60)
    except TimeoutError:
        pytest.fail(str([(person.document, person.client.text) for person in people]))
    heir = (await one.files.entry("w", "notes/a.md")).id
    if not forging:
        assert heir == document
    present = _words(await agreed(one, two, heir))
    for person in people:
        person.hear()
        assert {word: present.count(word) for word in person.saved} == dict.fromkeys(person.saved, 1)
        person.leave()
