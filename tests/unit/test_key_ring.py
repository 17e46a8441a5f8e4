"""What a key is good for, how long, and for whom it stops: of whoever has it, its owner or a thief."""

import asyncio
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.files import FileKeyStore
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.key_ring import GRACE_MS, LOOK_MS, KeyRing
from chinwag.flow.access.tickets import LIFETIME_MS as TICKET_MS
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.access.tokens import ISSUER, SKEW_MS, Tokens
from chinwag.flow.access.watch_keys import watching_keys
from chinwag.ports.bus import REVOKED, EverybodyRevoked, NodeId, Publication
from chinwag.ports.key_store import KeysDamaged, StoredKey

LIFETIME = 600_000
FOR_EVER = 10 * 365 * 86_400_000
WHO = Principal(AccountId("1"), DeviceId("2"), 0)
HERE = NodeId("n1")


class Time:
    now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "keys")


@pytest.fixture
def ring(store: FileKeyStore, time: Time) -> KeyRing:
    return KeyRing(store, time(), LIFETIME)


def forged(key: StoredKey, *, issued: int, expires: int) -> str:
    """What a thief signs with a stolen key. Times in milliseconds."""
    header = {"alg": "Ed25519", "kid": key.id, "typ": "at+jwt"}
    claims: dict[str, Any] = {"iss": ISSUER, "sub": "1", "dev": "2", "jti": "x"}
    claims |= {"iat": issued // 1000, "exp": expires // 1000}
    return jwt.encode(header, claims, OKPKey.import_key(key.private), algorithms=["Ed25519"])


def forged_ticket(secret: bytes, expires: object) -> str:
    said = f"t1.1.2.{HERE}.{expires}.nonce"
    return (
        f"{said}.{urlsafe_b64encode(hmac.digest(secret, b'ticket:' + said.encode(), 'sha256')).rstrip(b'=').decode()}"
    )


def refusal(work: Callable[[str], object], token: str) -> Code:
    with pytest.raises(Refused) as refused:
        work(token)
    return refused.value.code


def test_a_token_is_good_for_its_lifetime_whatever_stands_in_it(ring: KeyRing, store: FileKeyStore, time: Time) -> None:
    tokens = Tokens(ring, time)
    [stolen] = store.read().keys
    token = forged(stolen, issued=time(), expires=time() + FOR_EVER)
    assert tokens.verify(token).expires_at == time() + LIFETIME
    time.now += LIFETIME
    assert refusal(tokens.verify, token) is Code.TOKEN_EXPIRED
    assert refusal(Tokens(ring, time).verify, token) is Code.TOKEN_EXPIRED


def test_a_token_from_the_future_is_not_good_yet(ring: KeyRing, store: FileKeyStore, time: Time) -> None:
    tokens = Tokens(ring, time)
    [stolen] = store.read().keys
    kept = forged(stolen, issued=time() + FOR_EVER, expires=time() + FOR_EVER + LIFETIME)
    assert refusal(tokens.verify, kept) is Code.TOKEN_EXPIRED
    ahead = forged(stolen, issued=time() + SKEW_MS, expires=time() + LIFETIME)
    assert tokens.verify(ahead).account == "1"


def test_a_token_that_says_it_ends_sooner_ends_sooner(ring: KeyRing, store: FileKeyStore, time: Time) -> None:
    tokens = Tokens(ring, time)
    [key] = store.read().keys
    token = forged(key, issued=time(), expires=time() + 1000)
    tokens.verify(token)
    time.now += 1000
    assert refusal(tokens.verify, token) is Code.TOKEN_EXPIRED


@pytest.mark.parametrize("ahead", [TICKET_MS + SKEW_MS + 1, FOR_EVER])
def test_a_ticket_that_would_be_good_for_long_is_none(ring: KeyRing, time: Time, ahead: int) -> None:
    tickets = Tickets(ring, time, HERE)
    assert refusal(tickets.redeem, forged_ticket(ring.refresh_secret, time() + ahead)) is Code.TOKEN_EXPIRED


@pytest.mark.parametrize("expires", ["", "soon", "-1", "1e400", "٣", "9" * 400])
def test_a_ticket_whose_end_is_no_time_is_none(ring: KeyRing, time: Time, expires: str) -> None:
    tickets = Tickets(ring, time, HERE)
    assert refusal(tickets.redeem, forged_ticket(ring.refresh_secret, expires)) is Code.UNAUTHENTICATED


def test_an_old_key_goes_by_time_whether_or_not_its_file_is_there(
    ring: KeyRing, store: FileKeyStore, time: Time
) -> None:
    [old] = store.read().keys
    ring.rotate(time())
    time.now = store.read().keys[-1].created_at + GRACE_MS + LIFETIME
    assert Tokens(ring, time).verify(forged(old, issued=time(), expires=time() + LIFETIME)).device == "2"
    time.now += 1
    token = forged(old, issued=time(), expires=time() + LIFETIME)
    assert refusal(Tokens(ring, time).verify, token) is Code.UNAUTHENTICATED
    anew = KeyRing(store, time(), LIFETIME)
    assert refusal(Tokens(anew, time).verify, token) is Code.UNAUTHENTICATED
    assert old in store.read().keys
    ring.prune(time())
    assert old not in store.read().keys
    assert len(store.read().keys) == 1


def test_replaced_keys_are_good_for_nothing_at_once(ring: KeyRing, store: FileKeyStore, time: Time) -> None:
    """Here and, a look later, in another process: tokens that were verified before, tickets, refresh tokens."""
    other = KeyRing(store, time(), LIFETIME)
    ring.rotate(time())
    time.now += LOOK_MS
    sides = [(Tokens(one, time), Tickets(one, time, HERE)) for one in (ring, other)]
    signed = [sides[0][0].access(AccountId("1"), DeviceId("2"))[0]]
    signed += [forged(key, issued=time(), expires=time() + FOR_EVER) for key in store.read().keys]
    refresh = sides[0][0].refresh(DeviceId("2"))
    ticket, _ = sides[0][1].issue(WHO, HERE)
    for tokens, _ in sides:
        assert {tokens.verify(token).device for token in signed} == {"2"}
        assert tokens.device_of(refresh) == "2"
    key = ring.new_key(time())
    assert ring.replace(key) == key.id == ring.signing(time())[0]
    time.now += LOOK_MS
    for tokens, tickets in sides:
        assert [tokens.remembered(token) for token in signed] == [None] * 3
        assert {refusal(tokens.verify, token) for token in signed} == {Code.UNAUTHENTICATED}
        assert tokens.device_of(refresh) is None
        assert tokens.successor(refresh, "attempt") is None
        assert refusal(tickets.redeem, ticket) is Code.UNAUTHENTICATED
    fresh, _ = sides[1][0].access(AccountId("1"), DeviceId("3"))
    assert sides[0][0].verify(fresh).device == "3"


async def test_whoever_watches_hears_of_replaced_keys_and_not_of_rotated_ones(
    ring: KeyRing, store: FileKeyStore, time: Time
) -> None:
    bus, heard = EmbeddedBus(), asyncio.Queue[Publication]()
    bus.subscribe(REVOKED, heard.put_nowait)
    watch = watching_keys(ring, bus, time).step
    other = KeyRing(store, time(), LIFETIME)

    async def a_look_later() -> str:
        time.now += LOOK_MS
        assert not await watch()
        return ring.signing(time())[0]

    rotated = other.rotate(time())
    assert await a_look_later() == rotated
    other.replace(other.new_key(time()))
    await a_look_later()
    assert await asyncio.wait_for(heard.get(), 30) == EverybodyRevoked()
    other.rotate(time())
    await a_look_later()
    assert len(store.read().keys) == 2
    time.now += GRACE_MS + LIFETIME + 2
    await a_look_later()
    assert len(store.read().keys) == 1
    await asyncio.sleep(0)
    assert heard.empty()


def test_what_cannot_be_read_now_holds_as_it_was_read(
    ring: KeyRing, store: FileKeyStore, time: Time, tmp_path: Path
) -> None:
    tokens = Tokens(ring, time)
    token, _ = tokens.access(AccountId("1"), DeviceId("2"))
    [pem] = (tmp_path / "keys").glob("access-*.pem")
    whole = pem.read_bytes()
    pem.write_bytes(whole[:20])
    time.now += LOOK_MS
    assert tokens.verify(token).device == "2"
    with pytest.raises(KeysDamaged):
        KeyRing(store, time(), LIFETIME)
    pem.write_bytes(whole)
    time.now += LOOK_MS
    assert tokens.verify(token).device == "2"


def test_a_key_that_does_not_decode_names_itself(ring: KeyRing, store: FileKeyStore, time: Time) -> None:
    store.add(StoredKey("other", 1, b"-----BEGIN PRIVATE KEY-----\nrubbish\n"))
    with pytest.raises(KeysDamaged, match="other"):
        KeyRing(store, time(), LIFETIME)
