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
"""Different reactions that are shown of one message."""


class Step(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """With event `number` the account put `reaction` on (`on`), or took it back."""

    number: int
    reaction: str
    on: bool


class Reacted(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """What one account has done with one message, in order. It holds numbers and no result, as a row may be ahead of
    the state of its conversation: what is above the state's head is not there yet."""

    steps: tuple[Step, ...] = ()

    def as_of(self, head: int) -> "Reacted":
        """Without the steps above `head`."""
        if not self.steps or self.steps[-1].number <= head:
            return self
        return Reacted(tuple(step for step in self.steps if step.number <= head))

    def on(self, told: Callable[[int], bool] | None = None) -> dict[str, int]:
        """What is on, each with the number of the event that put it on, in that order. told: which numbers count; of
        two in a row that put it on the first does, as where the one between them is not told."""
        found: dict[str, int] = {}
        for step in self.steps:
            if told is not None and not told(step.number):
                continue
            if not step.on:
                found.pop(step.reaction, None)
            else:
                found.setdefault(step.reaction, step.number)
        return found

    def then(self, number: int, reaction: str, *, on: bool) -> "Reacted":
        """With one more step."""
        return Reacted((*self.steps, Step(number, reaction, on)))


NOTHING_ON: Final = Reacted()
"""Of an account that has done nothing there."""


class ReactionCount(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`count` accounts have `reaction` on the message. by: the first 10, in the order in which they put it on. mine:
    whether the reader is one of all."""

    reaction: str
    count: int
    by: tuple[AccountId, ...]
    mine: bool = False


class Given(msgspec.Struct, frozen=True, gc=False, order=True):
    """`account` has `reaction` on the message since event `number`."""

    number: int
    account: AccountId
    reaction: str


def given(rows: Mapping[AccountId, Reacted], told: Callable[[int], bool]) -> list[Given]:
    """All that is on one message, in the order in which it was put on. told: which events the reader may know of."""
    return sorted(
        Given(number, account, reaction) for account, row in rows.items() for reaction, number in row.on(told).items()
    )


def counted(found: Iterable[Given], reader: AccountId) -> list[ReactionCount]:
    """The same for each reaction, those first that were put on first; at most `SHOWN`."""
    by: dict[str, list[AccountId]] = {}
    for one in found:
        by.setdefault(one.reaction, []).append(one.account)
    return [
        ReactionCount(reaction, len(accounts), tuple(accounts[:LISTED]), reader in accounts)
        for reaction, accounts in list(by.items())[:SHOWN]
    ]
