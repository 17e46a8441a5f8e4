"""Subscriptions: a device says where pushes reach it, and asks for one to see whether they do."""

import base64
import binascii
import string
from collections.abc import Callable, Collection
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.push import BURST_MS, TEST, Kind, kind_of
from chinwag.domain.push_notice import ApnsAddress, FcmAddress, PushAddress, WebAddress
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock
from chinwag.flow.push.keys import PushKeys
from chinwag.ports.bus import PUSHING, Bus, Work
from chinwag.ports.directory import Directory, PushSubscription, PushWanted

ENDPOINT_CHARACTERS: Final = 2_048
TOKEN_CHARACTERS: Final = 4_096
TOPIC_CHARACTERS: Final = 255
_KEY_CHARACTERS: Final = 100
_POINT_BYTES: Final = 65
_AUTH_BYTES: Final = 16
_LETTERS: Final = frozenset(string.ascii_letters + string.digits)
_TOKEN: Final = _LETTERS | frozenset(":_-")
_TOPIC: Final = _LETTERS | frozenset(".-")
_BASE64URL: Final = _LETTERS | frozenset("_-")
_HEX: Final = frozenset(string.hexdigits)
_HEX_DIGITS: Final = range(32, 201, 2)


class Subscriptions:
    """What devices may do about their own subscription."""

    def __init__(
        self,
        directory: Directory,
        bus: Bus,
        clock: Clock,
        keys: PushKeys,
        kinds: Collection[Kind],
        reachable: Callable[[str], bool],
    ) -> None:
        """kinds: those of which this server can send anything. reachable: whether it may send to such an endpoint."""
        self._directory = directory
        self._bus = bus
        self._clock = clock
        self._keys = keys
        self.kinds = frozenset(kinds)
        self._reachable = reachable

    @property
    def web_key(self) -> str | None:
        """The key with which browsers subscribe; None where this server sends them nothing."""
        newest = self._keys.newest() if "web" in self.kinds else None
        return None if newest is None else newest.public

    def public_key(self, key: str) -> str:
        """What a browser was given of the key of that id; empty if it is gone."""
        found = self._keys.find(key)
        return "" if found is None else found.public

    async def of(self, device: DeviceId) -> PushSubscription:
        """Raises `not_found`."""
        async with self._directory.reading() as directory:
            found = await directory.push_subscriptions.of(device)
        if found is None:
            raise Refused(Code.NOT_FOUND, "this device has no subscription")
        return found

    async def put_web(
        self, account: AccountId, device: DeviceId, endpoint: str, p256dh: str, auth: str, key: str
    ) -> PushSubscription:
        """Subscribe a browser. p256dh, auth: as the browser gives them; key: the server's key with which it subscribed,
        empty for the newest. Raises `push_unavailable`, `bad_subscription`, `endpoint_taken`."""
        self._require("web")
        used = self._keys.named(key) if key else self._keys.newest()
        if used is None:
            raise Refused(Code.BAD_SUBSCRIPTION, "that is no key of this server now")
        if not endpoint.startswith(("https://", "http://")) or not endpoint.isascii():
            raise Refused(Code.BAD_SUBSCRIPTION, "an endpoint is an https address")
        if len(endpoint) > ENDPOINT_CHARACTERS or not endpoint.isprintable() or " " in endpoint:
            raise Refused(Code.BAD_SUBSCRIPTION, f"an endpoint has at most {ENDPOINT_CHARACTERS} characters")
        if not self._reachable(endpoint):
            raise Refused(Code.BAD_SUBSCRIPTION, "this server sends nothing to that push service")
        address = WebAddress(endpoint=endpoint, p256dh=_point(p256dh), auth=_secret(auth), key=used.id)
        return await self._put(account, device, address)

    async def put_fcm(self, account: AccountId, device: DeviceId, token: str) -> PushSubscription:
        """Subscribe an app by Firebase. Raises as `put_web`."""
        self._require("fcm")
        if not 0 < len(token) <= TOKEN_CHARACTERS or not set(token) <= _TOKEN:
            raise Refused(Code.BAD_SUBSCRIPTION, "that is no registration token")
        return await self._put(account, device, FcmAddress(token=token))

    async def put_apns(
        self, account: AccountId, device: DeviceId, token: str, topic: str, sandbox: bool
    ) -> PushSubscription:
        """Subscribe an app by Apple. Raises as `put_web`."""
        self._require("apns")
        if len(token) not in _HEX_DIGITS or not set(token) <= _HEX:
            raise Refused(Code.BAD_SUBSCRIPTION, "a device token is 32 to 200 hexadecimal digits")
        if not 0 < len(topic) <= TOPIC_CHARACTERS or not set(topic) <= _TOPIC:
            raise Refused(Code.BAD_SUBSCRIPTION, "a topic is an app's bundle id")
        now = self._clock()
        return await self._put(
            account, device, ApnsAddress(token=token.lower(), topic=topic, sandbox=sandbox, registered_at=now)
        )

    async def remove(self, device: DeviceId) -> None:
        """Nothing is sent to the device any more. Again, it changes nothing."""
        async with self._directory.transaction(device=device) as transaction:
            await transaction.push_subscriptions.remove(device)

    async def test(self, account: AccountId, device: DeviceId) -> None:
        """Have a push sent to the device itself, in a moment: one, however often it is asked for meanwhile, as services
        count what a server sends. Raises `not_found` without a subscription, `push_unavailable`."""
        found = await self.of(device)
        self._require(kind_of(found.address))
        now = self._clock()
        async with self._directory.transaction(device=device) as transaction:
            await transaction.push_jobs.add([PushWanted(device, account, TEST, now)], now, now + BURST_MS)
        self._bus.publish(PUSHING, Work())

    def _require(self, kind: Kind) -> None:
        if kind not in self.kinds:
            raise Refused(Code.PUSH_UNAVAILABLE)

    async def _put(self, account: AccountId, device: DeviceId, address: PushAddress) -> PushSubscription:
        """Keep it. Who has the same keys is the same browser, which another device's log-in has left: so its address
        moves. Whoever only knows an address cannot take it from anybody."""
        now = self._clock()
        # Clients say it at each start: what is so already keeps nobody waiting.
        async with self._directory.reading() as directory:
            held = await directory.push_subscriptions.of(device)
        if held is not None and not isinstance(address, ApnsAddress) and held.address == address:
            return held
        async with self._directory.transaction() as transaction:
            standing = (await transaction.devices.standings([device])).get(device)
            if standing is None or standing.revoked or standing.closed or standing.disabled:
                raise Refused(Code.REVOKED)
            held = await transaction.push_subscriptions.holder(address)
            if held is not None and held.device == device and _same(held.address, address):
                # Of Apple's it matters when it was last said: what ended before that ended another registration.
                held = PushSubscription(device, account, address, held.registered_at, held.cleared_at)
                await transaction.push_subscriptions.put(held)
                return held
            if held is not None and held.device != device:
                if not _same(held.address, address):
                    raise Refused(Code.ENDPOINT_TAKEN)
                await transaction.push_subscriptions.remove(held.device)
            subscription = PushSubscription(device, account, address, now)
            await transaction.push_subscriptions.put(subscription)
            # A browser that subscribes anew shows what it did, and what waits for it waits for no older address.
            await transaction.push_jobs.hasten(device, now)
        return subscription


def _same(one: PushAddress, other: PushAddress) -> bool:
    """Whether two addresses that lead to the same place are the same client's, by what only that client has."""
    match one, other:
        case WebAddress(), WebAddress():
            return (one.p256dh, one.auth, one.key) == (other.p256dh, other.auth, other.key)
        case ApnsAddress(), ApnsAddress():
            return msgspec.structs.replace(one, registered_at=0) == msgspec.structs.replace(other, registered_at=0)
        case _:
            return one == other


def _point(text: str) -> bytes:
    point = _decoded(text)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        point = b""
    if len(point) != _POINT_BYTES:
        raise Refused(Code.BAD_SUBSCRIPTION, f"p256dh is no point on P-256, of {_POINT_BYTES} bytes in base64url")
    return point


def _secret(text: str) -> bytes:
    secret = _decoded(text)
    if len(secret) != _AUTH_BYTES:
        raise Refused(Code.BAD_SUBSCRIPTION, f"auth is {_AUTH_BYTES} bytes in base64url")
    return secret


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=")
    if len(bare) > _KEY_CHARACTERS or not set(bare) <= _BASE64URL:
        return b""
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return b""
