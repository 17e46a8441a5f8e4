"""A provider's keys, and what they have signed (RFC 7515, 7517).

The keys are fetched when they are first needed, again after an hour, and when something was signed by one that is not
among them, at most once a minute: whoever sends made-up names of keys makes nobody fetch.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock
from chinwag.flow.openid.kept import Kept
from chinwag.ports.web import AwayError, Web

KEYS_MS: Final = 3_600_000
"""How old the keys may be."""
AGAIN_MS: Final = 60_000
"""From one fetch for an unknown key to the next."""
KEYS_MAX: Final = 50
TOKEN_MAX: Final = 64 * 1024
_NUMBER_MAX: Final = 1_366
"""Characters of an RSA modulus of 8192 bits; a longer one would take seconds to check."""
_EXPONENT_MAX: Final = 6

Key = RSAKey | ECKey | OKPKey


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


_key_set: Final = msgspec.json.Decoder(_KeySet).decode
_claims: Final = msgspec.json.Decoder(dict[str, object]).decode


class Signed(msgspec.Struct, frozen=True):
    """A token whose signature is good."""

    algorithm: str
    type: str
    claims: Mapping[str, object]


class ProviderKeys:
    """The keys behind one address. Raises `AwayError` where they are needed and cannot be had."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._kept: Kept[Sequence[tuple[str, Key]]] = Kept(clock)

    async def open(self, token: str, url: str, algorithms: Collection[str]) -> Signed:
        """What a compact JWS says that one of the keys at `url` has signed. Raises `openid_failed` for anything else,
        and `AwayError`."""
        header = _header(token)
        algorithm, key_id, type_ = header.get("alg"), header.get("kid"), header.get("typ", "")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            raise _bad("is signed in a way that is not taken")
        if not isinstance(key_id, str | None) or not isinstance(type_, str):
            raise _bad("cannot be read")
        key = await self._key(url, key_id, algorithm, KEYS_MS)
        if key is None:
            key = await self._key(url, key_id, algorithm, AGAIN_MS)
        if key is None:
            raise _bad("is signed by an unknown key")
        try:
            opened = jws.deserialize_compact(token.encode(), key, algorithms=[algorithm])
            claims = _claims(opened.payload or b"")
        except (JoseError, ValueError, TypeError, RecursionError, msgspec.DecodeError):
            raise _bad("is not signed by its key") from None
        return Signed(algorithm, type_.lower(), claims)

    async def fetch(self, url: str) -> Sequence[tuple[str, Key]]:
        """The keys as they are there now, those that can be used, with their names. Raises `AwayError`."""
        answer = await self._web.get(url)
        if answer.status != 200:
            raise AwayError(f"its keys are not there ({answer.status})")
        try:
            listed = _key_set(answer.body).keys
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise AwayError("its keys cannot be read") from None
        return [one for each in listed[:KEYS_MAX] if (one := _imported(each)) is not None]

    async def _key(self, url: str, key_id: str | None, algorithm: str, most: int) -> Key | None:
        """The key of that name among those at `url`, which are at most `most` milliseconds old."""
        return _find(await self._kept.get(lambda: self.fetch(url), most), key_id, algorithm)


def _find(keys: Sequence[tuple[str, Key]], key_id: str | None, algorithm: str) -> Key | None:
    suiting = [(name, key) for name, key in keys if _suits(key, algorithm)]
    if key_id is None:  # a set of one need not name it
        return suiting[0][1] if len(suiting) == 1 else None
    return next((key for name, key in suiting if name == key_id), None)


def _header(token: str) -> dict[str, Any]:
    if len(token) > TOKEN_MAX or not token.isascii():
        raise _bad("cannot be read")
    try:
        return dict(jws.extract_compact(token.encode()).headers())
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise _bad("cannot be read") from None


def _imported(given: dict[str, Any]) -> tuple[str, Key] | None:
    """A public key for signatures, or None for anything else: sets hold other keys too (RFC 7517, 5)."""
    name = given.get("kid", "")
    numbers = (given.get("n", ""), given.get("x", ""), given.get("y", ""))
    if not isinstance(name, str) or given.get("use", "sig") != "sig" or given.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if any(not isinstance(one, str) or len(one) > _NUMBER_MAX for one in numbers):
        return None
    exponent = given.get("e", "")
    if not isinstance(exponent, str) or len(exponent) > _EXPONENT_MAX:
        return None
    try:
        key = JWKRegistry.import_key(
            {one: given[one] for one in ("kty", "crv", "n", "e", "x", "y", "alg") if one in given}
        )
        key.get_op_key("verify")
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return (name, key) if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _suits(key: Key, algorithm: str) -> bool:
    named = key.get("alg")
    if named is not None and named != algorithm and {named, algorithm} != {"EdDSA", "Ed25519"}:
        return False
    kind = {"R": "RSA", "P": "RSA"}.get(algorithm[0], "OKP" if algorithm.startswith("Ed") else "EC")
    return key.key_type == kind


def _bad(how: str) -> Refused:
    return Refused(Code.OPENID_FAILED, f"the provider's token {how}")
