"""Servers made wrong in what they do with media and with pushes. What finds them are the people who send files and are
pushed to (`prove/storm/filers.py`)."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chinwag.adapters.relational import devices
from chinwag.adapters.relational.media_references import RelationalMediaReferences
from chinwag.adapters.relational.schema import refresh_tokens
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.as_read import content
from chinwag.flow.media import shown
from chinwag.flow.media.shown import ShownMedia
from chinwag.flow.push import follow, said
from prove.faults.wrong.wrong import Wrong, replace

FILES: Final = "files"
"""What a storm needs to find them: people who send them."""


def _media_of_anybody() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def media(self: ShownMedia, account: Any, conversation: Any, number: int) -> Any:
            try:
                return await plain(self, account, conversation, number)
            except Refused:
                (row,) = await self._history._store.rows([(conversation, number)])  # noqa: SLF001 - it is made wrong
                if row is None:
                    raise
                return shown._media(content(row))  # noqa: SLF001 - likewise

        return media

    replace(ShownMedia, "media", wrapped)


def _media_kept() -> None:
    known: dict[tuple[Any, ...], Any] = {}

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def media(self: ShownMedia, account: Any, conversation: Any, number: int) -> Any:
            try:
                found = known[conversation, number] = await plain(self, account, conversation, number)
            except Refused as refused:
                if refused.code is not Code.MESSAGE_DELETED or (conversation, number) not in known:
                    raise
                return known[conversation, number]
            return found

        return media

    replace(ShownMedia, "media", wrapped)


def _shown_collected() -> None:
    async def nothing(*_: object) -> None:
        return None

    replace(RelationalMediaReferences, "put", lambda _: nothing)


def _pushed_after_read() -> None:
    replace(said, "read_up_to", lambda _: lambda _mark, _member: (0, 0))


def _pushed_after_revoke() -> None:
    replace(devices, "push_subscriptions", lambda _: refresh_tokens)
    replace(devices, "push_jobs", lambda _: refresh_tokens)


def _deleted_text_pushed() -> None:
    kept: dict[tuple[str, int], bytes] = {}

    def keep(row: Any) -> bytes:
        now = content(row)
        event = msgspec.json.decode(now)
        return kept.setdefault((event["conversation"], event["number"]), now)

    replace(follow, "content", lambda _: keep)
    replace(said, "content", lambda _: keep)


FILING: Final = (
    Wrong("media-of-anybody", ("P10",), "media are given to who may not read the message", _media_of_anybody, FILES),
    Wrong("media-kept", ("P13",), "media that were given once are given after the deletion", _media_kept, FILES),
    Wrong("shown-collected", ("P1",), "media that messages show are collected", _shown_collected, FILES),
    Wrong("pushed-after-read", ("P10",), "what was read is pushed", _pushed_after_read, FILES),
    Wrong("pushed-after-revoke", ("P10",), "a device that was revoked is pushed to", _pushed_after_revoke, FILES),
    Wrong("deleted-text-pushed", ("P13",), "a text that was deleted is pushed", _deleted_text_pushed, FILES),
)
