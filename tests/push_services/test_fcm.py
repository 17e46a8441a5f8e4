"""FCM with its exchange of tokens: every header, both signatures, the data, and what becomes of each answer."""

import asyncio
import time as machine
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.push_services.conftest import TAG, HandClock, new_key, notice
from tests.support.http2_server import Request, Response, http2_server

from chinwag.adapters.outgoing import guarded
from chinwag.adapters.outgoing.guarded import GuardedWeb
from chinwag.adapters.push_services import service_account as tokens
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.breakers import REFUSED_SECONDS, REST_SECONDS, Breakers
from chinwag.adapters.push_services.fcm import Fcm
from chinwag.adapters.push_services.service_account import (
    FETCHING_SECONDS,
    SPARE_SECONDS,
    YOUNG_SECONDS,
    AccessTokens,
    ServiceAccount,
    service_account,
)
from chinwag.domain.push_notice import (
    Delivered,
    Ended,
    Failed,
    FcmAddress,
    NoticeKind,
    PushOutcome,
    Resting,
    TooLarge,
    Unwanted,
)
from chinwag.domain.refusal import Code, Refused
from chinwag.private_text import CredentialsError

PROJECT: Final = "a-project"
EMAIL: Final = "push@a-project.iam.gserviceaccount.com"
DEVICE: Final = "device:APA91b"
KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE: Final = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Google:
    """Its side. answers and grants: to the next requests; with none left, success."""

    def __init__(self) -> None:
        self.origin = ""
        self.answers: deque[Response] = deque()
        self.grants: deque[Response] = deque()
        self.granted: list[str] = []
        self.granting: Callable[[], None] = lambda: None
        """Is called while a token is wanted."""
        self.seen: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Response:
        assert request.method == "POST"
        assert "cookie" not in request.headers
        return self._grant(request) if request.path == "/token" else self._message(request)

    def _grant(self, request: Request) -> Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.granting()
        form = parse_qs(request.body.decode(), strict_parsing=True)
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        opened = jwt.decode(form["assertion"][0], RSAKey.import_key(PRIVATE), algorithms=["RS256"])
        assert opened.header["kid"] == "key-1"
        claims = opened.claims
        assert (claims["iss"], claims["aud"]) == (EMAIL, f"{self.origin}/token")
        assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        assert claims["exp"] > machine.time()
        if self.grants:
            return self.grants.popleft()
        self.granted.append(f"ya29.{len(self.granted)}")
        return Response(200, {"access_token": self.granted[-1], "expires_in": 3599, "token_type": "Bearer"})

    def _message(self, request: Request) -> Response:
        assert request.path == f"/v1/projects/{PROJECT}/messages:send"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["authorization"] == f"Bearer {self.granted[-1]}"
        message = msgspec.json.decode(request.body)["message"]
        assert set(message) == {"token", "data", "android"}, "data alone: the app shows it"
        assert message["token"] == DEVICE
        assert all(isinstance(value, str) for value in message["data"].values())
        assert sum(len(name) + len(value.encode()) for name, value in message["data"].items()) <= 4096
        assert message["android"]["priority"] in ("HIGH", "NORMAL")
        assert message["android"]["ttl"].endswith("s")
        self.seen.append(message)
        return self.answers.popleft() if self.answers else Response(200, {"name": f"projects/{PROJECT}/messages/1"})


class House:
    """The service under test, and Google."""

    def __init__(self, google: Google, fcm: Fcm) -> None:
        self.google = google
        self.fcm = fcm

    async def send(self, **changes: Any) -> PushOutcome:
        return await self.fcm.send(FcmAddress(token=DEVICE), notice(**changes))


class SlowAsking(Asking):
    """A service that answers only when it is told to, and then with a failure."""

    def __init__(self, time: HandClock) -> None:
        super().__init__(GuardedWeb(("*",)), Breakers(time.steady), time.wall)
        self.asked = 0
        self.answered = asyncio.Event()
        self.over = asyncio.Event()

    async def ask(self, *_given: Any) -> PushOutcome:
        self.asked += 1
        await self.answered.wait()
        self.over.set()
        return Failed("it is slow")


@pytest.fixture
async def house(tmp_path: Path, time: HandClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(tokens, "LATE_MS", 60_000)  # a busy machine is not late
    google = Google()
    async with http2_server(tmp_path, google.answer) as (origin, authorities):
        google.origin = origin
        account = ServiceAccount(PROJECT, "key-1", PRIVATE, EMAIL, f"{origin}/token")
        web = GuardedWeb(("*",), dangerous=True, authorities=authorities)
        # Both are one host here, and two in earnest.
        fcm = Fcm(Asking(web, Breakers(time.steady), time.wall), account, origin)
        yield House(google, fcm)
        await fcm.close()


async def test_an_app_gets_data_which_it_shows_by_itself(house: House) -> None:
    assert await house.send(title="", sender="", text="", urgent=True) == Delivered()
    (message,) = house.google.seen
    assert message["data"] == {
        "v": "1",
        "kind": "message",
        "account": "77",
        "conversation": "g~5",
        "number": "12",
        "tag": TAG,
        "unread": "3",
        "mentions": "1",
    }
    assert message["android"] == {"collapse_key": "77", "priority": "HIGH", "ttl": "86400s"}


async def test_words_go_along_where_the_account_wants_them(house: House) -> None:
    assert await house.send() == Delivered()
    assert house.google.seen[0]["data"]["text"] == "See you at noon"
    assert house.google.seen[0]["android"]["priority"] == "NORMAL"
    assert await house.send(kind=NoticeKind.CLEAR, title="", sender="", text="") == Delivered()
    assert house.google.seen[1]["data"]["tag"] == TAG


async def test_a_long_text_is_cut_and_words_that_do_not_fit_say_so(house: House) -> None:
    assert await house.send(text="ø" * 5_000) == Delivered()
    assert house.google.seen[0]["data"]["text"].endswith("ø…")
    assert await house.send(title="x" * 5_000) == TooLarge()


async def test_one_token_is_fetched_for_many_and_another_before_it_ends(house: House, time: HandClock) -> None:
    outcomes = await asyncio.gather(*(house.send(number=number) for number in range(20)))
    assert outcomes == [Delivered()] * 20
    assert len(house.google.granted) == 1
    time.moved += 3_599 - SPARE_SECONDS + 1
    assert await house.send() == Delivered()
    assert len(house.google.granted) == 2


def problem(status: int, google: str, code: str = "", field: str = "") -> Response:
    """As Google writes it."""
    details: list[dict[str, Any]] = []
    if code:
        details.append({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
    if field:
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field}]})
    return Response(status, {"error": {"code": status, "message": "words", "status": google, "details": details}})


REFUSED: Final = Resting(
    "it refuses what this server pushes: keys, contact or clock are wrong", REFUSED_SECONDS + REST_SECONDS
)
ALONE: Final = Resting("it refuses this subscription", REFUSED_SECONDS)
"""What Google refuses once it has granted a token, as both are one host here."""


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (problem(404, "NOT_FOUND", "UNREGISTERED"), Ended("the app is not there any more")),
        (problem(404, "NOT_FOUND"), ALONE),
        (problem(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.token"), Ended("its token is none")),
        (problem(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.data"), Unwanted("it answers 400")),
        (problem(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), Unwanted("it answers 400")),
        (
            problem(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
            Ended("the app is registered with another project"),
        ),
        (problem(403, "PERMISSION_DENIED"), ALONE),
        (
            problem(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
            Unwanted("Firebase lacks the key for this kind of device"),
        ),
        (problem(401, "UNAUTHENTICATED"), ALONE),
        (problem(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), Failed("it wants fewer pushes")),
        (problem(500, "INTERNAL", "INTERNAL"), Failed("it answers 500")),
        (
            Response(503, {"error": {"status": "UNAVAILABLE"}}, {"retry-after": "9"}),
            Failed("it answers 503", 9.0),
        ),
        (Response(404, b"\xff no JSON"), ALONE),
        (Response(400, b"[" * 5_000), Unwanted("it answers 400")),
        (Response(413), TooLarge()),
    ],
)
async def test_each_answer_has_its_outcome(answer: Response, outcome: PushOutcome, house: House) -> None:
    house.google.answers.append(answer)
    assert await house.send() == outcome
    assert len(house.google.seen) == 1


async def test_a_push_that_waited_long_for_a_token_is_looked_at_anew(house: House, time: HandClock) -> None:
    house.google.granting = lambda: setattr(time, "moved", time.moved + 61)
    assert await house.send() == Resting("its access token came late", 0.0)
    assert house.google.seen == []
    assert await house.send() == Delivered()
    assert len(house.google.granted) == 1


async def test_what_is_not_so_any_more_once_the_connection_stands_is_not_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_any_more() -> bool:
        return False

    async def away() -> bool:
        raise Refused(Code.UNAVAILABLE)

    to = FcmAddress(token=DEVICE)
    assert await house.fcm.send(to, notice()) == Delivered()
    monkeypatch.setattr(guarded, "WAITED_SECONDS", 60.0)
    assert await house.fcm.send(to, notice(), not_any_more) == Delivered(), "it was weighed a moment ago"
    monkeypatch.setattr(guarded, "WAITED_SECONDS", -1.0)
    for still in (not_any_more, away):
        assert await house.fcm.send(to, notice(), still) == Resting("it is not so any more", 0.0)
    assert len(house.google.seen) == 2
    assert await house.send() == Delivered(), "the connection is as it was"


async def test_a_slow_exchange_keeps_no_push_waiting(time: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LATE_MS", 0)
    asking = SlowAsking(time)
    held = AccessTokens(ServiceAccount(PROJECT, "key-1", PRIVATE, EMAIL), asking)
    async with asyncio.timeout(60):  # nobody answers before all of them have been told
        found = await asyncio.gather(*(held.token() for _ in range(100)))
    assert found == [Resting("its access token is being fetched", FETCHING_SECONDS)] * 100
    assert asking.asked == 1, "one request for all"
    asking.answered.set()
    await asking.over.wait()
    asking.answered.clear()
    assert isinstance(await held.token(), Resting)
    assert asking.asked == 2, "the one before came to nothing"
    await held.close()


async def test_a_token_that_is_taken_back_is_fetched_anew(house: House, time: HandClock) -> None:
    assert await house.send() == Delivered()
    time.moved += YOUNG_SECONDS + 1
    house.google.answers.append(problem(401, "UNAUTHENTICATED"))
    assert await house.send() == Failed("the access token is over")
    assert await house.send() == Delivered()
    assert len(house.google.granted) == 2


@pytest.mark.parametrize(
    ("grant", "outcome"),
    [
        (Response(400, {"error": "invalid_grant"}), REFUSED),
        (Response(401, {"error": "invalid_client"}), REFUSED),
        (Response(503), Failed("it answers 503")),
        (Response(200, {"access_token": ""}), Failed("it grants no token that can be read")),
        (Response(200, {"access_token": "a\r\nb"}), Failed("it grants no token that can be read")),
        (Response(200, b"\xff"), Failed("it grants no token that can be read")),
    ],
)
async def test_without_a_token_nothing_is_sent(grant: Response, outcome: PushOutcome, house: House) -> None:
    house.google.grants.append(grant)
    assert await house.send() == outcome
    assert house.google.seen == []


def test_the_file_of_the_account_is_read_from_ours_alone(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    said = {"type": "service_account", "project_id": PROJECT, "private_key_id": "key-1", "private_key": PRIVATE}
    file.write_bytes(msgspec.json.encode(said | {"client_email": EMAIL}))
    file.chmod(0o644)
    with pytest.raises(CredentialsError, match="open to other users"):
        service_account(file)
    file.chmod(0o600)
    account = service_account(file)
    assert (account.project_id, account.token_uri) == (PROJECT, "https://oauth2.googleapis.com/token")
    assert "PRIVATE" not in repr(account)
    for wrong in (b"{}", b"no JSON", msgspec.json.encode(said | {"client_email": EMAIL, "private_key": "none"})):
        file.write_bytes(wrong)
        with pytest.raises(CredentialsError, match="no key of a service account"):
            service_account(file)
    file.write_bytes(msgspec.json.encode(said | {"client_email": EMAIL, "private_key": new_key().decode()}))
    with pytest.raises(CredentialsError, match="no key of a service account"):
        service_account(file)
