"""The headers under which the web client's files run: what a page of ours may load, speak with and be put into.

`docs/web-security.md` says what each is for.
"""

import re
from collections.abc import Collection
from typing import Final

_DIRECTIVES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:{media}",
    "media-src 'self' blob:{media}",
    "font-src 'self'",
    "connect-src 'self'{sockets}",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types svelte-trusted-html chinwag",
)
_PERMISSIONS: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media",
    "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "midi",
    "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
_ALLOWED: Final = ("fullscreen", "microphone")
"""What the page itself may ask for: to show a video on the whole screen, to record a voice message."""
_AUTHORITY: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")

FIXED: Final = (
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        ", ".join([*(f"{name}=()" for name in _PERMISSIONS), *(f"{name}=(self)" for name in _ALLOWED)]),
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)
"""The headers that are the same for every file."""


def content_policy(authority: str, media_origin: str = "") -> str:
    """The Content-Security-Policy of a page at `authority` (host and port; empty: the page's own origin alone).
    media_origin: where media come from, if not from there.

    Not all browsers take `'self'` to cover sockets of the same host, so they are named.
    """
    sockets = f" ws://{authority} wss://{authority}" if authority else ""
    media = f" {media_origin}" if media_origin else ""
    return "; ".join(_DIRECTIVES).format(sockets=sockets, media=media)


def own_authority(host: str, answers_for: Collection[str]) -> str:
    """The Host header of a request, if it is one that this server answers for; else nothing.

    Whatever else stands in it never reaches a policy.
    """
    wanted = host.strip().lower()
    return wanted if wanted in answers_for and _AUTHORITY.fullmatch(wanted) else ""


def authorities(public_url: str, host: str, port: int, names: Collection[str] = ()) -> frozenset[str]:
    """The authorities that a server at `host` and `port` answers for: its public one alone, if it has one; else this
    machine's own names for itself, the address that it listens on, and `names`."""
    if public_url:
        authority = public_url.lower().partition("://")[2].split("/")[0]
        return frozenset([authority])
    hosts = {"127.0.0.1", "localhost", "[::1]", _bracketed(host.lower()), *(_bracketed(name.lower()) for name in names)}
    return frozenset(f"{each}:{port}" for each in hosts) | (hosts if port in {80, 443} else frozenset())


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
