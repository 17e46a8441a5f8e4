"""The media of messages, for whoever may read the message: which blobs they are, and which messages have any."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from chinwag.domain.body import Content, Gone, Media
from chinwag.domain.ids import AccountId, ConversationId, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.history import History
from chinwag.ports.directory import PAGE_MAX, Directory, MadeFile, MadeKind

KNOWN: Final = 10_000
"""Uploads whose files are remembered: they never change, but for a video's copy."""
LOOKS: Final = 5
"""Pages of references that one listing looks through at most."""


class _Shown(msgspec.Struct, gc=False):
    kind: str
    body: Content | None = None


_shown: Final = msgspec.json.Decoder(_Shown).decode


class ShownMedia:
    """Looks them up. Whoever may read a message now may have its media now: every call looks anew."""

    def __init__(self, directory: Directory, history: History) -> None:
        self._directory = directory
        self._history = history
        self._files: OrderedDict[UploadId, Sequence[MadeFile]] = OrderedDict()

    async def media(self, account: AccountId, conversation: ConversationId, number: int) -> Media:
        """What the message shows. Raises `Refused`: `no_conversation`, `no_message` (also for one that shows none)."""
        return _media(await self._history.as_shown(account, conversation, number))

    async def file(
        self, account: AccountId, conversation: ConversationId, number: int, kind: MadeKind
    ) -> tuple[Media, MadeFile]:
        """What the message shows, and the blob that it is in that form; in place of a form that was not made, the next
        larger one that can be shown as it is. Raises as `media`, `not_found` for a form that there is not."""
        media = await self.media(account, conversation, number)
        files = {file.kind: file for file in await self._of(media)}
        original = files.get(MadeKind.ORIGINAL)
        if original is None:
            raise Refused(Code.NO_MESSAGE)
        for choice in _CHOICES[kind]:
            if choice in files:
                return media, files[choice]
        if kind is MadeKind.PLAY or original.media_type.startswith("image/"):
            return media, original
        raise Refused(Code.NOT_FOUND, "there is no picture of it")

    async def listed(
        self, account: AccountId, conversation: ConversationId, before: int | None, limit: int
    ) -> tuple[list[msgspec.Raw], int | None]:
        """The newest messages below `before` that show media and that the account may read, newest first, and below
        which number to go on; None: there are no more. By the references that are kept of all that is placed, so a
        message comes into it a moment after it was placed. Raises `no_conversation`."""
        top = 1 << 53 if before is None else before
        found: list[msgspec.Raw] = []
        for _ in range(LOOKS):
            async with self._directory.reading() as directory:
                numbers = await directory.media_references.of_conversation(conversation, top, PAGE_MAX)
            looked = numbers[: 2 * limit]
            shown = await self._history.several(account, conversation, looked)
            if not numbers:
                return found, None
            for number, event in shown:
                top = number
                body = _shown(event).body
                if isinstance(body, Media):
                    found.append(msgspec.Raw(event))
                    if len(found) == limit:
                        return found, top
            top = looked[-1]
        return found, top

    async def _of(self, media: Media) -> Sequence[MadeFile]:
        known = self._files.get(media.id)
        if known is not None:
            self._files.move_to_end(media.id)
            return known
        async with self._directory.reading() as directory:
            files = await directory.uploads.files(media.id)
        video = media.media_type.startswith("video/")
        if files and not (video and all(file.kind is not MadeKind.PLAY for file in files)):
            self._files[media.id] = files
            if len(self._files) > KNOWN:
                self._files.popitem(last=False)
        return files


_CHOICES: Final = {
    MadeKind.ORIGINAL: (MadeKind.ORIGINAL,),
    MadeKind.SMALL: (MadeKind.SMALL, MadeKind.LARGE),
    MadeKind.LARGE: (MadeKind.LARGE, MadeKind.SMALL),
    MadeKind.PLAY: (MadeKind.PLAY,),
}


def _media(event: bytes) -> Media:
    body = _shown(event).body
    if isinstance(body, Gone):
        raise Refused(Code.MESSAGE_DELETED)
    if not isinstance(body, Media):
        raise Refused(Code.NO_MESSAGE, "it shows no media")
    return body
