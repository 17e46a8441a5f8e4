"""A provider of our own, whose every answer a test may change: honest at first.

It speaks HTTP itself, as what it sends may be no HTTP that a library would.
"""

import asyncio
import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

Claims = dict[str, Any]
Reply = tuple[int, dict[str, str], bytes]
Sign = Callable[["OwnProvider", Claims, Claims], str]
CLIENT_ID: Final = "chinwag"
CLIENT_SECRET: Final = "the secret that it gave: 100% & more"
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


@cache
def rsa_key(name: str) -> RSAKey:
    """One key a name: making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)


def text(raw: bytes) -> str:
    """Base 64 for URLs."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(provider: "OwnProvider", header: Claims, claims: Claims) -> str:
    """A compact JWS with the provider's key."""
    return jws.serialize_compact(header, json.dumps(claims).encode(), provider.key, algorithms=[header["alg"]])


class OwnProvider:
    """`issuer` says where it listens. clock: milliseconds since 1970.

    What tests change: `discovery`, `id_header`, `id_claims`, `userinfo`, `callback` (each a function of what it would
    have said), `sign`, `replies` (what an address answers whatever it is asked), and `person`, `session`, `refuse`.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.issuer = ""
        self.key: RSAKey | ECKey | OKPKey = rsa_key("one")
        self.person: Claims = {"sub": "s-1", "preferred_username": "ann", "name": "Ann Lee", "groups": []}
        self.session = "sid-1"
        self.gives_refresh_tokens = True
        self.refuse = ""
        """An error with which it answers every refresh."""
        self.asked: list[str] = []
        """The addresses that were asked for, in order."""
        self.forms: list[dict[str, str]] = []
        self.discovery: Callable[[Claims], Claims] = lambda said: said
        self.id_header: Callable[[Claims], Claims] = lambda header: header
        self.id_claims: Callable[[Claims], Claims] = lambda claims: claims
        self.userinfo: Callable[[Claims], Claims] = lambda said: said
        self.callback: Callable[[Claims], Claims] = lambda said: said
        self.sign: Sign = signed
        self.replies: dict[str, Reply] = {}
        self.hangs: set[str] = set()
        self._clock = clock
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh_tokens: set[str] = set()
        self._access = "access-" + secrets.token_urlsafe(16)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["OwnProvider"]:
        """Listen until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    def authorise(self, address: str) -> dict[str, str]:
        """Somebody has opened `address` and agreed; what their browser brings back."""
        asked = dict(parse_qsl(urlsplit(address).query, strict_parsing=True))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT_ID
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return self.callback({"code": code, "state": asked["state"], "iss": self.issuer})

    def logout_token(self, **changes: Any) -> str:
        """A token that logs out `session`; a change to None takes a claim away."""
        now = self._clock() // 1000
        claims: Claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.person["sub"],
            "sid": self.session,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {LOGOUT_EVENT: {}},
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.sign(self, self.id_header(self._header("logout+jwt")), kept)

    def _header(self, type_: str) -> Claims:
        algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519"}[self.key.key_type]
        return {"alg": algorithm, "kid": self.key.kid, "typ": type_}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            request, *lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            path = request.split()[1]
            self.asked.append(path)
            if path in self.hangs:
                await reader.read()
            status, more, content = self.replies.get(path) or self._answer(path, headers, body.decode())
            given = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close"}
            written = "".join(f"{name}: {value}\r\n" for name, value in (given | more).items())
            writer.write(f"HTTP/1.1 {status} Whatever\r\n{written}\r\n".encode() + content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has heard enough
        finally:
            writer.close()

    def _answer(self, path: str, headers: dict[str, str], body: str) -> Reply:
        match path:
            case "/.well-known/openid-configuration":
                return self._json(self.discovery(self._says()))
            case "/keys":
                return self._json({"keys": [self.key.as_dict(private=False)]})
            case "/token":
                return self._token(headers, {name: values[0] for name, values in parse_qs(body).items()})
            case "/userinfo":
                if headers.get("authorization") != f"Bearer {self._access}":
                    return self._json({"error": "invalid_token"}, 401)
                return self._json(self.userinfo(dict(self.person)))
        return self._json({"error": "not_found"}, 404)

    def _says(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "authorization_response_iss_parameter_supported": True,
            "something_newer": [{"nobody": "knows"}],
        }

    def _token(self, headers: dict[str, str], form: dict[str, str]) -> Reply:
        self.forms.append(form)
        if not headers.get("authorization", "").startswith("Basic "):
            return self._json({"error": "invalid_client"}, 401)
        if form["grant_type"] == "refresh_token":
            if self.refuse:
                return self._json({"error": self.refuse, "error_description": "<b>because</b>"}, 400)
            if form["refresh_token"] not in self._refresh_tokens:
                return self._json({"error": "invalid_grant"}, 400)
            self._refresh_tokens.clear()  # one that comes twice was stolen
            return self._json(self._tokens({}))
        asked = self._codes.pop(form["code"], None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return self._json({"error": "invalid_grant"}, 400)
        if text(hashlib.sha256(form["code_verifier"].encode()).digest()) != asked["code_challenge"]:
            return self._json({"error": "invalid_grant"}, 400)
        return self._json(self._tokens({"nonce": asked["nonce"], "sid": self.session}))

    def _tokens(self, more: Claims) -> Claims:
        now = self._clock() // 1000
        digest = hashlib.sha256(self._access.encode()).digest()
        claims = self.id_claims(
            {
                "iss": self.issuer,
                "aud": CLIENT_ID,
                "sub": self.person["sub"],
                "iat": now,
                "exp": now + 300,
                "at_hash": text(digest[: len(digest) // 2]),
                **more,
            }
        )
        token = self.sign(self, self.id_header(self._header("JWT")), claims)
        given = {"access_token": self._access, "token_type": "Bearer", "expires_in": 300, "id_token": token}
        if self.gives_refresh_tokens:
            self._refresh_tokens.add(given.setdefault("refresh_token", secrets.token_urlsafe(16)))  # type: ignore[arg-type]
        return given

    @staticmethod
    def _json(said: Claims, status: int = 200) -> Reply:
        return status, {}, json.dumps(said).encode()
