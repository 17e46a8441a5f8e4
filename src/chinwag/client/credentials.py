"""A device's log-in: who it is, and its tokens, kept in a file that only its owner can read, and renewed in time."""

import asyncio
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec

from chinwag.client.errors import ApiError, LoggedOut, StoreDamaged
from chinwag.client.http import Http
from chinwag.lasting import whole_file
from chinwag.wire.http import SessionTokens
from chinwag.wire.values import AccountId, DeviceId

_EARLY_SECONDS: Final = 60.0
_OVER: Final = frozenset(
    {"unauthenticated", "revoked", "refresh_reused", "account_disabled", "wrong_login", "no_account", "no_device"}
)
"""Refusals after which only a new log-in helps."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """One device of one account on one server. expires_at: of the access token, in seconds of this machine's clock.

    attempt: the name of a refresh under way; it is kept before asking, so that after a lost answer, or a crash,
    the same refresh is asked for again instead of one that would look like a thief's.
    """

    url: str
    account: AccountId
    name: str
    device: DeviceId
    access_token: str
    expires_at: float
    refresh_token: str
    attempt: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.name} at {self.url}, device {self.device})"


def credentials_of(url: str, tokens: SessionTokens, server_now: float | None) -> Credentials:
    """What the server's answer to a log-in gives. server_now: its clock then, so that a wrong clock here is harmless
    (seconds since 1970)."""
    now = time.time()
    lifetime = tokens.access_expires_at / 1000 - (now if server_now is None else server_now)
    return Credentials(
        url=url,
        account=AccountId(tokens.account.id),
        name=tokens.account.name,
        device=DeviceId(tokens.device),
        access_token=tokens.access_token,
        expires_at=now + lifetime,
        refresh_token=tokens.refresh_token,
    )


def load_credentials(path: Path) -> Credentials:
    """Read a file of credentials. Raises FileNotFoundError, or `StoreDamaged` if it is not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except msgspec.DecodeError as error:
        raise StoreDamaged(f"{path} is no file of credentials ({error})") from None


def save_credentials(path: Path, credentials: Credentials) -> None:
    """Write the file, of mode 0600 whole, or leave the old one."""
    with whole_file(path, replace=True) as file:
        file.write(msgspec.json.encode(credentials))


class Tokens:
    """Gives a good access token whenever one is needed; at most one refresh runs at a time."""

    def __init__(self, credentials: Credentials, http: Http, path: Path | None = None) -> None:
        self.credentials = credentials
        self._http = http
        self._path = path
        self._lock = asyncio.Lock()
        self._save(credentials)

    async def access(self) -> str:
        """An access token with some time left. Raises `LoggedOut`, `Unreachable`, `ApiError`."""
        if self.credentials.expires_at - time.time() < _EARLY_SECONDS:
            await self.renew(self.credentials.access_token)
        return self.credentials.access_token

    async def renew(self, refused: str) -> str:
        """A token other than `refused`, which the server did not take. Raises as `access` does."""
        async with self._lock:
            if self.credentials.access_token != refused:
                return self.credentials.access_token
            if not self.credentials.attempt:
                self._save(msgspec.structs.replace(self.credentials, attempt=secrets.token_urlsafe(16)))
            try:
                tokens, server_now = await self._http.refresh(self.credentials.refresh_token, self.credentials.attempt)
            except ApiError as error:
                if error.code in _OVER:
                    raise LoggedOut(error.code, error.message) from None
                raise
            self._save(credentials_of(self.credentials.url, tokens, server_now))
            return self.credentials.access_token

    def forget(self) -> None:
        """Remove the file: the device is logged out."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _save(self, credentials: Credentials) -> None:
        self.credentials = credentials
        if self._path is not None:
            save_credentials(self._path, credentials)
