"""From the start of a chat to its end: what is typed goes out, what comes in is shown."""

import asyncio
from pathlib import Path
from typing import Final

from chinwag.cli.chat import commands
from chinwag.cli.chat.commands import Quit
from chinwag.cli.chat.incoming import Incoming
from chinwag.cli.chat.line import Line
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room
from chinwag.cli.chat.screen import BadLine, Screen
from chinwag.cli.clean import clean
from chinwag.client import ApiError, Client, Credentials, LoggedOut, Mirror, Unreachable, load, watch
from chinwag.client.backoff import Backoff

_TYPING_LOOK: Final = 1.0
_LEAVING_SECONDS: Final = 2.0


class Talk:
    """One log-in at one screen. session: whose, once that is known. patience: seconds for which a script waits for an
    answer."""

    def __init__(self, screen: Screen, folder: Path, ca_file: Path | None, patience: float) -> None:
        self._screen = screen
        self._folder = folder
        self._ca_file = ca_file
        # Somebody who leaves is not kept waiting: what is unsent goes out the next time.
        self._patience = _LEAVING_SECONDS if screen.interactive else patience
        self.session: Credentials | None = None

    async def until_the_end(self) -> int:
        """Talk until the person leaves; the exit code. Raises `LoggedOut`, `ApiError`, `StoreInUse`."""
        client = Client.resume(self._folder, ca_file=self._ca_file)
        self.session = client.credentials
        async with client:
            room = Room(client, Mirror(client.account), self._screen)
            try:
                self._screen.say(
                    Line(f"You are {client.credentials.name} at {client.credentials.url}. /help lists the commands.")
                )
                await self._load(room)
                await room.tell_left_over()
                await room.show_list()
                await self._until_quit(room)
            except Quit as quit_:
                if quit_.log_out:
                    await client.log_out()
                    room.note("Logged out.")
            return 1 if room.troubles and not self._screen.interactive else 0

    async def _load(self, room: Room) -> None:
        backoff = Backoff(first=1.0)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        told = False
        while True:
            try:
                async with asyncio.timeout_at(None if self._screen.interactive else until):
                    await load(room.mirror, room.client)
                watch(room.mirror, room.client)
            except TimeoutError:
                raise Unreachable(f"No answer from {room.client.credentials.url}.") from None
            except LoggedOut:
                raise
            except ApiError as error:
                if not error.retryable or (not self._screen.interactive and loop.time() > until):
                    raise
                if not told:
                    told = True
                    room.note(f"{in_words(error)} Trying again; Ctrl-C ends.", "warn")
                await asyncio.sleep(backoff.next(error.retry_after or 0.0))
            else:
                return

    async def _until_quit(self, room: Room) -> None:
        """Until either side ends it. Raises `Quit`, `LoggedOut`."""
        tasks = [asyncio.create_task(_incoming(room)), asyncio.create_task(self._typed(room))]
        if self._screen.interactive:
            tasks.append(asyncio.create_task(_tell_typing(room)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _typed(self, room: Room) -> None:
        async for line in self._screen.lines():
            if isinstance(line, BadLine):
                room.trouble(f"Not sent: {line.why}")
                continue
            try:
                if line.startswith("/") and not line.startswith("//"):
                    await commands.run(room, line)
                elif line.strip():
                    if not self._screen.interactive:
                        await self._room_for_one_more(room)
                    room.say(line.removeprefix("/") if line.startswith("//") else line)
            except LoggedOut:
                raise
            except Quit as quit_:
                await self._leave(room, quit_)
            except (ApiError, UsageProblem) as error:
                room.trouble(in_words(error))
        await self._answers(room)
        raise Quit

    async def _leave(self, room: Room, quit_: Quit) -> None:
        """Let a person go; not, however, with a log-in whose lines are unsent, unless that was said."""
        await self._answers(room)
        if quit_.log_out and not quit_.anyway and room.client.waiting:
            room.note("/quit keeps them for the next time; /log-out now gives them up.")
            return
        raise quit_

    async def _room_for_one_more(self, room: Room) -> None:
        """A pipe brings lines faster than a server takes them: the next is read when there is room for it."""
        try:
            async with asyncio.timeout(self._patience):
                await room.client.room()
        except TimeoutError:
            room.trouble("No answer comes: the rest of the input is not read.")
            await self._answers(room)
            raise Quit from None

    async def _answers(self, room: Room) -> None:
        """Wait for the answers to all that was sent, for as long as some come."""
        while waiting := room.client.waiting:
            try:
                async with asyncio.timeout(self._patience):
                    await room.client.drained()
            except TimeoutError:
                if room.client.waiting >= waiting:
                    room.trouble(f"{waiting} lines are not sent yet; they go out when you come back.")
                    return
        await room.answered()


async def _incoming(room: Room) -> None:
    incoming = Incoming(room)
    async for update in room.client.updates():
        backoff = Backoff()
        while True:
            try:
                await incoming.update(update)
                break
            except LoggedOut:
                raise
            except ApiError as error:
                # Going on without it would leave a hole: the event waits for the server.
                if not error.retryable:
                    room.trouble(in_words(error))
                    break
                await asyncio.sleep(backoff.next(error.retry_after or 0.0))


async def _tell_typing(room: Room) -> None:
    before = ""
    while True:
        await asyncio.sleep(_TYPING_LOOK)
        typed = room.screen.typed()
        current = room.current
        if typed and typed != before and not typed.startswith("/") and current in room.mirror.conversations:
            room.client.typing(current)
        before = typed


def in_words(error: Exception) -> str:
    """What went wrong, and what to do about it; on one line, as the words may be a foreign server's."""
    message = clean(str(getattr(error, "message", None) or error))
    if getattr(error, "code", "") == "unreachable":
        return f"{message} Is the server running? Start one with `chinwag serve`, or name another: --server."
    return message
