"""Begin a group: an id from the directory's memory of requests, then a command like any other."""

from typing import Final

from chinwag.domain.command import Create
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, Snowflake, group_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept, Wish
from chinwag.flow.ask import ask
from chinwag.flow.clock import Clock
from chinwag.ports.bus import Answer
from chinwag.ports.directory import Directory

MEMBERS_NAMED: Final = 500
"""Members that one request may name."""


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
    """Make a group owned by `account`. The same (device, key) gives the same group. Raises `Refused`."""
    if len(action.members) > MEMBERS_NAMED:
        raise Refused(Code.GROUP_FULL, f"name at most {MEMBERS_NAMED} members")
    now = clock()
    conversation = group_id(ids.next(now))
    if key is None:
        key = conversation
    else:
        async with directory.transaction() as transaction:
            conversation = await transaction.created_groups.remember(device, key, conversation, now)
    return conversation, await ask(accept, Wish(account, device, conversation, ClientId(key), action))
