"""`chinwag chat`: talk, in a terminal."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts
from cyclopts import Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from chinwag.cli.chat.enter import Wishes
    from chinwag.cli.chat.profiles import Chosen
    from chinwag.cli.chat.screen import Screen

app = cyclopts.App(name="chat")

_PROFILE = "Which of several log-ins on this machine; else the one that --server and --name mean, else the last."
Patience = Annotated[
    float, Parameter(help="In a script: give up after so many seconds without an answer.", validator=Number(gt=0))
]


@app.default
def chat(
    *,
    server: Annotated[str | None, Parameter(help="The server's address.", env_var="CHINWAG_URL")] = None,
    name: Annotated[str | None, Parameter(help="Your name there.")] = None,
    sign_up: Annotated[bool, Parameter(help="Make an account of that name.", negative="")] = False,
    openid: Annotated[str, Parameter(help="Log in by this provider of the server's, in a browser.")] = "",
    invitation: Annotated[str, Parameter(help="The invitation code, where the server asks for one.")] = "",
    profile: Annotated[str | None, Parameter(help=_PROFILE)] = None,
    ca_file: Annotated[Path | None, Parameter(help="PEM file of authorities that vouch for the server.")] = None,
    patience: Patience = 30.0,
) -> int:
    """Talk, in this terminal. Exits with 1 if something that came through a pipe did not work."""
    from chinwag.cli.chat.enter import Wishes
    from chinwag.cli.chat.open_screen import open_screen
    from chinwag.cli.chat.profiles import choose

    screen = open_screen()
    try:
        chosen = choose(profile, server, name, screen.interactive)
        wishes = Wishes(sign_up, openid, invitation, ca_file)
        return _chat(screen, chosen, wishes, patience, may_be_another=profile is None and screen.interactive)
    except KeyboardInterrupt:
        return 0 if screen.interactive else 130


def _chat(screen: "Screen", chosen: "Chosen", wishes: "Wishes", patience: float, may_be_another: bool) -> int:
    from chinwag.cli.chat.enter import enter
    from chinwag.cli.chat.line import Line
    from chinwag.cli.chat.profiles import Chosen, choose
    from chinwag.cli.chat.talk import Talk
    from chinwag.client import LoggedOut, StoreInUse

    entered = False
    while True:
        if chosen.profile is None:
            folder, entered = enter(screen, chosen, wishes), True
        else:
            folder = chosen.profile.folder
        talk = Talk(screen, folder, wishes.ca_file, patience)
        try:
            return asyncio.run(talk.until_the_end())
        except LoggedOut as over:
            # A script comes in again once; somebody who sits there as often as it takes.
            if talk.session is None or (entered and not screen.interactive):
                raise
            screen.say(Line(f"! {over.message}", "bad"))
            screen.say(Line(f"  Log in again as {talk.session.name} at {talk.session.url}.", "dim"))
            chosen = Chosen(None, talk.session.name, talk.session.url, folder)
        except StoreInUse:
            if not may_be_another:
                raise
            # A second terminal of one person is, most likely, a second person trying it out.
            screen.say(Line("That log-in is open in another terminal; here you can be somebody else."))
            url = chosen.profile.url if chosen.profile is not None else chosen.url
            chosen = choose(None, url, screen.ask("Your name: "), interactive=True)
