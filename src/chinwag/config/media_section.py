"""What can be configured of pictures, videos and files. As in `sections.py`: all of it stands here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct


class Media(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures, videos and files: how much of them, and how they are read."""

    file_bytes: Annotated[int, Meta(ge=1, le=1 << 40, description="Bytes of one file at most.")] = 100_000_000
    account_bytes: Annotated[
        int, Meta(ge=1, le=1 << 50, description="Bytes of all that one account has sent and not deleted, at most.")
    ] = 5_000_000_000
    unfinished: Annotated[
        int, Meta(ge=1, le=1_000, description="Uploads of one account that are not whole, or not looked at yet.")
    ] = 20
    unsent: Annotated[
        int, Meta(ge=1, le=100_000, description="Uploads of one account that no message shows yet, or any more.")
    ] = 1_000
    unfinished_hours: Annotated[
        int, Meta(ge=1, le=720, description="An upload goes to which no byte was added for so long.")
    ] = 24
    free_percent: Annotated[
        int,
        Meta(ge=0, le=90, description="Of the disk that stays free: with less, nothing more is uploaded."),
    ] = 5
    work_path: Annotated[
        Path | None,
        Meta(
            description="Folder of this machine, in whose `media-work` files are looked at: room for a few large ones."
            " Empty: the data folder."
        ),
    ] = None
    public_url: Annotated[
        str,
        Meta(
            max_length=1_000,
            description="Another origin under which this server is reached, such as `https://media.example.org`: links "
            "to media name it, so that nothing in a file can ever act on the chat's own origin.",
        ),
    ] = ""
    direct: Annotated[
        bool,
        Meta(
            description="Links lead to the object store itself, for 60 seconds: for so long they open the file whoever "
            "has them, also after a removal or a deletion."
        ),
    ] = False


def wrong_media(media: Media, *, bucket: bool) -> Iterator[tuple[str, str]]:
    """What cannot be, with the setting concerned; bucket: media are kept in an object store. Reads no file."""
    if media.public_url and not _is_origin(media.public_url):
        yield "media.public_url", "it is no origin: scheme, host, port if any, and nothing after"
    if not str(media.work_path).isprintable():  # other bytes than UTF-8 stand in it as lone surrogates (PEP 383)
        yield "media.work_path", "the path must be printable, in UTF-8"
    if media.account_bytes < media.file_bytes:
        yield "media.account_bytes", "an account must be allowed one file at least"
    if media.direct and not bucket:
        yield "media.direct", "only an object store has links of its own: see s3.endpoint"


def _is_origin(url: str) -> bool:
    try:
        at = urlsplit(url)
        _ = at.port
    except ValueError:
        return False
    return at.scheme in {"http", "https"} and bool(at.hostname) and url.rstrip("/") == f"{at.scheme}://{at.netloc}"
