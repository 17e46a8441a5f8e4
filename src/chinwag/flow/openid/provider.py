"""One provider: what it says of itself, and what is asked of it."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from chinwag.domain.openid import (
    ALGORITHMS,
    GroupRule,
    IdToken,
    LogoutToken,
    Person,
    cleaned_error,
    digest_of,
    id_token_of,
    logout_token_of,
    person_of,
)
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import Clock
from chinwag.flow.openid.kept import Kept
from chinwag.flow.openid.keys import ProviderKeys
from chinwag.ports.web import AwayError, Web, WebAnswer
from chinwag.trusted_url import is_here, is_trusted

METADATA_MS: Final = 3_600_000
"""How old may be what a provider says of itself."""
TOKEN_MAX: Final = 16 * 1024
"""Characters of an access token or a refresh token of a provider."""

T = TypeVar("T")


class ProviderRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the server's owner says of a provider. client_secret: empty if it gave none."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    label: str = ""
    scopes: tuple[str, ...] = ("openid",)
    sign_up: Literal["nobody", "invited", "everybody"] = "nobody"
    groups: Mapping[str, GroupRule] = {}
    admin_groups: frozenset[str] = frozenset()
    recheck_ms: int = 86_400_000

    def __repr__(self) -> str:
        return f"ProviderRules({self.name})"

    def of_interest(self, groups: frozenset[str]) -> tuple[str, ...]:
        """Those of somebody's groups that give anything here: no others are kept."""
        return tuple(sorted(groups & (self.groups.keys() | self.admin_groups)))


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3), as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    scopes_supported: tuple[str, ...] = ()
    id_token_signing_alg_values_supported: tuple[str, ...] = ALGORITHMS
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Granted(msgspec.Struct, frozen=True):
    """Somebody whom a provider has named, the session that it gave, and its refresh token (empty: none)."""

    person: Person
    session: str
    refresh_token: str

    def __repr__(self) -> str:
        return f"Granted({self.person.subject})"


class ProviderError(Exception):
    """A provider has refused. error: its code, cleaned."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class _TokenAnswer(msgspec.Struct):
    access_token: str
    token_type: str
    id_token: str = ""
    refresh_token: str = ""


class _Error(msgspec.Struct):
    error: str


class Provider:
    """A provider as it is now. All that asks it raises `AwayError`, and `Refused` (`openid_failed`) for what cannot be
    believed."""

    def __init__(self, rules: ProviderRules, web: Web, clock: Clock) -> None:
        self.rules: Final = rules
        self.keys: Final = ProviderKeys(web, clock)
        self._web = web
        self._clock = clock
        self._said: Kept[Metadata] = Kept(clock)

    async def metadata(self) -> Metadata:
        """What it says of itself, at most an hour old while it answers."""
        return await self._said.get(self.discover, METADATA_MS)

    async def discover(self) -> Metadata:
        """Read now what it says of itself."""
        answer = await self._web.get(self.rules.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if answer.status != 200:
            raise AwayError(f"it does not say what it is ({answer.status})")
        try:
            said = msgspec.json.decode(answer.body, type=Metadata)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise AwayError("what it says of itself cannot be read") from None
        if said.issuer != self.rules.issuer:
            raise AwayError("it says that it is another issuer")
        named = [said.authorization_endpoint, said.token_endpoint, said.jwks_uri]
        named += [one for one in (said.userinfo_endpoint, said.end_session_endpoint) if one]
        if not all(is_trusted(one, query=True) for one in named):
            raise AwayError("it names an address that anybody on the way could answer for")
        if not _is_local(self.rules.issuer) and any(_is_local(one) for one in named):
            raise AwayError("it names an address on this machine, and is elsewhere itself")
        return said

    async def address(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send somebody (OpenID Connect Core 1.0, 3.1.2.1; PKCE: RFC 7636, 4.3)."""
        asked = {
            "response_type": "code",
            "client_id": self.rules.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.rules.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": digest_of(verifier),
            "code_challenge_method": "S256",
        }
        return _with((await self.metadata()).authorization_endpoint, asked)

    async def end_session(self, return_to: str) -> str:
        """Where somebody ends the log-in there, too (OpenID Connect RP-Initiated Logout 1.0, 2); empty: nowhere."""
        endpoint = (await self.metadata()).end_session_endpoint
        asked = {"client_id": self.rules.client_id, "post_logout_redirect_uri": return_to}
        return _with(endpoint, asked) if endpoint else ""

    async def exchange(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> Granted:
        """Whom a code names that came back. Raises `ProviderError` besides."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._tokens(form)
        token = await self._id_token(answer, nonce)
        return Granted(
            await self._person(token.subject, token.claims, answer.access_token), token.session, answer.refresh_token
        )

    async def again(self, refresh_token: str, subject: str, keep: Callable[[str], Awaitable[None]]) -> Granted:
        """Whether it still lets `subject` in, and what it says of them now. Raises `ProviderError` besides.

        keep: is given the refresh token that takes the place of this one, before anything else is asked or looked at:
        whatever fails then, this one is used up.
        """
        answer = await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})
        if answer.refresh_token not in ("", refresh_token):
            await keep(answer.refresh_token)
        claims: Mapping[str, object] = {"sub": subject}
        if answer.id_token:
            token = await self._id_token(answer, None)
            claims = token.claims
        person = await self._person(subject, claims, answer.access_token)
        return Granted(person, "", answer.refresh_token or refresh_token)

    async def logout_token(self, token: str) -> LogoutToken:
        """Whom a logout token logs out."""
        metadata = await self.metadata()
        signed = await self.keys.open(token, metadata.jwks_uri, self._algorithms(metadata))
        if signed.type not in ("", "jwt", "logout+jwt"):
            raise Refused(Code.OPENID_FAILED, "the provider's token is no logout token")
        rules = self.rules
        return logout_token_of(signed.claims, issuer=rules.issuer, client_id=rules.client_id, now_ms=self._clock())

    async def _id_token(self, answer: _TokenAnswer, nonce: str | None) -> IdToken:
        metadata = await self.metadata()
        signed = await self.keys.open(answer.id_token, metadata.jwks_uri, self._algorithms(metadata))
        if signed.type not in ("", "jwt"):
            raise Refused(Code.OPENID_FAILED, "the provider's token is no ID token")
        return id_token_of(
            signed.claims,
            issuer=self.rules.issuer,
            client_id=self.rules.client_id,
            algorithm=signed.algorithm,
            now_ms=self._clock(),
            nonce=nonce,
            access_token=answer.access_token,
        )

    async def _person(self, subject: str, claims: Mapping[str, object], access_token: str) -> Person:
        """By the ID token, and by userinfo (OpenID Connect Core 1.0, 5.3), which alone names groups at some."""
        endpoint = (await self.metadata()).userinfo_endpoint
        if not endpoint:
            return person_of(subject, claims)
        answer = await self._web.get(endpoint, {"authorization": f"Bearer {access_token}"})
        if answer.status in (401, 403):
            raise ProviderError("access_denied")
        if answer.status != 200:
            raise AwayError(f"it says nothing of the person ({answer.status})")
        if answer.content_type != "application/json":
            raise Refused(Code.OPENID_FAILED, "what the provider says of the person is no JSON")
        return person_of(subject, claims, _read(answer, dict[str, object]))

    async def _tokens(self, form: dict[str, str]) -> _TokenAnswer:
        """Ask the token endpoint (RFC 6749, 4.1.3 and 6), as who the server is there (2.3.1)."""
        metadata, rules = await self.metadata(), self.rules
        headers = {}
        if not rules.client_secret:
            form = {**form, "client_id": rules.client_id}
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote(rules.client_id, safe='')}:{quote(rules.client_secret, safe='')}"
            headers = {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        else:
            form = {**form, "client_id": rules.client_id, "client_secret": rules.client_secret}
        answer = await self._web.post(metadata.token_endpoint, form, headers)
        if answer.status != 200:
            raise _refusal(answer)
        said = _read(answer, _TokenAnswer)
        tokens = (said.access_token, said.refresh_token)
        if said.token_type.lower() != "bearer" or not said.access_token or not all(map(_is_token, tokens)):
            raise Refused(Code.OPENID_FAILED, "the provider gave no tokens that can be used")
        return said

    @staticmethod
    def _algorithms(metadata: Metadata) -> frozenset[str]:
        return frozenset(ALGORITHMS) & {*metadata.id_token_signing_alg_values_supported}


def _refusal(answer: WebAnswer) -> Exception:
    """What another answer than tokens means: the provider refuses, or it is as good as away."""
    if not 400 <= answer.status < 500 or answer.status == 429:
        return AwayError(f"it gives no tokens for now ({answer.status})")
    try:
        return ProviderError(cleaned_error(msgspec.json.decode(answer.body, type=_Error).error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return AwayError(f"it gives no tokens, and no reason ({answer.status})")


def _read(answer: WebAnswer, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(Code.OPENID_FAILED, "the provider's answer cannot be read") from None


def _is_local(url: str) -> bool:
    """Whether this is an address on this very machine, as only a provider may name that is there itself."""
    return is_here(urlsplit(url).hostname or "")


def _is_token(token: str) -> bool:
    return len(token) <= TOKEN_MAX and token.isascii() and token.isprintable() and " " not in token


def _with(endpoint: str, parameters: Mapping[str, Any]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"
