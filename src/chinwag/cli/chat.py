"""`chinwag chat`: talk, in a terminal."""

import asyncio
import contextlib
import getpass
import os
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import cyclopts
from cyclopts import Parameter

from chinwag.cli import chat_commands
from chinwag.cli.chat_commands import Quit, UsageProblem
from chinwag.cli.chat_room import Room
from chinwag.cli.chat_screen import Screen
from chinwag.cli.chat_text import clean
from chinwag.client import ApiError, Client, LoggedOut, Mirror, StoreInUse, Unreachable, load
from chinwag.client.backoff import Backoff
from chinwag.client.credentials import load_credentials

DEFAULT_URL: Final = "http://127.0.0.1:8420"
LAST_SECONDS: Final = 30.0
"""How long what is unsent is waited for at the end of piped input."""
_TYPING_LOOK: Final = 1.0

app = cyclopts.App(
    name="chat",
    help="""Talk, in this terminal.

    The first time it asks for the server, your name and a password, and makes you an account if you want one; then
    it remembers. Type lines to send them; /help lists the commands. In scripts, lines come from a pipe and the
    password from the environment variable CHINWAG_PASSWORD.
    """,
)


@app.default
def chat(
    *,
    server: Annotated[str | None, Parameter(help="The server's address.", env_var="CHINWAG_URL")] = None,
    name: Annotated[str | None, Parameter(help="Your name there.")] = None,
    sign_up: Annotated[bool, Parameter(help="Make an account of that name.", negative="")] = False,
    invitation: Annotated[str, Parameter(help="The invitation code, where the server asks for one.")] = "",
    profile: Annotated[
        str | None, Parameter(help="Which of several log-ins on this machine; else the one of --name, else the last.")
    ] = None,
    ca_file: Annotated[Path | None, Parameter(help="PEM file of authorities that vouch for the server.")] = None,
) -> int:
    """Talk, in this terminal."""
    screen = Screen()
    try:
        folder = profile_folder(profile or (profile_of(name) if name else last_profile()))
        while True:
            if not (folder / "session.json").exists():
                _enter(screen, folder, server or "", name or "", sign_up, invitation, ca_file)
            try:
                return asyncio.run(_talk(screen, folder, ca_file))
            except StoreInUse:
                if profile is not None or not screen.interactive:
                    raise
                # A second terminal of one person is, most likely, a second person trying it out.
                screen.say("That log-in is open in another terminal; here you can be somebody else.")
                name = _ask(screen, "Your name: ")
                folder = profile_folder(profile_of(name))
    except (ApiError, StoreInUse, UsageProblem, EOFError, ValueError) as error:
        print(f"chinwag: {_in_words(error)}", file=sys.stderr)  # noqa: T201 - a command's own word
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        screen.restore()


def profile_folder(profile: str) -> Path:
    """Where a log-in is kept: below the user's configuration folder."""
    if not profile or not all(character.isalnum() or character in "-_." for character in profile) or profile[0] == ".":
        raise UsageProblem("A profile's name has letters, digits, dots, dashes and underscores.")
    return _profiles() / profile


def _profiles() -> Path:
    root = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(root) / "chinwag" / "profiles"


def last_profile() -> str:
    """The profile that was used last, `default` if there is none."""
    used = sorted(_profiles().glob("*/session.json"), key=lambda session: session.stat().st_mtime)
    return used[-1].parent.name if used else "default"


def profile_of(name: str) -> str:
    """The profile that is used for `name` if none is asked for."""
    for session in _profiles().glob("*/session.json"):
        with contextlib.suppress(OSError, ValueError):
            if load_credentials(session).name == name:
                return session.parent.name
    safe = "".join(character if character.isalnum() or character in "-_." else "_" for character in name)
    return safe.lstrip(".") or "default"


def _enter(
    screen: Screen, folder: Path, url: str, name: str, sign_up: bool, invitation: str, ca_file: Path | None
) -> None:
    """Log in or sign up, asking for what is missing, until it works. Raises what cannot be put right by asking."""
    url = url or _ask(screen, f"Server [{DEFAULT_URL}]: ") or DEFAULT_URL
    while True:
        name = name or _ask(screen, "Your name: ")
        if not sign_up and screen.interactive:
            sign_up = _ask(screen, f"Do you have an account there as {name}? [Y/n] ").lower().startswith("n")
        password = _password(screen)
        try:
            if sign_up:
                entering = Client.sign_up(
                    url, name, password, invitation=invitation, store=folder, device=_device(), ca_file=ca_file
                )
            else:
                entering = Client.log_in(url, name, password, store=folder, device=_device(), ca_file=ca_file)
            asyncio.run(_once(entering))
        except ApiError as error:
            if not screen.interactive or isinstance(error, Unreachable):
                raise
            screen.say(f"! {error.message}", style="red")
            if error.code == "bad_invitation":
                invitation = _ask(screen, "Invitation code: ")
            else:
                name, sign_up = "", False
        else:
            return


async def _once(entering: Coroutine[Any, Any, Client]) -> None:
    await (await entering).close()


async def _talk(screen: Screen, folder: Path, ca_file: Path | None) -> int:
    client = Client.resume(folder, ca_file=ca_file)
    async with client:
        screen.say(f"You are {clean(client.credentials.name)} at {client.credentials.url}. /help lists the commands.")
        room = Room(client, Mirror(client.account), screen)
        try:
            await _load(room)
            await room.show_list()
            await _until_quit(room)
        except Quit as quit_:
            if quit_.log_out:
                await client.log_out()
                screen.say("Logged out.")
        except LoggedOut:
            (folder / "session.json").unlink(missing_ok=True)
            raise
    return 0


async def _load(room: Room) -> None:
    backoff = Backoff(first=1.0)
    told = False
    while True:
        try:
            await load(room.mirror, room.client)
        except LoggedOut:
            raise
        except ApiError as error:
            if not error.retryable:
                raise
            if not told:
                told = True
                room.trouble(f"{_in_words(error)} Trying again; Ctrl-C ends.")
            await asyncio.sleep(backoff.next(error.retry_after or 0.0))
        else:
            return


async def _until_quit(room: Room) -> None:
    """Until either side ends it. Raises `Quit`, `LoggedOut`."""
    tasks = [asyncio.create_task(_incoming(room)), asyncio.create_task(_typed(room))]
    if room.screen.interactive:
        tasks.append(asyncio.create_task(_tell_typing(room)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _incoming(room: Room) -> None:
    async for update in room.client.updates():
        backoff = Backoff()
        while True:
            try:
                await room.update(update)
                break
            except LoggedOut:
                raise
            except ApiError as error:
                # Going on without it would leave a hole: the event waits for the server.
                if not error.retryable:
                    room.trouble(_in_words(error))
                    break
                await asyncio.sleep(backoff.next(error.retry_after or 0.0))


async def _typed(room: Room) -> None:
    async for line in room.screen.lines():
        try:
            if line.startswith("/") and not line.startswith("//"):
                await chat_commands.run(room, line)
            elif line.strip():
                room.say(line.removeprefix("/") if line.startswith("//") else line)
        except LoggedOut:
            raise
        except (ApiError, UsageProblem) as error:
            room.trouble(_in_words(error))
    try:
        async with asyncio.timeout(LAST_SECONDS):
            await room.client.drained()
    except TimeoutError:
        room.trouble("Some lines are not sent yet; they go out when you come back.")
    raise Quit


async def _tell_typing(room: Room) -> None:
    before = ""
    while True:
        await asyncio.sleep(_TYPING_LOOK)
        typed = room.screen.typed()
        if typed and typed != before and not typed.startswith("/") and room.current in room.mirror.conversations:
            room.client.typing(room.current)
        before = typed


def _ask(screen: Screen, question: str) -> str:
    if not screen.interactive:
        raise UsageProblem(
            "Not logged in. In a script give --server and --name, and CHINWAG_PASSWORD in the environment."
        )
    return input(question).strip()


def _password(screen: Screen) -> str:
    given = os.environ.get("CHINWAG_PASSWORD")
    if given:
        return given
    if not screen.interactive:
        raise UsageProblem("In a script the password comes from the environment variable CHINWAG_PASSWORD.")
    return getpass.getpass("Password (not shown): ")


def _device() -> str:
    return f"chinwag chat on {socket.gethostname()}"


def _in_words(error: Exception) -> str:
    match error:
        case Unreachable():
            return f"{error.message} Is the server running? Start one with `chinwag serve`, or name another: --server."
        case LoggedOut():
            return f"{error.message} Run `chinwag chat` again to log in."
        case StoreInUse():
            return f"This profile is open in another terminal: use another one, with --profile NAME. ({error})"
        case EOFError():
            return "The input ended before you were logged in."
    return str(error)
