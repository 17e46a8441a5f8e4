"""What comes of a large group without being asked for, with holes before it: what to make of that."""

from chinwag.client.events import Unknown
from chinwag.wire.large import GroupHead
from chinwag.wire.values import AccountId, DeliveryChanged, Joined, Left, Notice, NumberedEvent, Removed, RoleChanged


def turns(event: NumberedEvent | Unknown, me: AccountId) -> bool:
    """Whether an event changes how the group comes to `me`, or what it may do there: then what lies before it is to be
    taken first."""
    if not isinstance(event, Notice):
        return False
    what = event.change
    if isinstance(what, DeliveryChanged):
        return True
    return isinstance(what, Joined | Left | Removed | RoleChanged) and what.account == me


def further(told: GroupHead | None, event: NumberedEvent | Unknown) -> GroupHead:
    """Where the group is, after `told`, as the event says."""
    if told is not None and told.head >= event.number:
        return told
    known = (0, 0) if told is None else (told.shown, told.all)
    return GroupHead(event.conversation, event.number, event.ordinal, *known, large=True)
