"""`chinwag audit`: what administrators and the operator did."""

from collections.abc import Iterator
from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter

from chinwag.cli.operate import minute, run
from chinwag.cli.out import Rows, account_word
from chinwag.cli.settings import with_settings
from chinwag.domain.ids import AccountId
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.accounts.audit import list_audit
from chinwag.flow.accounts.look_up import get_accounts

Last = Annotated[
    int, Parameter(help="How many entries, 1 to 200.", validator=cyclopts.validators.Number(gte=1, lte=200))
]
Before = Annotated[int | None, Parameter(help="Only entries below this number.")]

ASKED: Final = 200
"""Accounts whose names are looked up at a time."""

app = cyclopts.App(name="audit")


@app.default
@with_settings("data")
def audit(*, last: Last = 50, before: Before = None, **flags: str | None) -> None:
    """Show the audit log. It is only added to."""

    async def work(accounts: Accounts) -> None:
        entries = await list_audit(accounts, before, last)
        ids = {AccountId(one) for entry in entries for one in (entry.actor, entry.target) if one.isdecimal()}
        names: dict[str, str] = {}
        for some in _parts(sorted(ids)):
            for one in await get_accounts(accounts, some):
                names[one.id] = account_word(one.name, one.id, closed=one.closed)
        table = Rows("no.", "at (UTC)", "who", "what", "to", "")
        for entry in entries:
            target, who = names.get(entry.target, entry.target), names.get(entry.actor, entry.actor)
            table.add(entry.id, minute(entry.at), who, entry.act, target, entry.detail)
        table.show("nothing was done yet")

    run(flags, work)


def _parts(ids: list[AccountId]) -> Iterator[list[AccountId]]:
    for first in range(0, len(ids), ASKED):
        yield ids[first : first + ASKED]
