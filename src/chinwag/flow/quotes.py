"""What the replies of a page answer, as it is now. A reply holds none of it, so that what is deleted is gone."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.as_read import as_read, content
from chinwag.flow.shown import lies_between
from chinwag.ports.message_store import MessageStore, Row

QUOTED_BYTES: Final = 1 << 20
"""What they may take together on a page; the one that fills it is the last."""
STEP: Final = 20
"""How many are read at a time: each may be as long as a text can be."""

_NAMED: Final = b'"reply_to":'


class _Reply(msgspec.Struct, gc=False):
    number: int
    reply_to: int = 0


_reply: Final = msgspec.json.Decoder(_Reply).decode


class Quotes:
    """Finds them in the store. All calls raise `Refused(UNAVAILABLE)`."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store

    async def of(
        self,
        account: AccountId,
        conversation: ConversationId,
        ranges: Iterable[tuple[int, int]],
        page: Sequence[Row],
    ) -> list[msgspec.Raw]:
        """The messages that those of `page` answer and that are not on it, as `account` may see them; rising.

        ranges: the numbers that it may read. Those answered last come before others if they do not all fit.
        """
        replies = [_reply(row) for row in map(content, page) if _NAMED in row]
        if not any(one.reply_to for one in replies):
            return []  # as on most pages
        held = {_reply(content(row)).number for row in page}
        spans = list(ranges)
        wanted = [
            number
            for number in dict.fromkeys(one.reply_to for one in reversed(replies))
            if number not in held and any(first <= number <= last for first, last in spans)
        ]
        found: dict[int, bytes] = {}
        size = 0
        for first in range(0, len(wanted), STEP):
            some = wanted[first : first + STEP]
            rows = await self._store.rows([(conversation, number) for number in some])
            there = [(number, row) for number, row in zip(some, rows, strict=True) if row and not lies_between(row)]
            shown = await as_read(self._store, account, conversation, [row for _, row in there])
            for (number, _), event in zip(there, shown, strict=True):
                found[number] = event
                size += len(event)
                if size >= QUOTED_BYTES:
                    return _rising(found)
        return _rising(found)


def _rising(found: dict[int, bytes]) -> list[msgspec.Raw]:
    return [msgspec.Raw(found[number]) for number in sorted(found)]
