"""What an attack is, and what comes of one."""

from collections.abc import Awaitable, Callable

import msgspec

from prove.attacks.felt import Felt
from prove.attacks.ground import Ground


class Cannot(Exception):  # noqa: N818 - it says what the attack needs
    """This machine has not what the attack needs, such as another program."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of it: in words, with figures, and whether that is as it must be."""

    said: str
    right: bool


class Attack(msgspec.Struct, frozen=True):
    """One attack. tries, must: one line each, for people. flags: the server's settings.

    alone: it does something to the server that no other attack on it would get over. asked_only: it is made only if it
    is named, or with `--all`; needs says why, and `prepare` does it before the server starts.
    """

    name: str
    tries: str
    must: str
    run: Callable[[Ground], Awaitable[Outcome]]
    flags: tuple[str, ...] = ()
    seconds: float = 60.0
    alone: bool = False
    asked_only: bool = False
    needs: str = ""
    prepare: Callable[[], Awaitable[None]] | None = None


class Result(msgspec.Struct, frozen=True):
    """An attack that was made. `right` is None where it could not be."""

    attack: Attack
    said: str
    right: bool | None
    felt: Felt | None = None
