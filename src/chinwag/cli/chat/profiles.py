"""Which log-in of this machine is meant: each is kept in a folder of its own, with its server and its name.

A profile is found by what it holds, never by how its folder is called: words go to the server and from the account that
were named, or nowhere.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from chinwag.cli.trouble import UsageError
from chinwag.client.address import server_address
from chinwag.client.credentials import load_credentials
from chinwag.domain.account import name_key

FIRST: Final = "default"


class Profile(msgspec.Struct, frozen=True):
    """A log-in that this machine keeps: whose, and where."""

    folder: Path
    name: str
    url: str


class Chosen(msgspec.Struct, frozen=True):
    """What the flags come to: a profile that is there, or what is known of one to be made. folder: where that is to be,
    None for one that nobody uses. Empty: to be asked for."""

    profile: Profile | None
    name: str = ""
    url: str = ""
    folder: Path | None = None


def choose(profile: str | None, server: str | None, name: str | None, interactive: bool) -> Chosen:
    """The log-in that is meant. Raises `UsageError` when the flags contradict one another, or leave several."""
    url = server_address(server) if server else ""
    wanted = name or ""
    if profile is not None:
        return _named(profile, url, wanted)
    fitting = [one for one in profiles() if _fits(one, url, wanted)]
    if not fitting:
        first = not wanted and not profiles()
        return Chosen(None, wanted, url, _root() / FIRST if first else None)
    accounts = {(one.url, name_key(one.name)) for one in fitting}
    if len(accounts) > 1 and (wanted or not interactive):
        which = ", ".join(f"{one.name} at {one.url} (--profile {one.folder.name})" for one in fitting)
        raise UsageError(f"several log-ins of this machine fit: {which}. Say which with --server, --name or --profile.")
    return Chosen(fitting[0])


def unused_folder(name: str) -> Path:
    """A folder for a new log-in of `name`, in which none was."""
    safe = "".join(character if character.isalnum() or character in "-_." else "_" for character in name[:64])
    base = safe.lstrip(".") or FIRST
    number = 1
    while (folder := _root() / (base if number == 1 else f"{base}-{number}")).exists():
        number += 1
    return folder


def profiles() -> list[Profile]:
    """All that can be read, the last used first."""
    found: list[tuple[float, Profile]] = []
    for path in _root().glob("*/session.json"):
        with contextlib.suppress(OSError, ValueError):
            session = load_credentials(path)
            profile = Profile(path.parent, session.name, server_address(session.url))
            found.append((path.stat().st_mtime, profile))
    return [one for _, one in sorted(found, key=lambda each: each[0], reverse=True)]


def _named(profile: str, url: str, name: str) -> Chosen:
    if not profile or not all(character.isalnum() or character in "-_." for character in profile) or profile[0] == ".":
        raise UsageError("a profile's name has letters, digits, dots, dashes and underscores")
    folder = _root() / profile
    if not (folder / "session.json").exists():
        return Chosen(None, name, url, folder)
    session = load_credentials(folder / "session.json")
    held = Profile(folder, session.name, server_address(session.url))
    if not _fits(held, url, name):
        raise UsageError(
            f"the profile {profile} is {held.name} at {held.url}: leave --profile out, or give another one, "
            "to be somebody else"
        )
    return Chosen(held)


def _fits(profile: Profile, url: str, name: str) -> bool:
    return (not url or profile.url == url) and (not name or name_key(profile.name) == name_key(name))


def _root() -> Path:
    root = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(root) / "chinwag" / "profiles"
