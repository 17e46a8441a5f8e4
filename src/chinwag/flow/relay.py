"""From the directory's outbox to inboxes: account changes, at least once, also after a restart.

The outbox is written in the directory's own transaction, so a change and its news cannot part. A row goes only
after its posting is durable; one that goes twice carries the same version and changes nothing.
"""

import asyncio
from typing import Final

import msgspec
import structlog

from chinwag.domain.events import AccountEvent
from chinwag.domain.refusal import Refused
from chinwag.fail_points import passing
from chinwag.ports import inbox as inbox_port
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox

BATCH: Final = 200
POLL_SECONDS: Final = 0.5
"""How often the outbox is looked at unasked: a device revoked by another process is closed within a second."""
RETRY_SECONDS: Final = 1.0

_encode: Final = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


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


async def relay(directory: Directory, inbox: Inbox) -> None:
    """Relay until cancelled."""
    while True:
        try:
            if await relay_once(directory, inbox) < BATCH:
                await directory.wait_for_outbox(POLL_SECONDS)
        except Refused as refused:
            _log.warning("account changes wait", code=refused.code, detail=refused.detail)
            await asyncio.sleep(RETRY_SECONDS)
        except Exception:
            _log.exception("account changes wait")
            await asyncio.sleep(RETRY_SECONDS)
