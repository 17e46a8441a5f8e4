"""`chinwag keys`: the keys that sign access tokens."""

import cyclopts

from chinwag.cli.operate import run, say
from chinwag.cli.settings import with_settings
from chinwag.flow.access.collaborators import Accounts

app = cyclopts.App(name="keys", help="The keys that sign access tokens. The server may run meanwhile.")


@app.command
@with_settings("data", "accounts")
def rotate(**flags: str | None) -> None:
    """Sign with a new key from now on. Nobody is logged out: tokens that are out stay good until they expire."""

    async def work(accounts: Accounts) -> None:
        key = accounts.tokens.rotate()
        say(f"new key {key}; a running server signs with it within a minute")

    run(flags, work)
