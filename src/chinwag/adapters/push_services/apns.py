"""The Apple Push Notification service, over HTTP/2 with a token of ours (Apple: "Sending notification requests to
APNs")."""

import string
from pathlib import Path
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chinwag.adapters.outgoing.guarded import Answered
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.payload import APP_BYTES, fitting, ids
from chinwag.domain.push_notice import (
    ApnsAddress,
    Ended,
    Failed,
    NoticeKind,
    PushNotice,
    PushOutcome,
    TooLarge,
    Unwanted,
)
from chinwag.flow.clock import Clock
from chinwag.ports.push_service import Still, always
from chinwag.private_text import CredentialsError, private_text

APNS_HOST: Final = "api.push.apple.com"
SANDBOX_HOST: Final = "api.sandbox.push.apple.com"
TOKEN_SECONDS: Final = 3_000
"""How long one of our tokens is used: Apple takes none that is older than an hour, nor a new one within 20 minutes."""
YOUNG_SECONDS: Final = 1_200
_HEXADECIMAL: Final = frozenset(string.hexdigits)
_TOPIC: Final = frozenset(string.ascii_letters + string.digits + ".-")
_BAD_ADDRESS: Final = frozenset(("BadDeviceToken", "DeviceTokenNotForTopic", "TopicDisallowed", "BadTopic"))


class ApnsKey(msgspec.Struct, frozen=True):
    """A key for APNs. id and team: ten characters each, from Apple's developer site; private: PEM, on P-256."""

    id: str
    team: str
    private: str

    def __repr__(self) -> str:
        return f"ApnsKey({self.id})"


def apns_key(path: Path, key_id: str, team: str) -> ApnsKey:
    """The key in the file (`AuthKey_….p8`), which only the server's user may read. Raises `CredentialsError`."""
    private = private_text(path)
    try:
        fits = ECKey.import_key(private).curve_name == "P-256"
    except (JoseError, ValueError, TypeError):
        fits = False
    if not fits:
        raise CredentialsError(f"{path} is no key for APNs, as Apple's developer site makes it")
    return ApnsKey(key_id, team, private)


class _Reason(msgspec.Struct):
    reason: str = ""
    timestamp: int = 0


class Apns:
    """`PushService` for apps on Apple's devices. A message is an alert, which the app's extension replaces by what it
    fetches; what only takes back is a background push, of which Apple hands over a few an hour: the badge is certain
    with the next alert."""

    def __init__(
        self,
        asking: Asking,
        key: ApnsKey,
        url: str = f"https://{APNS_HOST}",
        sandbox_url: str = f"https://{SANDBOX_HOST}",
    ) -> None:
        self._asking = asking
        self._token = ProviderToken(key, asking.clock)
        self._url = url
        self._sandbox_url = sandbox_url

    async def send(self, to: ApnsAddress, notice: PushNotice, still: Still = always) -> PushOutcome:
        if not (_is_of(to.token, _HEXADECIMAL, 400) and _is_of(to.topic, _TOPIC, 255)):
            return Ended("its token or topic is none")
        alert = notice.kind is not NoticeKind.CLEAR
        body = fitting(notice.text, lambda text: {"aps": _aps(notice, text)} | ids(notice), APP_BYTES)
        if body is None:
            return TooLarge()
        token = self._token.now()
        headers = {
            "authorization": f"bearer {token}",
            "content-type": "application/json",
            "apns-topic": to.topic,
            "apns-push-type": "alert" if alert else "background",
            "apns-priority": "10" if alert else "5",
            "apns-expiration": str(self._asking.clock() // 1000 + notice.ttl_seconds),
            "apns-collapse-id": notice.tag,
        }
        url = f"{self._sandbox_url if to.sandbox else self._url}/3/device/{to.token}"
        return await self._asking.ask(url, body, headers, lambda answered: self._read(answered, to, token), still=still)

    def resting(self, to: ApnsAddress) -> float:
        return self._asking.resting(self._sandbox_url if to.sandbox else self._url)

    async def close(self) -> None:
        await self._asking.web.close()

    def _read(self, answered: Answered, to: ApnsAddress, token: str) -> PushOutcome | None:
        problem = _reason(answered.body)
        match answered.status, problem.reason:
            case 410, "Unregistered" if 0 < problem.timestamp <= to.registered_at:
                return Failed("it says of an earlier registration that it is over")
            case 410, _:
                return Ended("the app is not there any more")
            case 400, reason if reason in _BAD_ADDRESS:
                return Ended("its token is not of this app")
            case 403, "ExpiredProviderToken":
                return Failed("our token is over") if self._token.forget(token) else None
            case ((401 | 403 | 405), _):
                return None
            case 413, _:
                return TooLarge()
            case status, _:
                return Unwanted(f"it answers {status}")


class ProviderToken:
    """Our token, made anew when it is `TOKEN_SECONDS` old."""

    def __init__(self, key: ApnsKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._token = ""
        self._made = 0

    def now(self) -> str:
        """A token that is good."""
        now = self._clock() // 1000
        if not self._token or not 0 <= now - self._made < TOKEN_SECONDS:
            header = {"alg": "ES256", "kid": self._key.id}
            claims = {"iss": self._key.team, "iat": now}
            self._token = jwt.encode(header, claims, ECKey.import_key(self._key.private), algorithms=["ES256"])
            self._made = now
        return self._token

    def forget(self, token: str) -> bool:
        """It was refused as too old: the next push makes another. False for a young one: the clock is wrong then."""
        if token != self._token:
            return True
        if self._clock() // 1000 - self._made < YOUNG_SECONDS:
            return False
        self._token = ""
        return True


def _aps(notice: PushNotice, text: str) -> dict[str, Any]:
    """What the device does by itself: without words of ours it shows those that the app has for the kind."""
    if notice.kind is NoticeKind.CLEAR:
        return {"content-available": 1}
    alert: dict[str, str] = {"loc-key": f"PUSH_{notice.kind.name}"}
    if text:
        alert = {"body": text}
    if notice.title or notice.sender:
        alert["title"] = notice.title or notice.sender
    return {"alert": alert, "badge": notice.unread, "sound": "default", "mutable-content": 1, "thread-id": notice.tag}


def _is_of(text: str, characters: frozenset[str], most: int) -> bool:
    return 0 < len(text) <= most and characters.issuperset(text)


def _reason(body: bytes) -> _Reason:
    try:
        return msgspec.json.decode(body, type=_Reason)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Reason()
