"""`chinwag announce`: say something to everybody. Works on the data folder; a running server brings it to people."""

from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter

from chinwag.cli.operate import minute, run
from chinwag.cli.out import Rows, say
from chinwag.cli.settings import with_settings
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.accounts.announce import announce, list_announcements

LAST: Final = 20

Text = Annotated[str | None, Parameter(help="What to say. Without it the last announcements are listed.")]

app = cyclopts.App(name="announce")


@app.default
@with_settings("data")
def announce_(text: Text = None, **flags: str | None) -> None:
    """Say something to everybody who has an account now; they get it while the server runs."""

    async def work(accounts: Accounts) -> None:
        if text is not None:
            made = await announce(accounts, text)
            say(f"announcement {made.id} is on its way to everybody")
            return
        table = Rows("at (UTC)", "by", "arrived", "text")
        for one in await list_announcements(accounts, None, LAST):
            table.add(minute(one.at), one.by, "everywhere" if one.done else "not yet", one.text)
        table.show("nothing was announced yet")

    run(flags, work)
