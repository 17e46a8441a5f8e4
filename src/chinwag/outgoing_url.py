"""Addresses that strangers name and this server is to ask: which may be asked at all, by what they say."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from chinwag.trusted_url import is_here

URL_CHARACTERS: Final = 2048
HOST_CHARACTERS: Final = 253
_NEVER: Final = frozenset(' "<>\\^`{|}#')
_USUAL: Final = {"https": ":443", "http": ":80"}
_LABEL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def is_pattern(pattern: str) -> bool:
    """Whether this names hosts: one by its name, all below a name by a leading `*.`, or any host by `*`."""
    return pattern == "*" or _is_name(pattern.removeprefix("*."))


def host_fits(host: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names `host`, which is in small letters. The `*` stands for one label or more."""
    return any(
        pattern == "*" or pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )


def outgoing_host(url: str, patterns: Sequence[str], dangerous: bool = False) -> str | None:
    """The host of an address that may be asked, or None: https on port 443, without a user, at a host that one of
    `patterns` names. dangerous: for tests, which also reach this machine: http as well, and any port.

    This looks at the words alone; where the host's name leads is looked at when it is connected to.
    """
    if len(url) > URL_CHARACTERS or not url.isascii() or not url.isprintable() or set(url) & _NEVER:
        return None
    try:
        at = urlsplit(url)
        host, port = at.hostname, at.port
    except ValueError:
        return None
    # What follows the slashes is the host and at most a port: nothing that another parser may see a host in.
    if not host or not _is_name(host) or at.netloc.lower() not in (host, f"{host}:{port}"):
        return None
    # What ends in a number is an address in one form or another (the URL standard, 3.5): only names are asked.
    if _ends_in_number(host) and not (dangerous and is_here(host)):
        return None
    if not dangerous and (at.scheme != "https" or port not in (None, 443)):
        return None
    if at.scheme not in ("http", "https") or not host_fits(host, patterns):
        return None
    return host


def origin_of(url: str) -> str:
    """The origin of an address (RFC 6454, 6.2): its host in small letters, and its port only if that is not the usual
    one. For an address whose `outgoing_host` is one."""
    at = urlsplit(url)
    return f"{at.scheme}://{at.netloc.lower().removesuffix(_USUAL.get(at.scheme, ''))}"


def _is_name(host: str) -> bool:
    """Whether this has the form of a host's name, or of an address of IPv4."""
    return 0 < len(host) <= HOST_CHARACTERS and all(
        label and _LABEL.issuperset(label) and "-" not in (label[0], label[-1]) for label in host.split(".")
    )


def _ends_in_number(host: str) -> bool:
    last = host.rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")
