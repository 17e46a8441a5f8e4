"""What can be configured of the object store that media is kept in: the section `[s3]`. No setting holds a secret; a
file does, which one of them names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from chinwag.trusted_url import is_trusted

_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


class S3(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Media in a bucket of an object store that speaks S3, instead of in files of the data folder."""

    endpoint: Annotated[
        str,
        Meta(
            max_length=255,
            description="The store's address without a path, such as `https://s3.example.org`; `http://` only on this "
            "machine. Empty: media is kept in files. What is in files already does not move by itself.",
        ),
    ] = ""
    bucket: Annotated[
        str,
        Meta(max_length=63, description="The bucket, which is there already and Chinwag's alone."),
    ] = ""
    region: Annotated[
        str, Meta(min_length=1, max_length=60, pattern=r"^[!-~]+$", description="What the store calls its region.")
    ] = "us-east-1"
    access_key: Annotated[
        str, Meta(max_length=128, pattern=r"^[!-~]*$", description="The id of the key that may read and write there.")
    ] = ""
    secret_key_file: Annotated[
        Path | None, Meta(description="File of that key's secret, readable by the server's user alone.")
    ] = None
    tls_ca: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that vouch for the store's certificate, besides those of the "
            "system."
        ),
    ] = None


def wrong_s3(section: S3) -> Iterator[tuple[str, str]]:
    """What cannot be, with the setting concerned. Reads no file."""
    for key, path in (("s3.secret_key_file", section.secret_key_file), ("s3.tls_ca", section.tls_ca)):
        if not str(path).isprintable():  # other bytes than UTF-8 stand in a path as lone surrogates (PEP 383)
            yield key, "the file's path must be printable, in UTF-8"
    if not section.endpoint:
        if section.bucket:
            yield "s3.bucket", "a bucket without s3.endpoint is nowhere"
        return
    if not is_trusted(section.endpoint) or urlsplit(section.endpoint).path.strip("/"):
        yield "s3.endpoint", "https://HOST, or http:// on this machine; without a user, a path or a query"
    if not 3 <= len(section.bucket) <= 63 or not _NAME.issuperset(section.bucket):
        yield "s3.bucket", "3 to 63 small letters, digits, - and ."
    if not section.access_key:
        yield "s3.access_key", "the store needs a key"
    if section.secret_key_file is None:
        yield "s3.secret_key_file", "the key needs its secret: write that into a file, and name the file"
