"""People on a server that one knows only from outside: they come in by its public API, and go as they came."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chinwag.client.errors import ApiError
from chinwag.load.door import Door
from chinwag.load.peer import Login
from chinwag.wire.conversations import CreateGroup, CurrentCursor, Placed
from chinwag.wire.http import CloseAccountRequest, LogInRequest, Me, Secretive, SessionTokens, SignUpRequest
from chinwag.wire.sync import PostChange
from chinwag.wire.values import AccountId, Leave

AT_A_TIME: Final = 4
"""Passwords that are checked at once: each costs the server a core for a while."""
DEVICE: Final = "chinwag bench"


class Account(Secretive):
    """What one logs in with."""

    name: str
    password: str


class Guest(Secretive):
    """Somebody who is in. made: here, and so to be closed again."""

    account: Account
    id: str
    token: str
    made: bool


class Guests:
    """Some people on the server behind `door`."""

    def __init__(self, door: Door, invitation: str = "", came: Callable[[int], None] = lambda _: None) -> None:
        """came: told how many are in, as they come."""
        self._door = door
        self._invitation = invitation
        self._came = came
        self._groups: list[str] = []
        self._mark = secrets.token_hex(4)
        self._outside: list[Account] = []  # made, or about to be, and not logged in
        self.people: list[Guest] = []

    async def sign_up(self, count: int) -> None:
        """Make accounts and log them in. Raises `ApiError`."""
        await _some([Account(f"bench-{self._mark}-{n}", _password()) for n in range(count)], self._sign_up)

    async def log_in(self, accounts: Sequence[Account]) -> None:
        """Log in people who are there already. Raises `ApiError`."""
        await _some(accounts, lambda account: self._log_in(account, made=False))

    def logins(self, cursors: Sequence[str | None] = ()) -> tuple[Login, ...]:
        """For the load generator. cursors: where each stopped."""
        starts = cursors or [None] * len(self.people)
        return tuple(Login(guest.id, guest.token, start) for guest, start in zip(self.people, starts, strict=True))

    async def group(self, size: int) -> str:
        """A group of the first `size` people; its id. Raises `ApiError`."""
        members = tuple(AccountId(guest.id) for guest in self.people[1:size])
        body = CreateGroup("chinwag bench", members)
        placed = await self._door.ask("POST", "/v1/conversations", Placed, body, self.people[0].token)
        self._groups.append(placed.conversation)
        return placed.conversation

    async def cursors(self) -> list[str]:
        """Where each inbox ends. Raises `ApiError`."""
        asked = (self._door.ask("GET", "/v1/cursor", CurrentCursor, token=guest.token) for guest in self.people)
        return [found.cursor for found in await asyncio.gather(*asked)]

    async def go(self, *, keep: bool) -> list[str]:
        """Close the accounts that were made here unless they are kept; the others leave the groups and log out.

        What could not be done, in words.
        """
        for account in self._outside:
            with contextlib.suppress(ApiError):  # it was not made after all
                await self._log_in(account, made=True)
        failures: list[str] = []
        turn = asyncio.Semaphore(AT_A_TIME)

        async def one(guest: Guest) -> None:
            async with turn:
                try:
                    await self._bye(guest, close=guest.made and not keep)
                except ApiError as error:
                    failures.append(f"{guest.account.name}: {error.message}")

        await asyncio.gather(*(one(guest) for guest in self.people))
        return failures

    async def _bye(self, guest: Guest, *, close: bool) -> None:
        if close:  # who closes an account leaves its groups by that
            await self._door.tell("DELETE", "/v1/me", CloseAccountRequest(guest.account.password), guest.token)
            return
        for group in self._groups:
            try:
                await self._door.tell("POST", f"/v1/conversations/{group}/changes", PostChange(Leave()), guest.token)
            except ApiError as error:
                if error.code not in {"not_member", "no_conversation"}:  # the group was not for everybody
                    raise
        await self._door.tell("DELETE", "/v1/sessions/current", token=guest.token)

    async def _sign_up(self, account: Account) -> None:
        request = SignUpRequest(account.name, account.password, invitation=self._invitation)
        self._outside.append(account)
        await self._door.ask("POST", "/v1/accounts", Me, request)
        await self._log_in(account, made=True)
        self._outside.remove(account)

    async def _log_in(self, account: Account, *, made: bool) -> None:
        request = LogInRequest(account.name, account.password, DEVICE)
        tokens = await self._door.ask("POST", "/v1/sessions", SessionTokens, request)
        self.people.append(Guest(account, tokens.account.id, tokens.access_token, made))
        self._came(len(self.people))


async def _some(accounts: Sequence[Account], work: Callable[[Account], Awaitable[None]]) -> None:
    """Do something for all, `AT_A_TIME` at once, until the first failure, which is raised when the rest has ended."""
    waiting, failures = iter(accounts), list[ApiError]()

    async def worker() -> None:
        for account in waiting:
            if failures:
                return
            try:
                await work(account)
            except ApiError as error:
                failures.append(error)

    await asyncio.gather(*(worker() for _ in range(AT_A_TIME)))
    if failures:
        raise failures[0]


def _password() -> str:
    return secrets.token_urlsafe(18)
