"""What can be configured of pushes: the section `[push]`. No setting holds a secret; a file does, which one of them
names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from chinwag.outgoing_url import is_pattern

HOSTS: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Where the browsers of today have their push services."""
_NOWHERE: Final = ("localhost", "local", "invalid")


class Push(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pushes, which reach devices that are not connected."""

    contact: Annotated[
        str,
        Meta(
            max_length=255,
            description="How push services reach whoever runs this server: a `mailto:` or `https:` address. Without it "
            "browsers are pushed nothing.",
        ),
    ] = ""
    unread_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="How long a message is unread before the devices that are not connected are pushed it, while "
            "another device of the account is; 0: they are not, then.",
        ),
    ] = 30.0
    hosts: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...],
        Meta(
            max_length=100,
            description="Hosts of browsers' push services to which anything is sent; a leading `*` stands for labels, "
            "`*` alone for any host.",
        ),
    ] = HOSTS
    fcm_service_account_file: Annotated[
        Path | None,
        Meta(
            description="The JSON file of a service account at Google, readable by the server's user alone. With it "
            "Android apps are pushed."
        ),
    ] = None
    apns_key_file: Annotated[
        Path | None,
        Meta(
            description="The .p8 file of a key of Apple's push service, readable by the server's user alone. With it, "
            "and the two below, iOS apps are pushed."
        ),
    ] = None
    apns_key_id: Annotated[str, Meta(max_length=20, description="What Apple calls that key.")] = ""
    apns_team_id: Annotated[str, Meta(max_length=20, description="The team at Apple that the key belongs to.")] = ""
    allow_this_machine: Annotated[
        bool,
        Meta(
            description="Dangerous, and for tests alone: pushes may go to any address and port, this machine's too, "
            "and without TLS."
        ),
    ] = False


def wrong_push(push: Push) -> Iterator[tuple[str, str]]:
    """Each setting of pushes that makes no sense, and why. Reads no file."""
    if push.contact and not is_contact(push.contact):
        yield "push.contact", "it is a mailto: or https: address"
    if unreachable(push.contact) and not push.allow_this_machine:
        yield "push.contact", "Apple's push service refuses addresses of localhost, .local and .invalid"
    for pattern in push.hosts:
        if not is_pattern(pattern.lower()):
            yield "push.hosts", f"{pattern[:60]!r} is no host, nor `*.` and one"
        elif pattern != pattern.lower():
            yield "push.hosts", f"{pattern[:60]!r} is written in small letters"
    for key, path in (
        ("push.fcm_service_account_file", push.fcm_service_account_file),
        ("push.apns_key_file", push.apns_key_file),
    ):
        if any("\ud800" <= character <= "\udfff" for character in str(path)):
            yield key, "the file's path must be UTF-8"
    named = [push.apns_key_file is not None, bool(push.apns_key_id), bool(push.apns_team_id)]
    if any(named) and not all(named):
        yield "push.apns_key_file", "a key of Apple's needs its file, its id and its team"


def is_contact(contact: str) -> bool:
    """Whether this is an address of the form that push services ask for."""
    if not contact.isascii() or not contact.isprintable() or " " in contact:
        return False
    if contact.startswith("mailto:"):
        name, at, host = contact.removeprefix("mailto:").partition("@")
        return bool(name and at and host)
    return contact.startswith("https://") and bool(urlsplit(contact).hostname)


def unreachable(contact: str) -> bool:
    """Whether a contact's host is nobody's on the Internet."""
    host = contact.partition("@")[2] if contact.startswith("mailto:") else urlsplit(contact).hostname or ""
    return host.lower().rstrip(".").rsplit(".", 1)[-1] in _NOWHERE
