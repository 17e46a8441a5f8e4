"""Access tokens for Google's services, by a service account's key (RFC 7523)."""

import asyncio
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from msgspec import Meta

from chinwag.adapters.outgoing.guarded import Answered
from chinwag.adapters.push_services.asking import Asking
from chinwag.domain.push_notice import Delivered, Failed, PushOutcome, Resting
from chinwag.private_text import CredentialsError, private_text

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS: Final = 3600
LATE_MS: Final = 500
"""How long a push waits for a token, and is still as it was."""
FETCHING_SECONDS: Final = 1.0
"""How long a push rests that waited so long for nothing."""
SPARE_SECONDS: Final = 300
"""How long before its end a token is not used any more."""
YOUNG_SECONDS: Final = 60


class ServiceAccount(msgspec.Struct, frozen=True):
    """What stands in the file that the Firebase console hands out. private_key: PEM, PKCS 8."""

    project_id: str
    private_key_id: str
    private_key: str
    client_email: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens are had

    def __repr__(self) -> str:
        return f"ServiceAccount({self.project_id})"


class _Granted(msgspec.Struct):
    access_token: Annotated[str, Meta(min_length=1, max_length=8_192, pattern=r"^[!-~]+$")]
    expires_in: Annotated[int, Meta(ge=0, le=86_400)] = 3600


def service_account(path: Path) -> ServiceAccount:
    """Read the file, which only the server's user may. Raises `CredentialsError`."""
    try:
        account = msgspec.json.decode(private_text(path), type=ServiceAccount)
        RSAKey.import_key(account.private_key)
    except (msgspec.DecodeError, msgspec.ValidationError, JoseError, ValueError, TypeError):
        raise CredentialsError(f"{path} is no key of a service account, as the Firebase console makes it") from None
    return account


class AccessTokens:
    """One token, kept until shortly before it ends; however many want one, one request fetches it, and a slow answer
    keeps none of them waiting: it would keep others' pushes from being sent. `close` it."""

    def __init__(self, account: ServiceAccount, asking: Asking) -> None:
        self._account = account
        self._asking = asking
        self._fetching: asyncio.Task[PushOutcome] | None = None
        self._token = ""
        self._since = 0
        self._until = 0

    async def token(self) -> str | PushOutcome:
        """A token that is good, or what becomes of a push that wanted it. One that waited long for it is to be looked
        at anew: its device may be revoked by now."""
        began = self._asking.clock()
        if began < self._until:
            return self._token
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch(), name="push-token")
        fetching = self._fetching
        await asyncio.wait([fetching], timeout=LATE_MS / 1000)
        if not fetching.done() or fetching.cancelled():
            return Resting("its access token is being fetched", FETCHING_SECONDS)
        if not isinstance(outcome := fetching.result(), Delivered):
            return outcome
        if self._asking.clock() - began > LATE_MS:
            return Resting("its access token came late", 0.0)
        return self._token

    async def close(self) -> None:
        """Fetch none any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def forget(self, token: str) -> bool:
        """It was refused, so the next push fetches another. False for one that is not a minute old: another would be
        refused as well."""
        if token == self._token:
            self._until = 0
            return self._asking.clock() - self._since > YOUNG_SECONDS * 1000
        return True

    async def _fetch(self) -> PushOutcome:
        form = urlencode({"grant_type": GRANT, "assertion": self._assertion()}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return await self._asking.ask(self._account.token_uri, form, headers, lambda _: None, self._granted)

    def _granted(self, answered: Answered) -> PushOutcome:
        try:
            granted = msgspec.json.decode(answered.body, type=_Granted)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Failed("it grants no token that can be read")
        self._token = granted.access_token
        self._since = self._asking.clock()
        self._until = self._since + (granted.expires_in - SPARE_SECONDS) * 1000
        return Delivered()

    def _assertion(self) -> str:
        now = self._asking.clock() // 1000
        claims = {
            "iss": self._account.client_email,
            "scope": SCOPE,
            "aud": self._account.token_uri,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": self._account.private_key_id}
        return jwt.encode(header, claims, RSAKey.import_key(self._account.private_key), algorithms=["RS256"])
