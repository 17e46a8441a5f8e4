"""What the HTTP addresses of media give."""

from typing import Literal

import msgspec

from chinwag.domain.ids import UploadId

__all__ = ["MediaLink", "MediaPage", "UploadView"]


class FoundMedia(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server found in an upload: what a message that shows it says."""

    id: UploadId
    name: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0
    duration: float = 0.0
    blur: str = ""


UploadAs = Literal["picture", "file"]


class UploadView(msgspec.Struct, frozen=True, rename={"as_": "as"}):
    """An upload for whoever makes it. size and received: bytes. expires_at: in milliseconds since 1970, when it goes if
    nothing more is done with it. media: what was found, once it is ready. bare: nothing is left in it of what was
    written beside the picture, such as where it was taken. Of one that was given as a picture, and is `ready` and not
    `bare`, all is kept as it came: ask before it is sent."""

    id: UploadId
    name: str
    as_: UploadAs
    size: int
    received: int
    state: Literal["receiving", "processing", "ready"]
    expires_at: int
    media: FoundMedia | None = None
    bare: bool = False


class MediaLink(msgspec.Struct, frozen=True):
    """A link that opens media without a token, until `expires_at` (milliseconds since 1970). Without an origin it is of
    this server."""

    url: str
    expires_at: int


class MediaPage(msgspec.Struct, frozen=True):
    """GET /v1/conversations/{id}/media: messages, newest first. next: `before` of the next page; none is the end."""

    events: list[msgspec.Raw]
    next: int | None = None
