"""A server's address as people type it: checked, and brought to one form, so that two spellings are one server."""

import string
from typing import Final
from urllib.parse import SplitResult, urlsplit

EXAMPLE: Final = "http://127.0.0.1:8420"
ADDRESS_CHARACTERS: Final = 2_000
_PORTS: Final = {"http": 80, "https": 443}
_SOCKETS: Final = {"ws": "http", "wss": "https"}
_ALPHANUMERIC: Final = frozenset(string.ascii_lowercase + string.digits)
_IN_HOST: Final = _ALPHANUMERIC | frozenset("._-")


class BadAddress(ValueError):  # noqa: N818 - says what is so
    """The text is no address of a server; the message says why, and what one looks like."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text[:200]!r} is no address of a server: {why}{'' if why.endswith('?') else '.'}")


def server_address(text: str) -> str:
    """`text` as an address: `http` or `https` in small letters, host, port unless it is the usual one, and path
    without a slash at its end. Raises `BadAddress`."""
    given = text.strip()
    if not given:
        raise BadAddress(text, f"it is empty. One has the form {EXAMPLE}")
    if len(given) > ADDRESS_CHARACTERS:
        raise BadAddress(text, "it is too long")
    if not given.isprintable() or " " in given:
        raise BadAddress(text, "it has a space, or a character that cannot be shown, in it")
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as error:
        raise BadAddress(text, _why(given, error)) from None
    _check_scheme(text, given, parts.scheme)
    if parts.username is not None or parts.password is not None:
        raise BadAddress(text, "it names a user or a password, which are asked for instead")
    if parts.query or parts.fragment:
        raise BadAddress(text, "it goes on after the path, with ? or #")
    if port == 0:
        raise BadAddress(text, "a port is 1 to 65535")
    own = "" if port is None or port == _PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{_host(text, parts)}{own}{parts.path.rstrip('/')}"


def _check_scheme(text: str, given: str, scheme: str) -> None:
    if scheme in _PORTS:
        return
    rest = given.partition("://")[2]
    if scheme in _SOCKETS:
        raise BadAddress(text, f"a client finds the socket by itself. Give {_SOCKETS[scheme]}://{rest}")
    if "://" in given:
        raise BadAddress(text, f"it begins with neither http:// nor https://. One has the form {EXAMPLE}")
    raise BadAddress(text, f"http:// or https:// is missing before it. Is http://{given} meant?")


def _host(text: str, parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise BadAddress(text, f"no host is named. One has the form {EXAMPLE}")
    if ":" in host:
        return f"[{host}]"  # urlsplit has looked at an IPv6 address already
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        ascii_host = ""
    bare = ascii_host.removesuffix(".")
    if not 0 < len(bare) <= 253 or not _IN_HOST.issuperset(bare) or not _ALPHANUMERIC.issuperset(bare[0] + bare[-1]):
        raise BadAddress(text, "the host's name has a character that no host has")
    return ascii_host


def _why(given: str, error: ValueError) -> str:
    if given.count("[") != given.count("]"):
        return "a bracket of the IPv6 address is missing. One has the form http://[::1]:8420"
    if "Port" in str(error):
        return "a port is a number, 1 to 65535"
    return "the host in it cannot be read"
