"""Webhooks: everything that happens reaches its address, signed, whatever the receiver or a process does meanwhile."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from server.webhooks import courier, outcomes, sending, signature
from server.webhooks.addresses import AddressRefused, is_public, resolved
from server.webhooks.courier import Courier
from server.webhooks.outcomes import Verdict, verdict, wait
from server.webhooks.sending import Sender
from server.webhooks.webhook import DeliveryState, InvalidUrl, Webhook, check_url
from server.webhooks.webhooks import TooManyWebhooks, Webhooks
from storage import Storage
from storage.events import Event
from tests.ai.group import eventually
from tests.doubles.webhook_receiver import Receiver
from tests.support.waiting import until

# ---- rules


def test_a_signature_is_that_of_the_specification() -> None:
    # The example of https://github.com/standard-webhooks/standard-webhooks.
    headers = signature.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert len(base64.b64decode(signature.new_secret().removeprefix("whsec_"))) == 32


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
    ],
)
def test_what_is_of_the_open_internet(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


async def test_a_name_that_leads_into_the_house_is_refused() -> None:
    for name in ("localhost", "127.0.0.1", "0x7f.1", "2130706433", "::1"):
        with pytest.raises(AddressRefused):
            await resolved(name, 443, private=False)
    assert await resolved("127.0.0.1", 443, private=True) == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://",
        "https:///path",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://me:secret@example.org/",
        "https://example.org/#part",
        "https://[::1/",
        "//example.org/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidUrl):
        check_url(url, private=False)


def test_what_is_an_address_is_kept_as_it_is() -> None:
    for url in ("https://example.org", "https://example.org:8443/a?b=c", "https://münchen.example/"):
        assert check_url(url, private=False) == url
    assert check_url("http://10.0.0.1:8000/", private=True)


def test_what_an_answer_means() -> None:
    assert [verdict(status) for status in (200, 204, 410, 400, 404, 301)] == [
        Verdict.DELIVERED,
        Verdict.DELIVERED,
        Verdict.GONE,
        *[Verdict.REFUSED] * 3,
    ]
    assert {verdict(status) for status in (None, 500, 502, 503, 408, 425, 429)} == {Verdict.AWAY}


def test_waits_grow_and_do_as_they_are_asked_within_reason() -> None:
    waits = [wait(Verdict.AWAY, failures) for failures in range(1, 100)]
    assert waits == sorted(waits, key=lambda one: one or 0)
    assert waits[-1] == 3600
    assert wait(Verdict.AWAY, 1, 90.0) == 90
    assert wait(Verdict.AWAY, 1, 1e9) == 3600
    assert wait(Verdict.REFUSED, 5) == 1800
    assert wait(Verdict.REFUSED, 6) is None


# ---- deliveries, on real storage, to a real HTTP server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "WAITS", (0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    monkeypatch.setattr(courier, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(courier, "LEASE", 2.0)
    monkeypatch.setattr(sending, "TIMEOUT", 1.0)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


class House:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.hooks = Webhooks(storage)

    @asynccontextmanager
    async def working(self, *, private: bool = True) -> AsyncIterator[Courier]:
        await self.hooks.look()
        sender = Sender(private=private)
        courier = Courier(self.storage, self.hooks, sender)
        work = asyncio.create_task(courier.run())
        try:
            yield courier
        finally:
            work.cancel()
            await asyncio.wait([work])
            await sender.close()

    async def happens(self, *types: str) -> list[Event]:
        """Stored, and given to the webhooks as their consumer is given it."""
        events = []
        for name in types:
            number = await self.storage.events.append("w", name, OF_OURS.get(name) or {"json": json.dumps(told(name))})
            event = await self.storage.events.read("w", number)
            assert event is not None
            events.append(event)
        await self.hooks.queue("w", events)
        return events

    async def states(self, hook: Webhook) -> list[DeliveryState]:
        """Oldest first."""
        return [one.state for one in reversed(await self.hooks.deliveries(hook, None, 200))]

    async def settled(self, hook: Webhook) -> list[DeliveryState]:
        """Once none waits any more."""

        async def none_waits() -> bool:
            return DeliveryState.WAITING not in await self.states(hook)

        await eventually(none_waits)
        return await self.states(hook)


@pytest.fixture
async def house(storage: Storage, impatient: None) -> House:
    house = House(storage)
    await house.hooks.ensure_indexes()
    return house


ALL = ["scriptorium.*", "external.*"]
READ, DELETED = "scriptorium.notices.read", "scriptorium.comment.deleted"
OF_OURS = {READ: {"notices": ["1"], "by": "ann"}, DELETED: {"id": "😀", "document": "d"}}


def told(type: str) -> dict[str, Any]:
    """Of another system."""
    return {"specversion": "1.0", "id": "1", "source": "shop", "type": type, "data": {"a.b": None}}


DELIVERED, FAILED = DeliveryState.DELIVERED, DeliveryState.FAILED


async def test_what_happens_is_told_in_its_order_and_signed(house: House, receiver: Receiver) -> None:
    await house.happens(READ)
    hook = await house.hooks.create("w", receiver.url, ["scriptorium.comment.*", "external.sale"], "ann")
    async with house.working():
        await house.happens(DELETED, READ, "external.sale")
        await house.happens("external.sales", DELETED)
        assert await house.settled(hook) == [DELIVERED] * 3
    assert receiver.events == [DELETED, "external.sale", DELETED]
    first, second, _ = receiver.received
    assert (first.event["source"], first.event["id"]) == ("/api/workspaces/w", "2")
    assert first.event["data"] == OF_OURS[DELETED]
    assert second.event["data"] == told("external.sale")
    assert first.headers[""] == "POST /hook?key=1 HTTP/1.1"
    assert first.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert first.headers["content-type"] == "application/cloudevents+json"
    for one in receiver.received:
        name, at = one.headers["webhook-id"], one.headers["webhook-timestamp"]
        key = base64.b64decode(hook.secret.removeprefix("whsec_"))
        signed = hmac.digest(key, f"{name}.{at}.".encode() + one.body, hashlib.sha256)
        assert one.headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
        assert abs(int(at) - time.time()) < 20
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 3


async def test_the_same_again_is_not_told_again(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    async with house.working():
        events = await house.happens("external.a", "external.b")
        await house.settled(hook)
        await house.hooks.queue("w", [*events, *await house.happens("external.c")])
        await house.settled(hook)
        await asyncio.sleep(0.2)
    assert receiver.events == ["external.a", "external.b", "external.c"]


async def test_while_the_receiver_is_away_all_waits_in_its_order(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    receiver.answers.extend([503, 500, None])
    async with house.working():
        for letter in "abc":
            await house.happens(f"external.{letter}")
        await until(lambda: len(receiver.received) == 3)
        assert (await house.hooks.get("w", hook.id)).failing_since is not None
        assert await house.settled(hook) == [DELIVERED] * 3
        assert (await house.hooks.get("w", hook.id)).failing_since is None
        [_, _, first] = await house.hooks.deliveries(hook, None, 200)
        assert [one.status for one in first.attempts] == [503, 500, None, 204]
        assert [one.error for one in first.attempts] == [None, None, "It did not answer in time.", None]
    assert receiver.events == ["external.a"] * 4 + ["external.b", "external.c"]
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(set(ids[:4])) == 1
    assert len(set(ids)) == 3


async def test_what_comes_while_the_receiver_is_away_does_not_wake_it(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    receiver.answers.extend([{"status": 429, "retry-after": "1"}, 204])
    async with house.working():
        await house.happens("external.a")
        await until(lambda: len(receiver.received) == 1)
        began = time.monotonic()
        for _ in range(5):
            await house.happens("external.b")
            await asyncio.sleep(0.05)
        await house.settled(hook)
        assert time.monotonic() - began > 0.5
    assert receiver.events == ["external.a"] * 2 + ["external.b"] * 5


async def test_what_nobody_answers_is_given_up_in_the_end(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    await receiver.close()
    async with house.working():
        await house.happens("external.a", "external.b")
        await house.storage.db["webhook_deliveries"].update_one(
            {"number": 1}, {"$set": {"since": datetime.now(UTC) - timedelta(days=4)}}
        )

        async def first_given_up() -> bool:
            return (await house.states(hook))[0] is FAILED

        await eventually(first_given_up)
        await receiver.open()
        assert await house.settled(hook) == [FAILED, DELIVERED]
    assert receiver.events == ["external.b"]
    [_, first] = await house.hooks.deliveries(hook, None, 200)
    assert first.attempts[0].error == "It could not be reached."


async def test_what_it_does_not_want_holds_up_nothing_else(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    receiver.answers.extend([422, 204, 422, 422, 422, 422, 422])
    async with house.working():
        await house.happens("external.a", "external.b")
        assert await house.settled(hook) == [FAILED, DELIVERED]
    assert receiver.events == ["external.a", "external.b"] + ["external.a"] * 5
    async with house.working():
        assert await house.hooks.again(hook, 1)
        assert await house.settled(hook) == [DELIVERED, DELIVERED]
        assert not await house.hooks.again(hook, 7)


async def test_who_is_gone_is_told_nothing_more(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    receiver.answers.append(410)
    async with house.working():
        await house.happens("external.a", "external.b")
        assert await house.settled(hook) == [FAILED]
        await house.happens("external.c")
        now = await house.hooks.get("w", hook.id)
        assert (now.active, now.gone) == (False, True)
        # Until its owner says otherwise; what happened meanwhile is past.
        await house.hooks.change(now, {"active": True})
        await house.happens("external.d")
        assert await house.settled(hook) == [FAILED, DELIVERED]
    assert receiver.events == ["external.a", "external.d"]


async def test_another_address_is_tried_at_once(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", "http://127.0.0.1:1/", ALL, "ann")
    async with house.working():
        await house.happens("external.a")

        async def failing() -> bool:
            return (await house.hooks.get("w", hook.id)).failing_since is not None

        await eventually(failing)
        await house.hooks.change(hook, {"url": receiver.url})
        assert await house.settled(hook) == [DELIVERED]


async def test_nothing_leaves_for_a_private_network(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url.replace("http", "https"), ALL, "ann")
    async with house.working(private=False) as working:
        sent = await working.ping(hook)
        assert (sent.attempt.status, sent.attempt.error) == (
            None,
            "It leads to a private network, which whoever runs this server does not allow.",
        )
    async with house.working() as working:
        sent = await working.ping(Webhook(**{**_fields(hook), "url": receiver.url}))
        assert sent.attempt.status == 204
    assert receiver.events == ["scriptorium.webhook.ping"]


async def test_redirects_are_not_followed(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    receiver.answers.append({"status": 302, "location": receiver.url})
    async with house.working() as working:
        assert (await working.ping(hook)).attempt.status == 302
    assert len(receiver.received) == 1


def _fields(hook: Webhook) -> dict[str, Any]:
    return {name: getattr(hook, name) for name in hook.__dataclass_fields__}


async def test_several_processes_tell_everything_once(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    other = House(house.storage)
    async with house.working(), other.working(), other.working():
        for number in range(30):
            await (house if number % 2 else other).happens(f"external.n{number}")
        assert await house.settled(hook) == [DELIVERED] * 30
    assert receiver.events == [f"external.n{number}" for number in range(30)]


async def test_what_a_process_died_of_another_tells(house: House, receiver: Receiver) -> None:
    hook = await house.hooks.create("w", receiver.url, ALL, "ann")
    receiver.answers.append(None)
    async with house.working():
        await house.happens("external.a", "external.b")
        await until(lambda: len(receiver.received) == 1)
    # It was ended in the midst of that, as a crash does, and gave nothing back.
    async with house.working():
        assert await house.settled(hook) == [DELIVERED] * 2
    assert receiver.events == ["external.a", "external.a", "external.b"]


async def test_a_workspace_has_so_many_and_forgets_them_whole(house: House, receiver: Receiver) -> None:
    hooks = [await house.hooks.create("w", receiver.url, ALL, "ann") for _ in range(20)]
    with pytest.raises(TooManyWebhooks):
        await house.hooks.create("w", receiver.url, ALL, "ann")
    assert await house.hooks.of_workspace("w") == hooks
    await house.happens("external.a")
    await house.hooks.look()
    assert house.hooks.workspaces == {"w"}
    await house.hooks.forget("w")
    await house.hooks.look()
    assert house.hooks.workspaces == set()
    assert await house.storage.db["webhook_deliveries"].count_documents({}) == 0
