"""What the build's own preview runs the app under is what the server sets."""

import re
from pathlib import Path
from typing import Final

from chinwag.roles.web.policy import FIXED, content_policy

SOURCE: Final = (Path(__file__).parents[2] / "web" / "build" / "policy.ts").read_text()


def _between(begin: str, end: str) -> str:
    return SOURCE.partition(begin)[2].partition(end)[0]


def test_the_preview_has_the_servers_policy() -> None:
    """But for the sockets: the preview knows no authority of its own, and takes them by scheme."""
    directives = re.findall(r'"([^"]+)",', _between("export const POLICY = [", "]"))
    server = content_policy("").split("; ")
    assert [one for one in directives if not one.startswith("connect-src")] == [
        one for one in server if not one.startswith("connect-src")
    ]
    assert [one for one in directives if one.startswith("connect-src")] == ["connect-src 'self' ws: wss:"]


def test_the_preview_has_the_servers_other_headers() -> None:
    written = _between("export const HEADERS: Record<string, string> = {", "\n};")
    headers = {name.lower(): value for name, value in re.findall(r'"([A-Za-z-]+)":\s*"([^"]*)"', written)}
    closed = [f"{name}=()" for name in re.findall(r'"([a-z-]+)"', _PERMISSIONS)]
    own = [f"{name}=(self)" for name in re.findall(r'"([a-z-]+)"', _ALLOWED)]
    headers["permissions-policy"] = ", ".join([*closed, *own])
    assert headers == dict(FIXED)


def test_media_may_come_from_an_origin_of_their_own_and_nothing_else() -> None:
    directives = content_policy("", "https://media.example").split("; ")
    named = [one.split(" ")[0] for one in directives if "https://media.example" in one]
    assert named == ["img-src", "media-src"]


_PERMISSIONS: Final = _between("const PERMISSIONS = [", "]")
_ALLOWED: Final = _between("const ALLOWED = [", "]")
