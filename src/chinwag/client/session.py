"""A device's session: its tokens, kept in a file that only its owner can read, and renewed in time."""

import asyncio
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec

from chinwag.client.errors import ApiError, LoggedOut
from chinwag.client.http import Http
from chinwag.lasting import whole_file
from chinwag.wire.http import SessionTokens
from chinwag.wire.values import AccountId, DeviceId

_EARLY_SECONDS: Final = 60.0
_OVER: Final = frozenset(
    {"unauthenticated", "revoked", "refresh_reused", "account_disabled", "wrong_login", "no_account", "no_device"}
)
"""Refusals after which only a new log-in helps."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
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
        return f"Session({self.name} at {self.url}, device {self.device})"


def session_of(url: str, tokens: SessionTokens, server_now: float | None) -> Session:
    """The session that the server's answer gives. server_now: its clock then, so that a wrong clock here is harmless
    (seconds since 1970)."""
    now = time.time()
    lifetime = tokens.access_expires_at / 1000 - (now if server_now is None else server_now)
    return Session(
        url=url,
        account=AccountId(tokens.account.id),
        name=tokens.account.name,
        device=DeviceId(tokens.device),
        access_token=tokens.access_token,
        expires_at=now + lifetime,
        refresh_token=tokens.refresh_token,
    )


def load_session(path: Path) -> Session:
    """Read a session file. Raises FileNotFoundError, or ValueError if it is not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Session)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is not a session file: {error}") from None


def save_session(path: Path, session: Session) -> None:
    """Write a session file of mode 0600 whole, or leave the old one."""
    with whole_file(path, replace=True) as file:
        file.write(msgspec.json.encode(session))


class Tokens:
    """Gives a good access token whenever one is needed; at most one refresh runs at a time."""

    def __init__(self, session: Session, http: Http, path: Path | None = None) -> None:
        self.session = session
        self._http = http
        self._path = path
        self._lock = asyncio.Lock()
        self._save(session)

    async def access(self) -> str:
        """An access token with some time left. Raises `LoggedOut`, `Unreachable`, `ApiError`."""
        if self.session.expires_at - time.time() < _EARLY_SECONDS:
            await self.renew(self.session.access_token)
        return self.session.access_token

    async def renew(self, refused: str) -> str:
        """A token other than `refused`, which the server did not take. Raises as `access` does."""
        async with self._lock:
            if self.session.access_token != refused:
                return self.session.access_token
            if not self.session.attempt:
                self._save(msgspec.structs.replace(self.session, attempt=secrets.token_urlsafe(16)))
            try:
                tokens, server_now = await self._http.refresh(self.session.refresh_token, self.session.attempt)
            except ApiError as error:
                if error.code in _OVER:
                    raise LoggedOut(error.code, error.message) from None
                raise
            self._save(session_of(self.session.url, tokens, server_now))
            return self.session.access_token

    def forget(self) -> None:
        """Remove the file: the device is logged out."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _save(self, session: Session) -> None:
        self.session = session
        if self._path is not None:
            save_session(self._path, session)
