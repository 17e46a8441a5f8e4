"""Everything that a hostile provider, or somebody in its place, tries at a log-in; and what each must get."""

import gzip
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from joserfc import jws
from tests.openid.provider import CLIENT_SECRET, Claims, OwnProvider, rsa_key, signed, text

FAILED, AWAY, BEGIN = "openid_failed", "openid_unavailable", "begin"
"""What the browser comes back with; BEGIN: nobody sets out, as `openid_unavailable` is said at once."""

Flaw = Callable[[OwnProvider], None]


def claims(**changes: Any) -> Flaw:
    """The ID token has these claims; None takes one away."""

    def plant(provider: OwnProvider) -> None:
        provider.id_claims = lambda said: {name: one for name, one in (said | changes).items() if one is not None}

    return plant


def header(**changes: Any) -> Flaw:
    def plant(provider: OwnProvider) -> None:
        provider.id_header = lambda said: said | changes

    return plant


def by_an_algorithm_it_never_uses(provider: OwnProvider) -> None:
    discovery(id_token_signing_alg_values_supported=["RS256"])(provider)
    header(alg="PS256")(provider)


def later(seconds: int) -> Flaw:
    """The provider's clock is off."""

    def plant(provider: OwnProvider) -> None:
        provider.id_claims = lambda said: said | {name: said[name] + seconds for name in ("iat", "exp")}

    return plant


def hmac_with(secret: Callable[[OwnProvider], bytes]) -> Flaw:
    """What only the provider could sign is signed by whoever knows something that all, or the server, know."""

    def sign(provider: OwnProvider, said: Claims, content: Claims) -> str:
        start = ".".join(text(json.dumps(part).encode()) for part in ({**said, "alg": "HS256"}, content))
        return f"{start}.{text(hmac.digest(secret(provider), start.encode(), 'sha256'))}"

    def plant(provider: OwnProvider) -> None:
        provider.sign = sign

    return plant


def unsigned(provider: OwnProvider) -> None:
    provider.sign = lambda _, said, content: ".".join(
        [*(text(json.dumps(part).encode()) for part in ({**said, "alg": "none"}, content)), ""]
    )


def by_another_key(provider: OwnProvider) -> None:
    """Of the same name."""
    other = rsa_key("evil")
    provider.sign = lambda own, said, content: jws.serialize_compact(said, json.dumps(content).encode(), other)


def with_its_own_key(provider: OwnProvider) -> None:
    """The token brings the key that it is to be checked by."""
    other = rsa_key("evil")
    provider.sign = lambda own, said, content: jws.serialize_compact(
        {**said, "jwk": other.as_dict(private=False)}, json.dumps(content).encode(), other
    )


def changed_after(provider: OwnProvider) -> None:
    def sign(own: OwnProvider, said: Claims, content: Claims) -> str:
        start, _, end = signed(own, said, content).split(".")
        return f"{start}.{text(json.dumps(content | {'sub': 's-2'}).encode())}.{end}"

    provider.sign = sign


def reply(path: str, status: int = 200, body: bytes = b"{}", **headers: str) -> Flaw:
    """What an address answers, whatever it is asked."""
    written = {name.replace("_", "-"): value for name, value in headers.items()}

    def plant(provider: OwnProvider) -> None:
        provider.replies[path] = (status, written, body)

    return plant


def elsewhere(path: str) -> Flaw:
    return reply(path, 302, location="http://169.254.169.254/latest/meta-data/")


def userinfo(**changes: Any) -> Flaw:
    def plant(provider: OwnProvider) -> None:
        provider.userinfo = lambda said: {name: one for name, one in (said | changes).items() if one is not None}

    return plant


def discovery(**changes: Any) -> Flaw:
    def plant(provider: OwnProvider) -> None:
        provider.discovery = lambda said: said | changes

    return plant


def callback(**changes: Any) -> Flaw:
    def plant(provider: OwnProvider) -> None:
        provider.callback = lambda said: {name: one for name, one in (said | changes).items() if one is not None}

    return plant


def hangs(path: str) -> Flaw:
    def plant(provider: OwnProvider) -> None:
        provider.hangs.add(path)

    return plant


LARGE: Final = b'{"keys": [], "more": "' + b"x" * 10_000_000 + b'"}'
DEEP: Final = b'{"a":' * 40_000 + b"1" + b"}" * 40_000

FLAWS: Final[dict[str, tuple[Flaw, str]]] = {
    "ID token of another issuer": (claims(iss="https://evil.example.org"), FAILED),
    "ID token for somebody else": (claims(aud="another"), FAILED),
    "audience a list, without azp": (claims(aud=["chinwag", "another"]), FAILED),
    "azp somebody else": (claims(azp="another"), FAILED),
    "nonce of another log-in": (claims(nonce="of another"), FAILED),
    "no nonce": (claims(nonce=None), FAILED),
    "HS256 signed with the public key": (hmac_with(lambda own: own.key.as_pem(private=False)), FAILED),
    "HS256 signed with the client's secret": (hmac_with(lambda _: CLIENT_SECRET.encode()), FAILED),
    "alg none": (unsigned, FAILED),
    "signed by another key of the same name": (by_another_key, FAILED),
    "a key in the token's own header": (with_its_own_key, FAILED),
    "changed after it was signed": (changed_after, FAILED),
    "unknown kid for ever": (header(kid="of nobody"), FAILED),
    "an algorithm that it says it never uses": (by_an_algorithm_it_never_uses, FAILED),
    "a logout token in place of an ID token": (header(typ="logout+jwt"), FAILED),
    "another access token's at_hash": (claims(at_hash=text(sha256(b"x").digest()[:16])), FAILED),
    "clock 10 minutes ahead": (later(600), FAILED),
    "clock 10 minutes behind": (later(-600), FAILED),
    "no exp": (claims(exp=None), FAILED),
    "exp a text": (claims(exp="9999999999"), FAILED),
    "sub another one in userinfo": (userinfo(sub="s-2"), FAILED),
    "userinfo without sub": (userinfo(sub=None), FAILED),
    "userinfo no JSON": (reply("/userinfo", body=b"<html>", content_type="text/html"), FAILED),
    "userinfo nested 40,000 deep": (reply("/userinfo", body=DEEP), FAILED),
    "userinfo of 10 MB": (reply("/userinfo", body=LARGE), AWAY),
    "userinfo sends to 169.254.169.254": (elsewhere("/userinfo"), AWAY),
    "userinfo compressed, to swell": (
        reply("/userinfo", body=gzip.compress(LARGE), content_encoding="gzip"),
        AWAY,
    ),
    "token address sends to 169.254.169.254": (elsewhere("/token"), AWAY),
    "token address never answers": (hangs("/token"), AWAY),
    "no ID token": (reply("/token", body=b'{"access_token":"a","token_type":"Bearer"}'), FAILED),
    "tokens of another type": (reply("/token", body=b'{"access_token":"a","token_type":"mac","id_token":"x"}'), FAILED),
    "an access token with a line break": (
        reply("/token", body=b'{"access_token":"a\\r\\nx: y","token_type":"Bearer","id_token":"x"}'),
        FAILED,
    ),
    "token answer no JSON": (reply("/token", body=b"ok"), FAILED),
    "token address fails": (reply("/token", 500), AWAY),
    "an error with markup": (reply("/token", 400, b'{"error":"<script>alert(1)</script>"}'), FAILED),
    "keys of 10 MB": (reply("/keys", body=LARGE), AWAY),
    "keys send to 169.254.169.254": (elsewhere("/keys"), AWAY),
    "keys that are none": (reply("/keys", body=b'{"keys":[{"kty":"RSA","kid":"one","n":"AQ","e":"AQ"}, {}]}'), FAILED),
    "answer of another issuer (RFC 9207)": (callback(iss="https://evil.example.org"), FAILED),
    "answer of no issuer, which was promised": (callback(iss=None), FAILED),
    "error in place of a code": (callback(code=None, error="access_denied<img>"), FAILED),
    "no code": (callback(code=None), FAILED),
    "another issuer in discovery": (discovery(issuer="https://evil.example.org"), BEGIN),
    "a token address that is not private": (discovery(token_endpoint="http://evil.example.org/token"), BEGIN),
    "discovery sends to 169.254.169.254": (elsewhere("/.well-known/openid-configuration"), BEGIN),
    "discovery of 10 MB": (reply("/.well-known/openid-configuration", body=LARGE), BEGIN),
}

LOGOUT_FLAWS: Final[dict[str, tuple[Flaw, dict[str, Any]]]] = {
    "without events": (lambda _: None, {"events": None}),
    "of another event": (lambda _: None, {"events": {"http://schemas.openid.net/event/other": {}}}),
    "with a nonce": (lambda _: None, {"nonce": "n"}),
    "of nobody": (lambda _: None, {"sub": None, "sid": None}),
    "without an id": (lambda _: None, {"jti": None}),
    "of another issuer": (lambda _: None, {"iss": "https://evil.example.org"}),
    "for somebody else": (lambda _: None, {"aud": "another"}),
    "expired": (lambda _: None, {"exp": 1_700_000_000}),
    "unsigned": (unsigned, {}),
    "signed with the public key": (hmac_with(lambda own: own.key.as_pem(private=False)), {}),
    "signed by another key": (by_another_key, {}),
    "of another type": (header(typ="at+jwt"), {}),
}
