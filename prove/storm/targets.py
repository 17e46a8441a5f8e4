"""Which message a device edits or deletes next: mostly one of its account's own, of those that it holds."""

import random
from typing import Literal

from chinwag.client.membership import Mirrored
from chinwag.wire.values import AccountId, Joined, Message, Notice, Role

CHANGES = 0.12
"""The share of what is sent that changes a message."""
DELETIONS = 0.4
"""The share of these that delete it."""
OTHERS = 0.2
"""How often it is anybody's message: mostly that is refused, but not to owners and admins who delete it."""
NEWEST = 8
"""It is one of so many of the newest, so that one message is changed again and again."""
EARLIER = 0.5
"""How often an edit is of a message from before somebody joined, where one is held."""


def change_of(
    draw: random.Random, account: AccountId, held: Mirrored | None
) -> tuple[Literal["edited", "deleted"], int] | None:
    """What to do to which message in a conversation; None for a message of its own."""
    if held is None or draw.random() >= CHANGES:
        return None
    said = [one for one in held.messages.values() if isinstance(one, Message)]
    deletes = draw.random() < DELETIONS
    anybody = draw.random() < (OTHERS if held.role is Role.MEMBER or not deletes else 2 * OTHERS)
    found = sorted(one.number for one in said if anybody or one.sender == account)
    if not deletes and draw.random() < EARLIER:
        joined = _last_joined(held)
        # Whoever joined since may not be told what such a message says from now on, if history is not for all.
        found = [number for number in found if number < joined] or found
    found = found[-NEWEST:]
    return ("deleted" if deletes else "edited", draw.choice(found)) if found else None


def _last_joined(held: Mirrored) -> int:
    """The number at which somebody came in last, of what is held; 0 for none."""
    notices = (one for one in held.messages.values() if isinstance(one, Notice))
    return max((one.number for one in notices if isinstance(one.change, Joined)), default=0)
