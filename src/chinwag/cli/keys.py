"""`chinwag keys`: the keys that sign access tokens, and those by which push services know a server."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from chinwag.cli.operate import run
from chinwag.cli.out import say
from chinwag.cli.settings import with_settings
from chinwag.cli.trouble import UsageError
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.rotate_keys import replace_keys, rotate_keys
from chinwag.flow.push.rotate import rotate_push_keys

app = cyclopts.App(name="keys")

Leaked = Annotated[
    bool,
    Parameter(negative=(), help="Somebody may have the keys: void all of them at once. Everybody has to log in again."),
]


Push = Annotated[
    bool,
    Parameter(negative=(), help="Instead of those keys, the one with which browsers subscribe to pushes."),
]


@app.command
@with_settings("data", "accounts")
def rotate(*, leaked: Leaked = False, push: Push = False, **flags: str | None) -> None:
    """Sign with a new key from now on. Nobody is logged out: tokens that are out stay good until they expire, and as
    long the older keys still verify. So this is no help against somebody who has the keys: use --leaked then."""

    if leaked and push:
        raise UsageError("--leaked replaces every key: leave --push out")

    async def work(accounts: Accounts) -> None:
        if push:
            key = await rotate_push_keys(accounts)
            say(f"new key {key}: browsers subscribe with it from now on, and nobody who has need do anything")
        elif leaked:
            key = await replace_keys(accounts)
            say(f"new key {key}, and nothing made with older ones is good: a running server closes all connections")
            say("within a second, and every device has to log in again")
        else:
            key = await rotate_keys(accounts)
            say(f"new key {key}; a running server signs with it within a second, older ones verify until their")
            say("last tokens expire. Did keys leak? Then use --leaked")

    run(flags, work)
