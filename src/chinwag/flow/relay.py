"""From the directory's outbox to inboxes: account changes, at least once, also after a restart.

The outbox is written in the directory's own transaction, so a change and its news cannot part. A row goes only
after its posting is durable; one that goes twice carries the same version and changes nothing.
"""

from typing import Final

import msgspec

from chinwag.domain.events import AccountEvent
from chinwag.fail_points import passing
from chinwag.ports import inbox as inbox_port
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox

BATCH: Final = 200
POLL_SECONDS: Final = 0.5
"""How often the outbox is looked at unasked: a device revoked by another process is closed within a second."""

_encode: Final = msgspec.json.Encoder().encode


class _Event(msgspec.Struct, frozen=True, tag_field="kind", tag="account"):
    """`AccountEvent` around a change that is JSON already."""

    change: msgspec.Raw


assert _Event.__struct_config__.tag == AccountEvent.__struct_config__.tag


async def relay_once(directory: Directory, inbox: Inbox) -> int:
    """Post what waits, at most `BATCH` rows; how many there were. Raises `Refused(UNAVAILABLE)`."""
    async with directory.reading() as transaction:
        rows = await transaction.outbox.pending(BATCH)
    if rows:
        passing("relay.read")
        await inbox.post([inbox_port.Posting(row.account, _encode(_Event(msgspec.Raw(row.payload)))) for row in rows])
        passing("relay.posted")
        async with directory.transaction() as transaction:
            await transaction.outbox.done([row.id for row in rows])
    return len(rows)
