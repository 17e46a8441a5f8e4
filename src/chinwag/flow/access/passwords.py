"""Hashing and checking passwords: argon2id (RFC 9106), off the event loop, few at a time."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chinwag.domain.account import guessed_password
from chinwag.domain.refusal import Code, Refused

THREADS: Final = 2
WAITING: Final = 256
"""Hashes that may wait; beyond, people would give up before their turn came."""

T = TypeVar("T")


class Passwords:
    """A small pool of threads that hash. More than `threads` at work and `waiting` in line: `overloaded`."""

    def __init__(self, hasher: PasswordHasher | None = None, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = threads + waiting
        self._dummy = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """The hash to store of a password in its normal form (see `password_of`). Raises `overloaded`."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str, password: str) -> bool:
        """Whether `password`, as it was typed, is the one of the stored hash. An empty `stored` (there is no such
        account) takes as long as any other, so that nobody can tell. Raises `overloaded`."""
        normal = guessed_password(password)
        if normal is None:  # too long for any password: refused without a look at it, after the same work
            normal, stored = "", ""
        return await self._run(lambda: self._matches(stored or self._dummy, normal) and bool(stored))

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go; those at work finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._room <= 0:
            raise Refused(Code.OVERLOADED, "too many people are logging in", 2.0)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._room += 1
