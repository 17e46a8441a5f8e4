"""How many groups are wide, and how many of them large: for operators."""

from chinwag.domain.census import Census
from chinwag.flow.large.rounds import wide_names
from chinwag.ports.message_store import MessageStore


async def census(store: MessageStore) -> Census:
    """As of now. It reads the state of each. Raises `Refused(UNAVAILABLE)`."""
    wide = large = 0
    async for names in wide_names(store):
        states = [one for one in await store.states(names) if one is not None]
        wide += len(states)
        large += sum(one.large for one in states)
    return Census(wide, large)
