"""Servers that store wrongly: what is acked, found and marked is not what was written (P1, P8, P9)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from chinwag.adapters.embedded.mark_store import EmbeddedMarkStore
from chinwag.adapters.embedded.message_store import EmbeddedMessageStore
from chinwag.domain.events import Read
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.deliver import Deliver
from chinwag.flow.history import History
from chinwag.flow.history import readable as readable_ranges
from chinwag.ports.mark_store import Advance
from chinwag.ports.message_store import Commit
from prove.faults.wrong.wrong import Every, Wrong, replace

SELDOM: Final = 20
AHEAD_SECONDS: Final = 0.1

_read: Final = msgspec.json.Decoder(Read).decode


def _not_committed() -> None:
    seldom = Every(SELDOM)

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def commit(self: EmbeddedMessageStore, batch: Sequence[Commit]) -> None:
            if not seldom():
                await plain(self, batch)

        return commit

    replace(EmbeddedMessageStore, "commit", wrapped)


def _acked_before() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _decide(self: Deliver, records: Any) -> Any:
            decided = await plain(self, records)
            self._tell(decided.answers)
            await asyncio.sleep(AHEAD_SECONDS)
            return decided

        return _decide

    replace(Deliver, "_decide", wrapped)


def _stale_history() -> None:
    async def _readable(self: History, account: AccountId, conversation: ConversationId) -> list[tuple[int, int]]:
        spans = await self._store.spans(account, conversation)
        state = await self._states.get(conversation)  # cached, where it must be read
        return readable_ranges(spans, state.head if state is not None else 0)

    replace(History, "_readable", lambda _: _readable)


def _open_history() -> None:
    async def _readable(self: History, account: AccountId, conversation: ConversationId) -> list[tuple[int, int]]:
        spans = await self._store.spans(account, conversation)
        state = (await self._states.load([conversation]))[0]
        ends = [msgspec.structs.replace(span, last=None) for span in spans]
        return readable_ranges(ends, state.head if state is not None else 0)

    replace(History, "_readable", lambda _: _readable)


def _marks_back() -> None:
    seldom = Every(2)

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def advance(self: EmbeddedMarkStore, advances: Sequence[Advance]) -> None:
            await plain(self, advances)
            told = [posting for advance in advances for posting in advance.told]
            if not any(b'"kind":"read"' in posting.event for posting in told) or not seldom():
                return
            lower = []
            for posting in told:
                if b'"kind":"read"' in posting.event:
                    read = _read(posting.event)
                    event = msgspec.json.encode(msgspec.structs.replace(read, number=max(1, read.number - 5)))
                    lower.append(msgspec.structs.replace(posting, event=event))
            await plain(self, [], lower)

        return advance

    replace(EmbeddedMarkStore, "advance", wrapped)


STORING: Final = (
    Wrong("not-committed", ("P1", "P3"), "a batch in 20 is acked and not committed", _not_committed),
    Wrong(
        "acked-before-commit",
        ("P1",),
        "a batch is acked a tenth of a second before it is committed",
        _acked_before,
        "kill -9",
    ),
    Wrong(
        "history-stale",
        ("P8",),
        "history is cut at a head that is up to a second old",
        _stale_history,
        "history read right after an ack",
    ),
    Wrong("history-open", ("P10",), "who left or was removed reads on", _open_history, "members who go"),
    Wrong("marks-back", ("P9",), "one round of marks in two is told again with lower numbers", _marks_back, "marks"),
)
