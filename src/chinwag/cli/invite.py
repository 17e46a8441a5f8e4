"""`chinwag invite`: codes with which people may sign up. Works on the data folder, also while the server runs."""

from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter

from chinwag.cli.operate import minute, run
from chinwag.cli.out import Rows, say
from chinwag.cli.settings import with_settings
from chinwag.cli.trouble import UsageError
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.accounts.invite import invite, list_invitations, revoke_invitation
from chinwag.flow.clock import DAY_MS

PAGE: Final = 200
ID_SHOWN: Final = 12
ID_LEAST: Final = 8
"""Fewer would mean whatever invitation there happens to be."""

Uses = Annotated[int, Parameter(help="How many people may sign up with it.")]
Days = Annotated[int, Parameter(help="For how many days it is good.")]
Id = Annotated[str, Parameter(help="The id, or its beginning, as `chinwag invite list` shows it.")]

app = cyclopts.App(name="invite")


@app.command
@with_settings("data")
def create(*, uses: Uses = 1, days: Days = 7, **flags: str | None) -> None:
    """Make a code. It is shown this once."""

    async def work(accounts: Accounts) -> None:
        made = await invite(accounts, uses=uses, valid_ms=days * DAY_MS)
        say(made.code)

    run(flags, work)


@app.command(name="list")
@with_settings("data")
def list_(**flags: str | None) -> None:
    """List all invitations, the newest first."""

    async def work(accounts: Accounts) -> None:
        table = Rows("id", "uses left", "made (UTC)", "good until (UTC)", "by")
        after: bytes | None = None
        while page := await list_invitations(accounts, after, PAGE):
            for one in page:
                by = one.created_by or "operator"
                shown, made, until = one.digest.hex()[:ID_SHOWN], minute(one.created_at), minute(one.expires_at)
                table.add(shown, one.uses_left, made, until, by)
            after = page[-1].digest
        table.show("no invitations yet: make one with `chinwag invite create`")

    run(flags, work)


@app.command
@with_settings("data")
def revoke(invitation: Id, **flags: str | None) -> None:
    """Take a code back: nobody signs up with it any more."""

    async def work(accounts: Accounts) -> None:
        found = await _named(accounts, invitation)
        await revoke_invitation(accounts, found)
        say(f"invitation {found.hex()[:ID_SHOWN]} is revoked")

    run(flags, work)


async def _named(accounts: Accounts, beginning: str) -> bytes:
    if len(beginning) < ID_LEAST:
        raise UsageError(f"{ID_LEAST} characters of an invitation's id are needed: `chinwag invite list` shows more")
    found: list[bytes] = []
    after: bytes | None = None
    while page := await list_invitations(accounts, after, PAGE):
        found += [one.digest for one in page if one.digest.hex().startswith(beginning.lower())]
        after = page[-1].digest
    if len(found) != 1:
        raise UsageError(f"{'several invitations begin' if found else 'no invitation begins'} with {beginning!r}")
    return found[0]
