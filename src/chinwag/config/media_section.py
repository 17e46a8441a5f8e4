"""What can be configured of pictures, videos and files. As in `sections.py`: all of it stands here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct


class Media(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures, videos and files: how much, and where they are kept."""

    file_bytes: Annotated[int, Meta(ge=1, le=1 << 40, description="Bytes of one file at most.")] = 100_000_000
    account_bytes: Annotated[
        int, Meta(ge=1, le=1 << 50, description="Bytes of all that one account has sent and not deleted, at most.")
    ] = 5_000_000_000
    unfinished: Annotated[int, Meta(ge=1, le=1_000, description="Uploads of one account that are not whole.")] = 20
    unfinished_hours: Annotated[
        int, Meta(ge=1, le=720, description="An upload goes to which no byte was added for so long.")
    ] = 24
    free_percent: Annotated[
        int,
        Meta(ge=0, le=90, description="Of the disk that stays free: with less, nothing more is uploaded."),
    ] = 5
    path: Annotated[
        Path | None,
        Meta(
            description="Folder of the files and of uploads under way, which all servers share. Empty: `media` in the "
            "data folder. Not with `media.s3_endpoint`, nor on the embedded profile."
        ),
    ] = None
    work_path: Annotated[
        Path | None,
        Meta(
            description="Folder of this machine in which files are looked at: room for a few of the largest. Empty: "
            "`media-work` in the data folder."
        ),
    ] = None
    s3_endpoint: Annotated[
        str,
        Meta(
            max_length=1_000,
            description="An object store in place of the folder, such as `https://s3.example.org`. On several machines "
            "it is this, or a folder that they share.",
        ),
    ] = ""
    s3_bucket: Annotated[str, Meta(max_length=63, description="Its bucket, which is Chinwag's alone.")] = "chinwag"
    s3_region: Annotated[str, Meta(max_length=60, description="Its region.")] = "us-east-1"
    s3_access_key: Annotated[str, Meta(max_length=200, description="The name of the key to it.")] = ""
    s3_secret_key_file: Annotated[
        Path | None, Meta(description="File with the key itself, readable by the server's user alone.")
    ] = None
    s3_tls_ca: Annotated[
        Path | None,
        Meta(description="PEM file of the authorities that vouch for its certificate, besides those of the system."),
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


def wrong_media(media: Media, *, shared: bool) -> Iterator[tuple[str, str]]:
    """What cannot be, with the setting concerned; shared: several servers may use them. Reads no file."""
    for key, url in (("media.s3_endpoint", media.s3_endpoint), ("media.public_url", media.public_url)):
        if url and not _is_origin(url):
            yield key, "it is no origin: scheme, host, port if any, and nothing after"
    for name in ("path", "work_path", "s3_secret_key_file", "s3_tls_ca"):
        if not str(getattr(media, name)).isprintable():  # other bytes than UTF-8 stand in it as lone surrogates
            yield f"media.{name}", "the path must be printable, in UTF-8"
    if media.account_bytes < media.file_bytes:
        yield "media.account_bytes", "an account must be allowed one file at least"
    if media.s3_endpoint and not (media.s3_access_key and media.s3_secret_key_file):
        yield "media.s3_endpoint", "the object store needs media.s3_access_key and media.s3_secret_key_file"
    if media.path is not None and not shared:
        yield "media.path", "the embedded profile keeps media in its data folder, where backups find them"
    if media.direct and not media.s3_endpoint:
        yield "media.direct", "links of its own has only an object store"


def _is_origin(url: str) -> bool:
    try:
        at = urlsplit(url)
        _ = at.port
    except ValueError:
        return False
    return at.scheme in {"http", "https"} and bool(at.hostname) and url.rstrip("/") == f"{at.scheme}://{at.netloc}"
