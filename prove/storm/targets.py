"""What a device does to a message next, and whom it speaks to: edits and deletions are mostly of its account's own
messages, reactions of anybody's, of those that it holds."""

import random

from prove.storm.lanes import Done

from chinwag.client.membership import Mirrored
from chinwag.wire.values import AccountId, Joined, Message, Notice, Role

CHANGES = 0.12
"""The share of what is sent that edits or deletes a message."""
REACTIONS = 0.08
"""The share of what is sent that puts a reaction on or takes it off."""
EMOJI = ("👍", "🎉", "🇩🇪", "👩‍🚀")
TAKEN_BACK = 0.4
"""How often it takes one off, also one that was not on."""
MENTIONS = 0.1
"""The share of texts that name somebody of the conversation."""
ANSWERS = 0.05
"""The share of texts that answer a message."""
DELETIONS = 0.4
"""The share of these that delete it."""
OTHERS = 0.2
"""How often it is anybody's message: mostly that is refused, but not to owners and admins who delete it."""
NEWEST = 8
"""It is one of so many of the newest, so that one message is changed again and again."""
EARLIER = 0.5
"""How often an edit is of a message from before somebody joined, where one is held."""


def change_of(draw: random.Random, account: AccountId, held: Mirrored | None) -> tuple[Done, int, str] | None:
    """What to do to which message in a conversation, a reaction as "+" or "-" and the emoji; None for a message of its
    own."""
    chance = draw.random()
    if held is None or chance >= CHANGES + REACTIONS:
        return None
    if chance >= CHANGES:
        return _reaction(draw, held)
    said = [one for one in held.messages.values() if isinstance(one, Message)]
    deletes = draw.random() < DELETIONS
    anybody = draw.random() < (OTHERS if held.role is Role.MEMBER or not deletes else 2 * OTHERS)
    found = sorted(one.number for one in said if anybody or one.sender == account)
    if not deletes and draw.random() < EARLIER:
        joined = _last_joined(held)
        # Whoever joined since may not be told what such a message says from now on, if history is not for all.
        found = [number for number in found if number < joined] or found
    found = found[-NEWEST:]
    return ("deleted" if deletes else "edited", draw.choice(found), "") if found else None


def mentions_of(draw: random.Random, held: Mirrored | None) -> tuple[AccountId, ...]:
    """Whom a text names: mostly nobody."""
    if held is None or not held.members or draw.random() >= MENTIONS:
        return ()
    # Of a wide group it knows those who write, and admins.
    wrote = (
        {one.sender for one in held.messages.values() if isinstance(one, Message)} if held.wide else set[AccountId]()
    )
    members = sorted(held.members.keys() | wrote)
    return tuple(dict.fromkeys(draw.choice(members) for _ in range(2)))


def answered_of(draw: random.Random, held: Mirrored | None) -> int:
    """Which message a text answers: mostly none (0)."""
    if held is None or draw.random() >= ANSWERS:
        return 0
    said = sorted(one.number for one in held.messages.values() if isinstance(one, Message) and not one.deleted)
    return draw.choice(said) if said else 0


def _reaction(draw: random.Random, held: Mirrored) -> tuple[Done, int, str] | None:
    """Of few messages and few emoji, so that devices of an account, and accounts, meet at them."""
    found = sorted(one.number for one in held.messages.values() if isinstance(one, Message))[-NEWEST:]
    if not found:
        return None
    sign = "-" if draw.random() < TAKEN_BACK else "+"
    return "reaction", draw.choice(found), f"{sign}{draw.choice(EMOJI)}"


def _last_joined(held: Mirrored) -> int:
    """The number at which somebody came in last, of what is held; 0 for none."""
    notices = (one for one in held.messages.values() if isinstance(one, Notice))
    return max((one.number for one in notices if isinstance(one.change, Joined)), default=0)
