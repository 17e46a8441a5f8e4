"""Rules of logging in with an account that one has elsewhere (OpenID Connect Core 1.0): values in, values or a refusal
out. What is signed, fetched and stored is others' to see to.

A provider is believed about its own people and nothing else; whatever it says is looked at as something hostile.
"""

import hashlib
import hmac
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from chinwag.domain.account import DISPLAY_NAME_MAX, NAME_MAX, UNCOMPOSED, display_name_of, name_key, name_of
from chinwag.domain.conversation import Role
from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused

TRIP_MS: Final = 600_000
"""How long somebody may be away at the provider."""
CODE_MS: Final = 60_000
"""How long the code is good that they come back with."""
LEEWAY_SECONDS: Final = 60
"""How far the provider's clock may be off."""
SUBJECT_MAX: Final = 255
"""Characters of a provider's name for one person (OpenID Connect Core 1.0, 2)."""
SECRET_LENGTHS: Final = range(32, 257)
"""Characters of the secret that a client keeps while somebody is away."""
BINDING_LENGTH: Final = 43
"""Characters of a SHA-256 in base 64 for URLs."""
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""What may sign a provider's tokens: those in which only the provider has the key that signs."""
RETURN_MAX: Final = 1_000
"""Characters of the address that somebody comes back to."""
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
REFUSALS: Final = frozenset(
    {
        "invalid_grant",
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
    }
)
"""Errors with which a provider says that somebody is not to come in any more; others say that something is wrong with
the server's own registration, or for now."""

_ERROR_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-.")
_HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512", "dDSA": "sha512", "5519": "sha512"}
_NOT_IN_URLS: Final = frozenset(' "<>\\^`{|}#')
_GUESSES: Final = 99


class Person(msgspec.Struct, frozen=True):
    """What a provider says of somebody. groups: the values of its claim `groups`."""

    subject: str
    preferred_username: str = ""
    display_name: str = ""
    groups: frozenset[str] = frozenset()


class IdToken(msgspec.Struct, frozen=True):
    """What a verified ID token says. session: the provider's own name for this log-in there, if it gives one."""

    subject: str
    session: str
    claims: Mapping[str, object]


class LogoutToken(msgspec.Struct, frozen=True):
    """Whom a provider logs out: one of its sessions, or all of a person. until: seconds since 1970, when it is too old
    to be taken."""

    subject: str
    session: str
    id: str
    until: int


class GroupRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a value of the claim `groups` gives: a place in a conversation."""

    conversation: ConversationId
    role: Role = Role.MEMBER


def digest_of(secret: str) -> str:
    """SHA-256 in base 64 for URLs without padding: of the secret that a client keeps, PKCE's S256 (RFC 7636, 4.2)."""
    return _text(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest())


def check_binding(binding: str) -> None:
    """Raises `bad_request` unless this can be what `digest_of` gives."""
    if len(binding) != BINDING_LENGTH or not all(c.isascii() and (c.isalnum() or c in "-_") for c in binding):
        raise Refused(Code.BAD_REQUEST, "binding is the SHA-256 of a secret, in base 64 for URLs without padding")


def check_secret(secret: str, binding: str) -> None:
    """Raises `openid_state` unless `binding` was made of `secret`: whoever came back is not who set out."""
    if len(secret) not in SECRET_LENGTHS or not hmac.compare_digest(digest_of(secret), binding):
        raise Refused(Code.OPENID_STATE, "another browser began this log-in")


def check_return(url: str, own: str) -> None:
    """Raises `bad_request` unless somebody may be sent back to `url`: a page of this server, whose address is `own`, or
    a program of theirs that listens on their own machine (RFC 8252, 7.3)."""
    try:
        at, home = urlsplit(url), urlsplit(own)
        origin, there = (at.scheme, at.hostname, _port(at)), (home.scheme, home.hostname, _port(home))
    except ValueError:
        raise Refused(Code.BAD_REQUEST, "return_to is no address") from None
    plain = len(url) <= RETURN_MAX and url.isascii() and url.isprintable() and not set(url) & _NOT_IN_URLS
    listens = at.scheme == "http" and at.hostname in ("127.0.0.1", "::1") and at.port is not None
    if not plain or "@" in at.netloc or not (origin == there or listens):
        raise Refused(Code.BAD_REQUEST, "return_to must be a page of this server, or http://127.0.0.1 with a port")


def check_answerer(issuer: str, named: str | None, always_named: bool) -> None:
    """RFC 9207: an answer that names its issuer must name `issuer`; always_named: one that names none is another's.
    Raises `openid_failed`."""
    if (named is None and always_named) or (named is not None and named != issuer):
        raise Refused(Code.OPENID_FAILED, "the answer is of another issuer")


def cleaned_error(error: str) -> str:
    """A provider's error code as it may be shown: its characters alone, and not too many."""
    return "".join(c for c in error[:256].lower() if c in _ERROR_CHARACTERS)[:64] or "error"


def id_token_of(
    claims: Mapping[str, object],
    *,
    issuer: str,
    client_id: str,
    algorithm: str,
    now_ms: int,
    nonce: str | None,
    access_token: str = "",
) -> IdToken:
    """What an ID token says whose signature is good. nonce: None for one that came with a refresh, where none is
    needed. access_token: that came with it. Raises `openid_failed`."""
    subject = _who_for(claims, issuer, client_id, now_ms)
    if subject is None:
        raise _wrong("names nobody")
    if nonce is not None and claims.get("nonce") != nonce:
        raise _wrong("has another nonce")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, algorithm):
        raise _wrong("belongs to another access token")
    return IdToken(subject, _session(claims), claims)


def logout_token_of(claims: Mapping[str, object], *, issuer: str, client_id: str, now_ms: int) -> LogoutToken:
    """What a logout token says whose signature is good (OpenID Connect Back-Channel Logout 1.0, 2.6). Raises
    `openid_failed`."""
    subject = _who_for(claims, issuer, client_id, now_ms) or ""
    session, id_ = _session(claims), claims.get("jti")
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(LOGOUT_EVENT), Mapping):
        raise _wrong("is no logout token")
    if "nonce" in claims:
        raise _wrong("has a nonce, as only a log-in has")
    if not subject and not session:
        raise _wrong("logs nobody out")
    if not isinstance(id_, str) or not 0 < len(id_) <= SUBJECT_MAX or not id_.isprintable():
        raise _wrong("has no id")
    return LogoutToken(subject, session, id_, _number(claims, "exp") + LEEWAY_SECONDS)


def person_of(subject: str, *sources: Mapping[str, object]) -> Person:
    """Somebody, by what `sources` say: the ID token, and userinfo after it, whose word counts more. Raises
    `openid_failed` if one of them is about somebody else."""
    said: dict[str, object] = {}
    for source in sources:
        if source.get("sub") != subject:
            raise Refused(Code.OPENID_FAILED, "the provider speaks of two people at once")
        said |= source
    groups = said.get("groups")
    named = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return Person(
        subject,
        _words(said.get("preferred_username")),
        _display_name(_words(said.get("name"))),
        frozenset(one for one in named if isinstance(one, str) and len(one) <= SUBJECT_MAX),
    )


def names_for(preferred: str) -> Iterator[str]:
    """Names for an account that a first log-in makes, the best first: what the provider calls the person, without what
    no name may have; then the same with a number. Bounded; none of them need be free."""
    local = name_key(preferred[: NAME_MAX * UNCOMPOSED].partition("@")[0])
    kept = "".join(c if c in "._-" or unicodedata.category(c)[0] in "LMN" else "-" for c in local)
    bare = kept.strip("._-")[:NAME_MAX].rstrip("._-")
    for stem in (bare, "person") if bare else ("person",):
        for number in range(1, _GUESSES + 1):
            ending = "" if number == 1 else str(number)
            try:
                yield name_of(stem[: NAME_MAX - len(ending)] + ending)
            except Refused:
                continue


def places(groups: frozenset[str], rules: Mapping[str, GroupRule]) -> dict[ConversationId, Role]:
    """The conversations in which somebody has a place by these groups, with the higher role where two give one."""
    found: dict[ConversationId, Role] = {}
    for value, rule in rules.items():
        if value in groups and found.get(rule.conversation) is not Role.ADMIN:
            found[rule.conversation] = rule.role
    return found


def _port(at: SplitResult) -> int | None:
    return at.port if at.port is not None else {"http": 80, "https": 443}.get(at.scheme)


def _who_for(claims: Mapping[str, object], issuer: str, client_id: str, now_ms: int) -> str | None:
    """Whom a token names, if anybody, once it is known to be from `issuer`, for `client_id`, and of now."""
    if claims.get("iss") != issuer:
        raise _wrong("is of another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if client_id not in audiences:
        raise _wrong("is for somebody else")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise _wrong("was given to somebody else")
    now = now_ms // 1000
    if _number(claims, "exp") <= now - LEEWAY_SECONDS:
        raise _wrong("has expired: is a clock wrong?")
    if _number(claims, "iat") > now + LEEWAY_SECONDS:
        raise _wrong("is from the future: is a clock wrong?")
    if "nbf" in claims and _number(claims, "nbf") > now + LEEWAY_SECONDS:
        raise _wrong("is not good yet: is a clock wrong?")
    subject = claims.get("sub")
    if subject is None:
        return None
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX or not subject.isprintable():
        raise _wrong("names nobody")
    return subject


def _number(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1 << 53:
        raise _wrong(f"has no {name}")
    return int(value)


def _session(claims: Mapping[str, object]) -> str:
    session = claims.get("sid", "")
    if not isinstance(session, str) or len(session) > SUBJECT_MAX or not session.isprintable():
        raise _wrong("has a session that is none")
    return session


def _half_hash(token: str, algorithm: str) -> str:
    """The left half of the hash that goes with an algorithm (OpenID Connect Core 1.0, 3.1.3.6)."""
    name = next(name for ending, name in _HASHES.items() if algorithm.endswith(ending))
    hashed = hashlib.new(name, token.encode()).digest()
    return _text(hashed[: len(hashed) // 2])


def _display_name(said: str) -> str:
    """As people write theirs, or nothing: a first log-in fails for no name."""
    try:
        return display_name_of(said[:DISPLAY_NAME_MAX])
    except Refused:
        return ""


def _words(value: object) -> str:
    text = value if isinstance(value, str) and len(value) <= SUBJECT_MAX else ""
    return "".join(c for c in text if not "\ud800" <= c <= "\udfff")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _wrong(how: str) -> Refused:
    return Refused(Code.OPENID_FAILED, f"the provider's token {how}")
