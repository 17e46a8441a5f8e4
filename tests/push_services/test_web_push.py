"""Web Push against a receiver that opens everything: what arrives, and what becomes of each answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.push_services.conftest import TAG, HandClock, new_key, notice
from tests.support.push_receiver import CutOff, Garbage, Hang, PushReceiver, Say, Subscription, push_receiver

from chinwag.adapters.outgoing import guarded
from chinwag.adapters.outgoing.guarded import GuardedWeb
from chinwag.adapters.push_services.aes128gcm import CONTENT_BYTES
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.breakers import (
    FAILURES,
    PROVEN_SECONDS,
    REFUSALS,
    REFUSED_SECONDS,
    REST_SECONDS,
    Breakers,
)
from chinwag.adapters.push_services.payload import STEPS, filled, fitting, ids, words
from chinwag.adapters.push_services.vapid import RENEWED_SECONDS, TOKEN_SECONDS, TOKENS, Vapid, public_key
from chinwag.adapters.push_services.web_push import WebPush
from chinwag.domain.push_notice import (
    AFTER_MOST,
    Delivered,
    Ended,
    Failed,
    NoticeKind,
    PushOutcome,
    Resting,
    TooLarge,
    Unwanted,
    WebAddress,
)

CONTACT: Final = "mailto:ops@example.org"


class Sender:
    """The service under test, with a key of its own."""

    def __init__(self, time: HandClock, receiver: PushReceiver) -> None:
        self.time = time
        self.private = {"one": new_key(), "two": new_key()}
        self.web = GuardedWeb(("*",), dangerous=True, authorities=receiver.authorities)
        asking = Asking(self.web, Breakers(time.steady), time.wall)
        self.push = WebPush(asking, Vapid(CONTACT, self.private.get, time.wall))

    def key(self, name: str = "one") -> str:
        return public_key(self.private[name])

    def address(self, to: Subscription, key: str = "one") -> WebAddress:
        return WebAddress(endpoint=to.endpoint, p256dh=to.browser.p256dh, auth=to.browser.auth, key=key)

    async def send(self, to: Subscription, **changes: object) -> PushOutcome:
        return await self.push.send(self.address(to), notice(**changes))


@pytest.fixture
async def receiver() -> AsyncIterator[PushReceiver]:
    async with push_receiver() as serving:
        serving.contact = CONTACT
        yield serving


@pytest.fixture
async def sender(time: HandClock, receiver: PushReceiver) -> AsyncIterator[Sender]:
    made = Sender(time, receiver)
    yield made
    await made.push.close()


async def test_a_browser_gets_what_was_said_and_nobody_between_reads_it(sender: Sender, receiver: PushReceiver) -> None:
    to = receiver.subscribe(sender.key())
    assert await sender.send(to, urgent=True, ttl_seconds=600) == Delivered()
    (pushed,) = to.pushed
    assert pushed.payload == {
        "v": 1,
        "kind": "message",
        "account": "77",
        "conversation": "g~5",
        "number": 12,
        "tag": TAG,
        "unread": 3,
        "mentions": 1,
        "title": "Ann",
        "sender": "Ann",
        "text": "See you at noon",
    }
    assert (pushed.headers["topic"], pushed.headers["urgency"], pushed.headers["ttl"]) == (TAG, "high", "600")
    assert pushed.length == STEPS[0]
    plain = " ".join(f"{name}: {value}" for name, value in pushed.headers.items())
    assert not any(secret in plain for secret in ("g~5", "Ann", "noon"))


async def test_it_is_the_same_behind_tls(tmp_path: Path, time: HandClock) -> None:
    async with push_receiver(tmp_path) as receiver:
        sender = Sender(time, receiver)
        to = receiver.subscribe(sender.key())
        for number in range(3):
            assert await sender.send(to, number=number) == Delivered()
        assert [one.payload["number"] for one in to.pushed] == [0, 1, 2]
        await sender.push.close()


async def test_what_takes_back_has_the_topic_of_what_was_shown(sender: Sender, receiver: PushReceiver) -> None:
    to = receiver.subscribe(sender.key())
    await sender.send(to)
    cleared = {"kind": NoticeKind.CLEAR, "unread": 0, "mentions": 0, "title": "", "sender": "", "text": ""}
    assert await sender.send(to, **cleared) == Delivered()
    assert [one["kind"] for one in to.shown] == ["clear"], "a browser that was away sees the last of a topic alone"
    assert set(to.shown[0]) == {"v", "kind", "account", "conversation", "number", "tag", "unread", "mentions"}


REFUSED: Final = Resting(
    "it refuses what this server pushes: keys, contact or clock are wrong", REFUSED_SECONDS + REST_SECONDS
)
ANSWERS: Final = [
    (Say(201), Delivered()),
    (Say(200), Delivered()),
    (Say(202), Delivered()),
    (Say(404), Ended("the browser's push service does not know it any more")),
    (Say(410), Ended("the browser's push service does not know it any more")),
    (Say(413), TooLarge()),
    (Say(400), Unwanted("it answers 400")),
    (Say(418), Unwanted("it answers 418")),
    (Say(429), Failed("it wants fewer pushes")),
    (Say(429, {"retry-after": "120"}), Failed("it wants fewer pushes", 120.0)),
    (Say(429, {"retry-after": "999999"}), Failed("it wants fewer pushes", AFTER_MOST)),
    (Say(429, {"retry-after": "soon"}), Failed("it wants fewer pushes")),
    (Say(500), Failed("it answers 500")),
    (Say(503, {"retry-after": "7"}), Failed("it answers 503", 7.0)),
    (Say(302, {"location": "https://example.org/"}), Failed("it sends elsewhere (302)")),
    (Say(201, {}, b"x" * (guarded.ANSWER_BYTES + 1)), Failed("it says more than 64 KB")),
    (Garbage(), Failed("no answer (RemoteProtocolError)")),
    (Say(401), REFUSED),
    (Say(403), REFUSED),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
async def test_each_answer_has_its_outcome(
    answer: Say, outcome: PushOutcome, sender: Sender, receiver: PushReceiver
) -> None:
    to = receiver.subscribe(sender.key(), [answer])
    assert await sender.send(to) == outcome
    assert len(to.pushed) == 1, "one attempt a call"


async def test_one_that_is_cut_off_has_failed(sender: Sender, receiver: PushReceiver) -> None:
    to = receiver.subscribe(sender.key(), [CutOff()])
    assert isinstance(await sender.send(to), Failed)
    assert len(to.pushed) == 1, "it may have been handed over, and is not repeated here"


async def test_a_date_to_wait_for_is_understood(sender: Sender, receiver: PushReceiver, time: HandClock) -> None:
    to = receiver.subscribe(sender.key(), [Say(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})])
    assert await sender.send(to) == Failed("it answers 503", 0.0)


async def test_one_that_is_slow_is_given_up(
    sender: Sender, receiver: PushReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "WHOLE_SECONDS", 0.2)
    to = receiver.subscribe(sender.key(), [Hang()])
    outcome = await sender.send(to)
    assert isinstance(outcome, Failed)
    assert "no whole answer" in outcome.why


async def test_a_dead_service_is_left_alone_and_holds_up_no_other(time: HandClock, receiver: PushReceiver) -> None:
    sender = Sender(time, receiver)
    other = await stopped()
    dead = WebAddress(endpoint=f"{other}/x", p256dh=receiver.subscribe("").browser.p256dh, auth=bytes(16), key="one")
    living = receiver.subscribe(sender.key())
    for _ in range(FAILURES):
        assert isinstance(await sender.push.send(dead, notice()), Failed)
    outcome = await sender.push.send(dead, notice())
    assert isinstance(outcome, Resting)
    assert await sender.send(living) == Delivered()
    time.moved += outcome.seconds
    assert isinstance(await sender.push.send(dead, notice()), Failed), "one is let through to see"
    again = await sender.push.send(dead, notice())
    assert isinstance(again, Resting)
    assert again.seconds > outcome.seconds
    await sender.push.close()


async def stopped() -> str:
    """The origin of a server that is not there any more."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}"


async def test_refused_subscriptions_silence_nobody_else_however_many_there_are(
    sender: Sender, receiver: PushReceiver, time: HandClock
) -> None:
    good, bad = receiver.subscribe(sender.key()), receiver.subscribe(sender.key())
    bad.always = Say(403)
    assert await sender.send(good) == Delivered()
    for _ in range(3 * REFUSALS):
        assert await sender.send(bad) == Resting("it refuses this subscription", REFUSED_SECONDS)
    assert await sender.send(good) == Delivered()
    time.moved += PROVEN_SECONDS + 1
    outcome = await sender.send(bad)
    assert isinstance(outcome, Resting), "nobody knows any more whose fault it is"
    assert outcome.seconds < REFUSED_SECONDS / 10, "and that is soon seen"
    time.moved += outcome.seconds
    assert await sender.send(good) == Delivered()
    assert await sender.send(bad) == Resting("it refuses this subscription", REFUSED_SECONDS)
    assert await sender.send(good) == Delivered()


async def test_a_service_that_refuses_all_of_us_rests_and_then_works_again(
    sender: Sender, receiver: PushReceiver, time: HandClock
) -> None:
    to = receiver.subscribe(sender.key(), [Say(401)])
    assert isinstance(await sender.send(to), Resting)
    assert isinstance(await sender.send(to), Resting)
    assert len(to.pushed) == 1, "nobody is asked while it rests"
    time.moved += REFUSED_SECONDS
    assert await sender.send(to) == Delivered()


async def test_a_subscription_is_told_by_the_key_that_it_knows(sender: Sender, receiver: PushReceiver) -> None:
    old, new = receiver.subscribe(sender.key("one")), receiver.subscribe(sender.key("two"))
    assert await sender.push.send(sender.address(old, "one"), notice()) == Delivered()
    assert await sender.push.send(sender.address(new, "two"), notice()) == Delivered()
    del sender.private["one"]
    assert await sender.push.send(sender.address(old, "gone"), notice()) == Ended(
        "the key that it subscribed with is gone"
    )


async def test_an_address_that_is_not_allowed_is_not_asked(time: HandClock, receiver: PushReceiver) -> None:
    sender = Sender(time, receiver)
    to = receiver.subscribe(sender.key())
    strict = WebPush(
        Asking(GuardedWeb(("*",)), Breakers(time.steady), time.wall), Vapid(CONTACT, sender.private.get, time.wall)
    )
    assert isinstance(await strict.send(sender.address(to), notice()), Unwanted)
    assert to.pushed == []
    await strict.close()
    await sender.push.close()


@pytest.mark.parametrize(("p256dh", "auth"), [(b"", bytes(16)), (b"\x04" + bytes(64), bytes(16)), (None, b"short")])
async def test_keys_that_are_none_end_the_subscription(
    p256dh: bytes | None, auth: bytes, sender: Sender, receiver: PushReceiver
) -> None:
    to = receiver.subscribe(sender.key())
    address = WebAddress(
        endpoint=to.endpoint, p256dh=to.browser.p256dh if p256dh is None else p256dh, auth=auth, key="one"
    )
    assert await sender.push.send(address, notice()) == Ended("its keys are none")


async def test_a_long_text_is_cut_and_what_is_too_long_without_one_says_so(
    sender: Sender, receiver: PushReceiver
) -> None:
    to = receiver.subscribe(sender.key())
    assert await sender.send(to, text="ø" * 5_000) == Delivered()
    assert to.pushed[0].length == CONTENT_BYTES
    assert to.pushed[0].payload["text"].endswith("ø…")
    assert await sender.send(to, title="x" * 5_000) == TooLarge()
    assert await sender.push.send(sender.address(to), notice(title="x" * 5_000).ids_only()) == Delivered()


@given(st.text(max_size=6_000), st.text(max_size=100))
def test_whatever_the_words_are_they_fit_and_their_length_tells_little(text: str, sender: str) -> None:
    said = notice(text=text, sender=sender)
    json = fitting(text, lambda cut: ids(said) | words(said, cut), CONTENT_BYTES)
    assert json is not None
    full = filled(json)
    assert len(full) in STEPS
    read = msgspec.json.decode(full)
    assert read.get("sender", "") == sender
    cut = read.get("text", "")
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
    if cut != text:
        more = text[: len(cut)] + "…"
        assert len(msgspec.json.encode(ids(said) | words(said, more))) > CONTENT_BYTES, "nothing is cut in vain"


def test_a_token_is_made_anew_before_it_ends_and_they_are_bounded(time: HandClock) -> None:
    asked: list[str] = []
    private = new_key()

    def keys(key: str) -> bytes:
        asked.append(key)
        return private

    vapid = Vapid(CONTACT, keys, time.wall)
    first = vapid.authorization("https://a.example", "one")
    time.moved += TOKEN_SECONDS - RENEWED_SECONDS - 60
    assert vapid.authorization("https://a.example", "one") == first
    time.moved += 120
    assert vapid.authorization("https://a.example", "one") != first
    time.moved -= 10 * TOKEN_SECONDS
    assert vapid.authorization("https://a.example", "one") != first, "a clock that was wrong leaves no token behind"
    asked.clear()
    for number in range(TOKENS + 1):
        vapid.authorization(f"https://{number}.example", "one")
    asked.clear()
    vapid.authorization("https://1.example", "one")
    assert asked == []
    vapid.authorization("https://a.example", "one")
    assert asked == ["one"], "that used longest ago is forgotten first"


def test_an_address_is_shown_by_nothing() -> None:
    address = WebAddress(endpoint="https://secret.example", p256dh=b"secret", auth=b"secret", key="one")
    assert "secret" not in repr(address)
    assert "noon" not in repr(notice())


@pytest.mark.parametrize("endpoint", ["https://Push.Example/x", "https://push.example:443/x", "HTTPS://push.example/x"])
async def test_a_token_is_for_the_origin_as_the_service_writes_it(
    endpoint: str, receiver: PushReceiver, time: HandClock
) -> None:
    """A service compares the audience letter by letter (RFC 8292, 2), whatever a browser handed over."""
    asked: list[str] = []

    class Heard(Vapid):
        def authorization(self, origin: str, key: str) -> str | None:
            asked.append(origin)
            return None

    web = Sender(time, receiver).web
    push = WebPush(Asking(web, Breakers(time.steady), time.wall), Heard(CONTACT, lambda _: None, time.wall))
    await push.send(WebAddress(endpoint=endpoint, p256dh=b"", auth=b"", key="one"), notice())
    assert asked == ["https://push.example"]
    await push.close()
