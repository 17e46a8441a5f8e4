"""What a push says, as JSON: to browsers, filled up so that its length tells nothing; to apps, as pairs of words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from chinwag.adapters.push_services.aes128gcm import CONTENT_BYTES
from chinwag.domain.push_notice import PushNotice

VERSION: Final = 1
STEPS: Final = (512, 1024, 2048, CONTENT_BYTES)
"""Bytes to which a browser's payload is filled up."""
APP_BYTES: Final = 4096
"""What FCM and APNs take."""


def ids(notice: PushNotice) -> dict[str, Any]:
    """The fields of a push that are no words. What is not there is left out."""
    fields: dict[str, Any] = {"v": VERSION, "kind": notice.kind.value, "account": notice.account}
    if notice.conversation is not None:
        fields["conversation"] = notice.conversation
    if notice.number is not None:
        fields["number"] = notice.number
    fields |= {"tag": notice.tag, "unread": notice.unread, "mentions": notice.mentions}
    return fields | {"also": notice.also} if notice.also else fields


def words(notice: PushNotice, text: str) -> dict[str, str]:
    """The others, with `text` in place of its own. What is empty is left out."""
    given = {"title": notice.title, "sender": notice.sender, "text": text}
    return {name: said for name, said in given.items() if said}


def fitting(text: str, build: Callable[[str], Mapping[str, Any]], most: int) -> bytes | None:
    """The JSON of what `build` makes of `text`, in at most `most` bytes: the text is cut if need be, with `…` for what
    is left out. None if it is too long without any."""
    whole = msgspec.json.encode(build(text))
    if len(whole) <= most:
        return whole
    fits, over = 0, len(text)
    while over - fits > 1:
        half = (fits + over) // 2
        fits, over = (half, over) if len(_cut(text, half, build)) <= most else (fits, half)
    cut = _cut(text, fits, build)
    return cut if text and len(cut) <= most else None


def filled(json: bytes) -> bytes:
    """`json` (at most `CONTENT_BYTES`) with spaces behind it, up to the next of `STEPS`."""
    return json.ljust(next(step for step in STEPS if len(json) <= step))


def _cut(text: str, characters: int, build: Callable[[str], Mapping[str, Any]]) -> bytes:
    return msgspec.json.encode(build(text[:characters] + "…"))
