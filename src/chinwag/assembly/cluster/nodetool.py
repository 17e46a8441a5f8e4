"""Runs nodetool, Cassandra's own tool, for one node after the other, as the operator says how."""

import asyncio
import contextlib
import shlex
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Final, NamedTuple

from chinwag.told import Told

DEFAULT: Final = "nodetool -h {host}"
SECONDS: Final = 43_200.0
"""How long one call may take: all files of a node are written anew."""
_SAID: Final = 500
"""Characters of what it says that are told when it fails."""
_DAY: Final = len("2026-01-31")
_NONE: Final = "does not have any pending hints"


class NodetoolError(Told):
    """nodetool cannot be run, or failed; the message says for which node, and what it said."""


class Copy(NamedTuple):
    """A snapshot of the keyspace on a node. made: milliseconds since 1970."""

    name: str
    made: int


class Nodetool:
    """template: the command for a node, in which `{host}` stands for its address; one without it is for one node."""

    def __init__(self, template: str = DEFAULT) -> None:
        """Raises `NodetoolError`."""
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise NodetoolError(f"the command for nodetool cannot be understood: {error}") from error
        if not self._words:
            raise NodetoolError("the command for nodetool is empty")
        self.for_any = "{host}" in template

    async def run(self, host: str, *words: str) -> str:
        """What it says to `words` on the node at `host`. Raises `NodetoolError`."""
        command = [word.replace("{host}", host) for word in self._words] + list(words)
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=nothing, stdout=pipe, stderr=asyncio.subprocess.STDOUT
            )
        except OSError as error:
            raise NodetoolError(f"{command[0]} cannot be run: {error.strerror or error}") from error
        try:
            async with asyncio.timeout(SECONDS):
                said, _ = await process.communicate()
        except TimeoutError as error:
            raise NodetoolError(f"{shlex.join(command)} has not ended in {SECONDS / 3600:.0f} hours") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        text = said.decode(errors="replace")
        if process.returncode:
            raise NodetoolError(f"{shlex.join(command)} failed: {text.strip()[-_SAID:]}")
        return text

    async def id_of(self, host: str) -> str:
        """Which node answers there. Raises `NodetoolError`."""
        for line in (await self.run(host, "info")).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "ID":
                return value.strip()
        raise NodetoolError(f"nodetool info at {host} names no node")

    async def snapshots(self, host: str, keyspace: str) -> list[Copy]:
        """All of the keyspace that a node has. Raises `NodetoolError`."""
        found: dict[str, Copy] = {}
        for line in (await self.run(host, "listsnapshots")).splitlines():
            words, times = line.split(), times_in(line)
            if times and keyspace in words[1:3]:
                copy = Copy(words[0], times[0])
                found[copy.name] = min(copy, found.get(copy.name, copy), key=lambda one: one.made)
        return sorted(found.values(), key=lambda one: one.made)

    async def oldest_hint(self, host: str) -> int | None:
        """When the oldest of the writes was made that a node keeps for others which are away; None for none. Raises
        `NodetoolError`."""
        said = await self.run(host, "listpendinghints")
        return min([] if _NONE in said else times_in(said), default=None)


def times_in(said: str) -> list[int]:
    """The times of day that stand in what it says, in milliseconds since 1970. They are in UTC, or by the node's clock:
    that makes a difference of hours."""
    found, words = [], said.split()
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        for text in (word, f"{word}T{following.partition(',')[0]}"):
            if len(text) > _DAY and text[4:5] == "-":
                with contextlib.suppress(ValueError):
                    found.append(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000))
    return found
