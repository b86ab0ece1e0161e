"""Presence in one room: who is here and where their cursors are (y-protocols awareness), without any I/O.

A state belongs to the connection that speaks for its client id. Every stock client sends what it hears of others back
to the server, so what a connection says about other ids is ignored. Whose state it is, is set here: a client chooses
its cursor, never its name.

Stock clients take a state only if its clock is greater than the one they know, 0 for an id that they never heard of,
and keep the clocks of people who have left. A client that connects again starts with the clock that it had before,
and everyone would ignore it until its next renewal, up to 15 s later. Hence the **nudge**: told that it has left, a
client raises its clock above the one it was told and shows itself again, at once. The same makes a client visible
that has never changed its state, and stands at clock 0.

When somebody gets another name or role, the server **raises the clock** of their state and shows it anew. Their own
client is sent it too, and goes on from there. What it has said before it heard of that stands at a clock that is taken
by now, and is shown at the next one.
"""

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_core import from_json, to_json

from collab.limits import Limits
from collab.yjs.codec import Decoder, MalformedFrame, write_var_bytes, write_var_uint

SILENCE = 30.0
"""Seconds after which a state is dropped that its process no longer mentions, the same as in y-protocols."""

MAX_CLOCK = 2**32 - 1
"""yrs reads awareness clocks in 32 bits; a greater one would spoil the whole frame for its clients."""

_REMEMBERED = 1_000
"""Clients that have left and whose clocks are kept, for the case that they come again."""

_ENTRIES = 64
"""States read of one payload. Clients send their own alone; only echoes of what they were sent are longer."""


class Identity(Protocol):
    """Who somebody is to the others."""

    @property
    def user(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def color(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Changes:
    """Awareness payloads (not frames) of the latest states."""

    payload: bytes
    """Of everyone who changed."""
    ours: bytes | None
    """Of those among them who are connected to this process, for the other processes."""


@dataclass(slots=True)
class _Entry:
    encoded: bytes = b""
    """As it stands in a payload."""
    clock: int = 0
    said: int = 0
    """The clock at which its client said this: lower, once we have raised it."""
    state: bytes | None = None
    """JSON; None: has left."""
    user: str | None = None
    owner: Hashable = None
    """The connection that speaks for it, or the name of the process that it is connected to."""
    heard: float | None = None
    """When its process last mentioned it."""

    @property
    def here(self) -> bool:
        """Whether it is (or was) connected to this process."""
        return self.heard is None


class Presence:
    """The states of one room. Clients are Yjs client ids; times are seconds of any one clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries: dict[int, _Entry] = {}
        self._clients: dict[Hashable, tuple[int, bytes]] = {}
        """Connection → the client it speaks for, also as it stands in a payload."""
        self._left: dict[int, None] = {}
        self._changed: dict[int, None] = {}

    def receive(self, connection: Hashable, payload: bytes, identity: Identity) -> bytes | None:
        """Take a connection's payload. Returns a payload to answer this connection with (a nudge), or None.

        A connection speaks for the first client that it shows, unless somebody else does or did; a connection of the
        same user may take it over, because a lost one is noticed late. MalformedFrame for what no client sends.
        """
        own = self._clients.get(connection)
        if own is not None and own[1] not in payload:
            return None
        decoder = Decoder(payload)
        for _ in range(min(decoder.var_uint(), _ENTRIES)):
            client, clock, text = _read_entry(decoder, len(payload))
            entry = self._entries.get(client) or _NOBODY
            if (own is not None and own[0] != client) or entry.user not in (None, identity.user):
                continue
            state = None if text == b"null" else self._read_state(text, identity)
            if state is None:
                if entry.owner == connection and clock >= entry.said:
                    self._remove(client, max(clock, entry.clock))
            elif clock > entry.clock:
                if own is None:
                    self._speak(connection, client)
                self._put(client, _entry(client, clock, state, identity.user, connection))
            elif entry.owner == connection and clock > entry.said:
                self._raise(client, entry, state, said=clock)
            elif entry.owner != connection:
                if own is None and entry.state is not None and from_json(text) == from_json(entry.state):
                    # The echo of what it was sent of another device of its user, before it has been seen itself. Its
                    # own state, after a loss that we have not noticed, would be without the user that we set.
                    continue
                return _payload([_encode(client, entry.clock, None)])
            return None
        return None

    def announce(self, connection: Hashable, client: int, state: dict[str, Any], identity: Identity) -> None:
        """Show a participant that lives in the server. Repeat it every 15 s, or stock clients believe that it left."""
        self._speak(connection, client)
        clock = self._entries[client].clock + 1 if client in self._entries else 1
        self._put(client, _entry(client, clock, _encode_state(state, identity), identity.user, connection))

    def show_as(self, connection: Hashable, identity: Identity) -> None:
        """Whoever is behind the connection has another name or role: show its state, if it has one, under that."""
        if connection not in self._clients:
            return
        client, _ = self._clients[connection]
        entry = self._entries.get(client)
        if entry is not None and entry.owner == connection and entry.state is not None:
            self._raise(client, entry, _encode_state(from_json(entry.state), identity), said=entry.said)

    def detach(self, connection: Hashable) -> None:
        """The connection is gone, and with it the state that it spoke for."""
        if connection in self._clients:
            client, _ = self._clients.pop(connection)
            entry = self._entries.get(client)
            if entry is not None and entry.owner == connection:
                self._remove(client, entry.clock)

    def merge(self, process: str, payload: bytes, now: float) -> None:
        """Take what another process says of the clients that are connected to it.

        MalformedFrame for what no process says.
        """
        decoder = Decoder(payload)
        for _ in range(decoder.var_uint()):
            client, clock, text = _read_entry(decoder, len(payload))
            entry = self._entries.get(client) or _NOBODY
            if text == b"null":
                if entry.owner == process and clock >= entry.clock:
                    self._remove(client, clock)
            elif clock > entry.clock or (clock == entry.clock and entry.state is None):
                user = _user_of(text)
                if entry.user in (None, user):
                    self._put(client, _entry(client, clock, text, user, process, heard=now))
            elif entry.owner == process:
                entry.heard = now
        decoder.end()

    def expire(self, now: float) -> bool:
        """Drop the states that their processes have ceased to mention; whether there were any."""
        silent = [
            (client, entry.clock)
            for client, entry in self._entries.items()
            if entry.state is not None and entry.heard is not None and now - entry.heard > SILENCE
        ]
        for client, clock in silent:
            self._remove(client, clock)
        return bool(silent)

    def take_changes(self) -> Changes | None:
        """The latest states of those who changed since the last call; None when nobody did."""
        if not self._changed:
            return None
        changed = [self._entries[client] for client in self._changed if client in self._entries]
        self._changed.clear()
        ours = [entry.encoded for entry in changed if entry.heard is None]
        payload = _payload([entry.encoded for entry in changed])
        return Changes(payload, payload if len(ours) == len(changed) else _payload(ours) if ours else None)

    def all_states(self) -> bytes | None:
        """The payload of everyone who is here; None when nobody is."""
        present = [entry.encoded for entry in self._entries.values() if entry.state is not None]
        return _payload(present) if present else None

    def our_states(self) -> bytes | None:
        """The payload of everyone who is connected to this process; None when nobody is."""
        ours = [entry.encoded for entry in self._entries.values() if entry.state is not None and entry.here]
        return _payload(ours) if ours else None

    def _speak(self, connection: Hashable, client: int) -> None:
        """`connection` speaks for `client` from now on, and for nobody else."""
        before, _ = self._clients.get(connection, (client, b""))
        if before != client:
            self.detach(connection)
        encoded = bytearray()
        write_var_uint(encoded, client)
        self._clients[connection] = (client, bytes(encoded))

    def _put(self, client: int, entry: _Entry) -> None:
        self._entries[client] = entry
        self._changed[client] = None
        self._left.pop(client, None)
        if entry.state is None:
            self._left[client] = None
            if len(self._left) > _REMEMBERED:
                oldest = next(iter(self._left))
                del self._left[oldest], self._entries[oldest]

    def _raise(self, client: int, entry: _Entry, state: bytes, *, said: int) -> None:
        """Show ``state`` at the next clock, unless it is what is shown: clients echo what we have raised, too."""
        if entry.clock < MAX_CLOCK and (entry.state is None or from_json(state) != from_json(entry.state)):
            self._put(client, _entry(client, entry.clock + 1, state, entry.user, entry.owner, said=said))

    def _remove(self, client: int, clock: int) -> None:
        entry = self._entries[client]
        self._put(client, _entry(client, clock, None, entry.user, None, entry.heard))

    def _read_state(self, text: bytes, identity: Identity) -> bytes:
        """A client's state with its user set by us."""
        if len(text) > self._limits.presence_state:
            raise MalformedFrame(f"presence of {len(text)} bytes, at most {self._limits.presence_state} are allowed")
        try:
            state = from_json(text, allow_inf_nan=False)
        except ValueError as error:
            raise MalformedFrame(f"presence is not JSON: {error}") from error
        if isinstance(state, dict):
            return _encode_state(state, identity)
        raise MalformedFrame("presence is not an object")


def _read_entry(decoder: Decoder, limit: int) -> tuple[int, int, bytes]:
    client = decoder.var_uint()
    clock = decoder.var_uint()
    if clock > MAX_CLOCK:
        raise MalformedFrame(f"presence clock {clock}")
    return client, clock, decoder.var_bytes(limit)


_NOBODY = _Entry()


def _entry(
    client: int,
    clock: int,
    state: bytes | None,
    user: str | None,
    owner: Hashable,
    heard: float | None = None,
    said: int | None = None,
) -> _Entry:
    return _Entry(_encode(client, clock, state), clock, clock if said is None else said, state, user, owner, heard)


def _encode(client: int, clock: int, state: bytes | None) -> bytes:
    buffer = bytearray()
    write_var_uint(buffer, client)
    write_var_uint(buffer, clock)
    write_var_bytes(buffer, b"null" if state is None else state)
    return bytes(buffer)


def _payload(entries: Sequence[bytes]) -> bytes:
    count = bytearray()
    write_var_uint(count, len(entries))
    return b"".join((count, *entries))


def _encode_state(state: dict[str, Any], identity: Identity) -> bytes:
    user = {"id": identity.user, "name": identity.name, "color": identity.color, "role": identity.role}
    # A number such as 1e999 is JSON, and infinite to whoever reads it; written out, infinity would be no JSON.
    return to_json({**state, "user": user}, inf_nan_mode="null")


def _user_of(state: bytes) -> str:
    try:
        user = json.loads(state)["user"]["id"]
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedFrame("presence of another process names no user") from error
    if not isinstance(user, str):
        raise MalformedFrame("presence of another process names no user")
    return user
