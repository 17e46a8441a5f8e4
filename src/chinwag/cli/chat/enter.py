"""Coming in: log in or sign up, asking for what is not known, until it works."""

import asyncio
import getpass
import os
import socket
import webbrowser
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec

from chinwag.cli.chat.line import Line
from chinwag.cli.chat.profiles import Chosen, unused_folder
from chinwag.cli.chat.screen import Screen
from chinwag.cli.clean import label
from chinwag.cli.trouble import UsageError
from chinwag.client import ApiError, BadAddress, Client, Unreachable, server_address

DEFAULT_URL: Final = "http://127.0.0.1:8420"
PASSWORD_VARIABLE: Final = "CHINWAG_PASSWORD"  # noqa: S105 - the name of a variable


class Wishes(msgspec.Struct, frozen=True):
    """What the flags say of coming in."""

    sign_up: bool = False
    openid: str = ""
    invitation: str = ""
    ca_file: Path | None = None


def enter(screen: Screen, known: Chosen, wishes: Wishes) -> Path:
    """Come in; the folder of the log-in. Where nobody can be asked, what is missing is an error, and so is a refusal.

    Raises `UsageError`, `ApiError`, EOFError, and what making a client raises.
    """
    url = known.url or _server(screen)
    if wishes.openid:
        return _by_provider(screen, url, known, wishes)
    name, sign_up, invitation = known.name, wishes.sign_up, wishes.invitation
    while True:
        name = name or _ask(screen, "Your name: ")
        if not sign_up and screen.interactive:
            question = f"Do you have an account there as {label(name)}? [Y/n] "
            sign_up = _ask(screen, question).lower().startswith("n")
        password = _password(screen)
        folder = known.folder or unused_folder(name)
        device = f"chinwag chat on {socket.gethostname()}"
        try:
            if sign_up:
                entering = Client.sign_up(
                    url, name, password, invitation=invitation, store=folder, device=device, ca_file=wishes.ca_file
                )
            else:
                entering = Client.log_in(url, name, password, store=folder, device=device, ca_file=wishes.ca_file)
            asyncio.run(_once(entering))
        except ApiError as error:
            if not screen.interactive or isinstance(error, Unreachable):
                raise
            screen.say(Line(f"! {error.message}", "bad"))
            if error.code == "bad_invitation":
                invitation = _ask(screen, "Invitation code: ")
            else:
                # Somebody who comes back to a log-in keeps its name.
                name, sign_up = known.name, False
        else:
            return folder


def _by_provider(screen: Screen, url: str, known: Chosen, wishes: Wishes) -> Path:
    """A browser does the asking, so this goes in a script too; somebody must be there to open the address."""

    def show(address: str) -> None:
        screen.say(Line("Log in with your browser; this goes on when you are back:"))
        screen.say(Line(f"  {address}", "dim"))
        if screen.interactive:
            webbrowser.open(address)

    chosen: list[Path] = []

    def folder(name: str) -> Path:
        chosen.append(known.folder or unused_folder(name))
        return chosen[0]

    device = f"chinwag chat on {socket.gethostname()}"
    entering = Client.log_in_by_provider(
        url, wishes.openid, show, invitation=wishes.invitation, store=folder, device=device, ca_file=wishes.ca_file
    )
    asyncio.run(_once(entering))
    return chosen[0]


async def _once(entering: Coroutine[Any, Any, Client]) -> None:
    await (await entering).close()


def _server(screen: Screen) -> str:
    while True:
        typed = _ask(screen, f"Server [{DEFAULT_URL}]: ") or DEFAULT_URL
        try:
            return server_address(typed)
        except BadAddress as error:
            screen.say(Line(f"! {error}", "bad"))


def _ask(screen: Screen, question: str) -> str:
    if not screen.interactive:
        raise UsageError(
            f"not logged in: in a script give --server and --name, and {PASSWORD_VARIABLE} in the environment"
        )
    return screen.ask(question)


def _password(screen: Screen) -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    if not screen.interactive:
        raise UsageError(f"in a script the password comes from the environment variable {PASSWORD_VARIABLE}")
    return getpass.getpass("Password (not shown): ")
