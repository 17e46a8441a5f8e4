"""APNs over real HTTP/2 and TLS: every header, the token, the payload, and what becomes of each answer."""

import ssl
import time as machine
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.push_services.conftest import TAG, HandClock, new_key, notice
from tests.support.http2_server import Request, Response, http2_server

from chinwag.adapters.outgoing.guarded import GuardedWeb
from chinwag.adapters.push_services.apns import TOKEN_SECONDS, YOUNG_SECONDS, Apns, ApnsKey, apns_key
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.breakers import REFUSED_SECONDS, REST_SECONDS, Breakers
from chinwag.domain.push_notice import (
    ApnsAddress,
    Delivered,
    Ended,
    Failed,
    NoticeKind,
    PushNotice,
    PushOutcome,
    Resting,
    TooLarge,
    Unwanted,
)
from chinwag.private_text import CredentialsError

DEVICE: Final = "0a1b" * 16
TOPIC: Final = "org.example.chat"
KEY_ID: Final = "KEY4567890"
TEAM: Final = "TEAM567890"


class Apple:
    """Its side. answers: to the next requests; with none left, success. seen: payloads with their headers."""

    def __init__(self, private: bytes) -> None:
        self.private = ECKey.import_key(private)
        self.answers: deque[Response] = deque()
        self.seen: list[tuple[dict[str, str], dict[str, Any]]] = []

    def answer(self, request: Request) -> Response:
        headers = request.headers
        assert (request.version, request.method) == ("2", "POST")
        assert request.path == f"/3/device/{DEVICE}"
        scheme, _, token = headers["authorization"].partition(" ")
        assert scheme == "bearer"
        opened = jwt.decode(token, self.private, algorithms=["ES256"])
        assert opened.header["kid"] == KEY_ID
        assert set(opened.claims) == {"iss", "iat"}
        assert opened.claims["iss"] == TEAM
        assert headers["apns-topic"] == TOPIC
        assert headers["apns-push-type"] in ("alert", "background")
        assert headers["apns-priority"] == ("10" if headers["apns-push-type"] == "alert" else "5")
        assert int(headers["apns-expiration"]) > machine.time()
        assert len(headers["apns-collapse-id"].encode()) <= 64
        assert "cookie" not in headers
        assert len(request.body) <= 4096
        payload = msgspec.json.decode(request.body, type=dict[str, Any])
        if headers["apns-push-type"] == "background":
            assert payload["aps"] == {"content-available": 1}
        self.seen.append((headers, payload))
        return self.answers.popleft() if self.answers else Response(200, headers={"apns-id": "1"})


class House:
    """The service under test, and Apple."""

    def __init__(self, apple: Apple, apns: Apns, web: GuardedWeb) -> None:
        self.apple = apple
        self.apns = apns
        self.web = web

    async def send(self, given: PushNotice | None = None, **address: Any) -> PushOutcome:
        to: dict[str, Any] = {"token": DEVICE, "topic": TOPIC, "sandbox": False, "registered_at": 1_000} | address
        return await self.apns.send(ApnsAddress(**to), notice() if given is None else given)

    def token(self) -> str:
        return self.apple.seen[-1][0]["authorization"]


def built(origin: str, authorities: ssl.SSLContext, private: bytes, time: HandClock) -> tuple[Apns, GuardedWeb]:
    web = GuardedWeb(("*",), dangerous=True, only_http2=True, authorities=authorities)
    key = ApnsKey(KEY_ID, TEAM, private.decode())
    nowhere = "https://127.0.0.1:9"
    return Apns(Asking(web, Breakers(time.steady), time.wall), key, origin, nowhere), web


@pytest.fixture
async def house(tmp_path: Path, time: HandClock) -> AsyncIterator[House]:
    private = new_key()
    apple = Apple(private)
    async with http2_server(tmp_path, apple.answer) as (origin, authorities):
        apns, web = built(origin, authorities, private, time)
        yield House(apple, apns, web)
        await apns.close()


async def test_a_message_is_an_alert_that_the_app_replaces(house: House) -> None:
    plain = notice(title="", sender="", text="")
    assert await house.send(plain) == Delivered()
    headers, payload = house.apple.seen[0]
    assert headers["apns-collapse-id"] == TAG
    assert headers["apns-push-type"] == "alert"
    assert payload == {
        "aps": {
            "alert": {"loc-key": "PUSH_MESSAGE"},
            "badge": 3,
            "sound": "default",
            "mutable-content": 1,
            "thread-id": TAG,
        },
        "v": 1,
        "kind": "message",
        "account": "77",
        "conversation": "g~5",
        "number": 12,
        "tag": TAG,
        "unread": 3,
        "mentions": 1,
    }


async def test_words_are_shown_where_the_account_wants_them(house: House) -> None:
    assert await house.send(notice(text="")) == Delivered()
    assert house.apple.seen[0][1]["aps"]["alert"] == {"loc-key": "PUSH_MESSAGE", "title": "Ann"}
    assert await house.send() == Delivered()
    assert house.apple.seen[1][1]["aps"]["alert"] == {"title": "Ann", "body": "See you at noon"}


async def test_what_takes_back_is_a_quiet_push_of_the_same_collapse_id(house: House) -> None:
    assert await house.send(notice(kind=NoticeKind.CLEAR, title="", sender="", text="", unread=0)) == Delivered()
    headers, payload = house.apple.seen[0]
    assert (headers["apns-push-type"], headers["apns-collapse-id"]) == ("background", TAG)
    assert (payload["kind"], payload["unread"]) == ("clear", 0)


async def test_a_long_text_is_cut_and_words_that_do_not_fit_say_so(house: House) -> None:
    assert await house.send(notice(text="ø" * 5_000)) == Delivered()
    assert house.apple.seen[0][1]["aps"]["alert"]["body"].endswith("ø…")
    assert await house.send(notice(title="x" * 5_000)) == TooLarge()


def problem(status: int, reason: str, **more: Any) -> Response:
    return Response(status, {"reason": reason} | more)


REFUSED: Final = Resting(
    "it refuses what this server pushes: keys, contact or clock are wrong", REFUSED_SECONDS + REST_SECONDS
)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (problem(410, "Unregistered", timestamp=1_001), Ended("the app is not there any more")),
        (
            problem(410, "Unregistered", timestamp=999),
            Failed("it says of an earlier registration that it is over"),
        ),
        (problem(410, "ExpiredToken"), Ended("the app is not there any more")),
        (problem(400, "BadDeviceToken"), Ended("its token is not of this app")),
        (problem(400, "DeviceTokenNotForTopic"), Ended("its token is not of this app")),
        (problem(400, "TopicDisallowed"), Ended("its token is not of this app")),
        (problem(400, "BadExpirationDate"), Unwanted("it answers 400")),
        (problem(413, "PayloadTooLarge"), TooLarge()),
        (problem(403, "InvalidProviderToken"), REFUSED),
        (problem(403, "ExpiredProviderToken"), REFUSED),
        (problem(403, "BadCertificateEnvironment"), REFUSED),
        (problem(429, "TooManyRequests"), Failed("it wants fewer pushes")),
        (problem(500, "InternalServerError"), Failed("it answers 500")),
        (problem(503, "ServiceUnavailable"), Failed("it answers 503")),
        (Response(404, b"\xff no JSON"), Unwanted("it answers 404")),
    ],
)
async def test_each_answer_has_its_outcome(answer: Response, outcome: PushOutcome, house: House) -> None:
    house.apple.answers.append(answer)
    assert await house.send() == outcome
    assert len(house.apple.seen) == 1


async def test_one_token_is_used_for_most_of_an_hour(house: House, time: HandClock) -> None:
    await house.send()
    first = house.token()
    time.moved += TOKEN_SECONDS - 10
    await house.send()
    assert house.token() == first
    time.moved += 20
    await house.send()
    assert house.token() != first


async def test_a_token_that_is_too_old_for_apple_is_made_anew(house: House, time: HandClock) -> None:
    await house.send()
    first = house.token()
    time.moved += YOUNG_SECONDS + 10
    house.apple.answers.append(problem(403, "ExpiredProviderToken"))
    assert await house.send() == Failed("our token is over")
    assert await house.send() == Delivered()
    assert house.token() != first


@pytest.mark.parametrize("address", [{"token": "../../x"}, {"token": ""}, {"topic": "a\r\nb"}, {"token": "z" * 64}])
async def test_an_address_that_is_none_is_not_asked(address: dict[str, Any], house: House) -> None:
    assert isinstance(await house.send(**address), Ended)
    assert house.apple.seen == []


async def test_builds_for_development_are_reached_elsewhere(house: House) -> None:
    outcome = await house.send(sandbox=True)
    assert isinstance(outcome, Failed)
    assert house.apple.seen == []


def test_a_key_is_read_from_a_file_of_ours_alone(tmp_path: Path) -> None:
    file = tmp_path / "AuthKey.p8"
    file.write_bytes(new_key())
    file.chmod(0o644)
    with pytest.raises(CredentialsError, match="open to other users"):
        apns_key(file, KEY_ID, TEAM)
    file.chmod(0o600)
    assert apns_key(file, KEY_ID, TEAM).id == KEY_ID
    assert "PRIVATE" not in repr(apns_key(file, KEY_ID, TEAM))
    file.write_text("no key")
    with pytest.raises(CredentialsError, match="no key for APNs"):
        apns_key(file, KEY_ID, TEAM)
