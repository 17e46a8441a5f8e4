"""Begin a group: an id from the directory's memory of requests, then a command like any other.

The memory's row comes before the command, as it fixes the id. What can be refused is refused before the row is
written; and where the command came to nothing all the same, `settle_groups` takes the row away.
"""

from typing import Final

from chinwag.domain.command import Create
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, Snowflake, group_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept
from chinwag.flow.ask import ask
from chinwag.flow.clock import Clock
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer
from chinwag.ports.directory import Directory
from chinwag.ports.message_store import MessageStore

MEMBERS_NAMED: Final = 500
"""Members that one request may name."""
SETTLE_MS: Final = 60_000
"""When a request that nobody heard of is looked into: longer than a command can be on its way."""
SETTLE_SECONDS: Final = 30.0
BATCH: Final = 100
"""Requests that are settled together."""


async def create_group(
    accept: Accept,
    directory: Directory,
    ids: Snowflake,
    clock: Clock,
    account: AccountId,
    device: DeviceId,
    key: str | None,
    action: Create,
) -> tuple[ConversationId, Answer]:
    """Make a group owned by `account`. The same (device, key) gives the same group, unless its creation was refused.
    Raises `Refused`."""
    if len(action.members) > MEMBERS_NAMED:
        raise Refused(Code.GROUP_FULL, f"name at most {MEMBERS_NAMED} members")
    now = clock()
    conversation = group_id(ids.next(now))
    if key is None:
        return conversation, await ask(accept, Wish(account, device, conversation, ClientId(conversation), action))
    async with directory.reading() as reading:
        earlier = await reading.created_groups.get(device, key)
    if earlier is None:
        await accept.foresee(Wish(account, device, conversation, ClientId(key), action))
    async with directory.transaction() as transaction:
        conversation = await transaction.created_groups.remember(device, key, conversation, now)
    return conversation, await ask(accept, Wish(account, device, conversation, ClientId(key), action))


async def settle_groups(directory: Directory, store: MessageStore, own: OwnCommands, now: int) -> int:
    """Find out of requests that are older than `SETTLE_MS` whether their groups were made; forget those that were not.

    A command may still lie in a log whose worker is away, so each group's log is passed through first; what comes into
    it so late is not applied. How many there were. Raises `Refused(UNAVAILABLE)`; doing it twice changes nothing.
    """
    async with directory.reading() as reading:
        rows = await reading.created_groups.unsettled(now - SETTLE_MS, BATCH)
    if not rows:
        return 0
    await own.pass_through((row.conversation for row in rows), now)
    states = await store.states([row.conversation for row in rows])
    async with directory.transaction() as transaction:
        for row, state in zip(rows, states, strict=True):
            await transaction.created_groups.settle(row, state is not None)
    return len(rows)
