"""`chinwag audit`: what administrators and the operator did."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.table import Column, Table
from rich.text import Text

from chinwag.cli.operate import minute, run, say
from chinwag.cli.settings import with_settings
from chinwag.domain.ids import AccountId
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.accounts.audit import list_audit
from chinwag.flow.accounts.look_up import get_accounts

Last = Annotated[
    int, Parameter(help="How many entries, 1 to 200.", validator=cyclopts.validators.Number(gte=1, lte=200))
]
Before = Annotated[int | None, Parameter(help="Only entries below this number.")]

app = cyclopts.App(name="audit", help="Show what administrators and the operator did, the latest first.")


@app.default
@with_settings("data")
def audit(*, last: Last = 50, before: Before = None, **flags: str | None) -> None:
    """Show the audit log. It is only added to."""

    async def work(accounts: Accounts) -> None:
        entries = await list_audit(accounts, before, last)
        ids = {AccountId(one) for entry in entries for one in (entry.actor, entry.target) if one.isdecimal()}
        names = {str(one.id): one.name for one in await get_accounts(accounts, sorted(ids)[:200])}
        table = Table("no.", "at (UTC)", "who", *(Column(head, overflow="fold") for head in ("what", "to", "")))
        for entry in entries:
            target = names.get(entry.target, entry.target[:24])
            who = names.get(entry.actor, entry.actor)
            table.add_row(f"{entry.id}", minute(entry.at), Text(who), entry.act, Text(target), Text(entry.detail))
        say(table if table.row_count else "nothing was done yet")

    run(flags, work)
