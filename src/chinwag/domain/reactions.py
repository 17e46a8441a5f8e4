"""What accounts have put on messages: one row for each account and message, and what readers are shown of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId

DIFFERENT: Final = 10
"""Reactions that one account may have on one message."""
STEPS: Final = 64
"""How often one account may change what it has on one message."""
LISTED: Final = 10
"""Accounts that are named of each reaction."""
SHOWN: Final = 100
"""Different reactions that are shown of one message, and that are taken on one of a wide group: the row of how many
there are is written with each, and any account there could make it longer."""


class Step(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """With event `number` the account put `reaction` on (`on`), or took it back.

    turn: where it took no number, its place among all such of the conversation, from 1 on; `number` is then the one
    that the next event takes.
    """

    number: int
    reaction: str
    on: bool
    turn: int = 0


class Reacted(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """What one account has done with one message, in order. It holds numbers and no result, as a row may be ahead of
    the state of its conversation: what is above the state's head, or its last turn, is not there yet."""

    steps: tuple[Step, ...] = ()

    def as_of(self, head: int, turn: int = 0) -> "Reacted":
        """Without the steps above `head`, and those without a number above `turn`."""
        if not self.steps or _there(self.steps[-1], head, turn):
            return self
        return Reacted(tuple(step for step in self.steps if _there(step, head, turn)))

    def on(self, told: Callable[[int], bool] | None = None) -> dict[str, int]:
        """What is on, each with the number of the event that put it on, in that order. told: which numbers count; of
        two in a row that put it on the first does, as where the one between them is not told."""
        return {reaction: step.number for reaction, step in self.standing(told).items()}

    def standing(self, told: Callable[[int], bool] | None = None) -> dict[str, Step]:
        """As `on`, each with the step that put it on."""
        found: dict[str, Step] = {}
        for step in self.steps:
            if told is not None and not told(step.number):
                continue
            if not step.on:
                found.pop(step.reaction, None)
            else:
                found.setdefault(step.reaction, step)
        return found

    def then(self, number: int, reaction: str, *, on: bool, turn: int = 0) -> "Reacted":
        """With one more step."""
        return Reacted((*self.steps, Step(number, reaction, on, turn)))


def _there(step: Step, head: int, turn: int) -> bool:
    return step.turn <= turn if step.turn else step.number <= head


NOTHING_ON: Final = Reacted()
"""Of an account that has done nothing there."""


class ReactionCount(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`count` accounts have `reaction` on the message. by: the first 10, in the order in which they put it on; of a
    large group none. mine: whether the reader is one of all."""

    reaction: str
    count: int
    by: tuple[AccountId, ...]
    mine: bool = False


class Given(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`account` has `reaction` on the message since event `number`; in a large group, where it took no number, since
    some time before it, and `turn` orders those of one number."""

    number: int
    account: AccountId
    reaction: str
    turn: int = 0


def given(rows: Mapping[AccountId, Reacted], told: Callable[[int], bool]) -> list[Given]:
    """All that is on one message, in the order in which it was put on. told: which events the reader may know of."""
    found = [
        Given(step.number, account, reaction, step.turn)
        for account, row in rows.items()
        for reaction, step in row.standing(told).items()
    ]
    return sorted(found, key=lambda one: (one.number, one.turn, one.account, one.reaction))


def counted(found: Iterable[Given], reader: AccountId) -> list[ReactionCount]:
    """The same for each reaction, those first that were put on first; at most `SHOWN`."""
    by: dict[str, list[AccountId]] = {}
    for one in found:
        by.setdefault(one.reaction, []).append(one.account)
    return [
        ReactionCount(reaction, len(accounts), tuple(accounts[:LISTED]), reader in accounts)
        for reaction, accounts in list(by.items())[:SHOWN]
    ]
