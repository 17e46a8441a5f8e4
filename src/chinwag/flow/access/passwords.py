"""Hashing and checking passwords: argon2id (RFC 9106), off the event loop, few at a time."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from chinwag.domain.account import guessed_password
from chinwag.flow.access.claimant import Claimant
from chinwag.flow.access.line import WAITING, Line

THREADS: Final = 2
NOBODY: Final = Claimant()
"""Somebody from nowhere, as where the operator's own commands ask."""

T = TypeVar("T")


class Passwords:
    """A small pool of threads that hash, and the line before them (see `Line`). Where there is no place in it:
    `overloaded`."""

    def __init__(self, hasher: PasswordHasher | None = None, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._line = Line(threads, waiting)
        self._dummy = _nobodys_hash(self._hasher)

    async def hash(self, password: str, claimant: Claimant = NOBODY) -> str:
        """The hash to store of a password in its normal form (see `password_of`). Raises `overloaded`."""
        return await self._run(claimant, lambda: self._hasher.hash(password))

    async def verify(self, stored: str, password: str, claimant: Claimant = NOBODY) -> bool:
        """Whether `password`, as it was typed, is the one of the stored hash. An empty `stored` (there is no such
        account) takes as long as any other, so that nobody can tell. Raises `overloaded`."""
        normal = guessed_password(password)
        if normal is None:  # too long for any password: refused without a look at it, after the same work
            normal, stored = "", ""
        return await self._run(claimant, lambda: self._matches(stored or self._dummy, normal) and bool(stored))

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

    async def _run(self, claimant: Claimant, work: Callable[[], T]) -> T:
        turn = self._line.enter(claimant)
        try:
            await turn.come
            working = asyncio.get_running_loop().run_in_executor(self._pool, work)
        except BaseException:
            self._line.leave(turn)
            raise
        # A thread that has begun goes on to its end, also when nobody waits any longer: so long is its place taken.
        working.add_done_callback(lambda _: self._line.leave(turn))
        return await asyncio.shield(working)


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """A hash that is no password's, made of random bytes: checking it takes as long as any other, making it no time.

    In argon2's own form: a start would else hash once, with all its cores.
    """
    salt, made = (
        b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${made}"
