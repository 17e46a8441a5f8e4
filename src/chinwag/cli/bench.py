"""`chinwag bench`: how fast a server is, seen from outside."""

from pathlib import Path
from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter
from cyclopts.validators import Number

PEOPLE_MOST: Final = 1_000
SECONDS_MOST: Final = 60.0

app = cyclopts.App(name="bench")

Url = Annotated[str, Parameter(help="The server's address.", env_var="CHINWAG_URL")]
People = Annotated[int, Parameter(help="How many.", validator=Number(gte=4, lte=PEOPLE_MOST))]
Seconds = Annotated[float, Parameter(help="Of each measurement.", validator=Number(gte=0.5, lte=SECONDS_MOST))]
Sessions = Annotated[
    int, Parameter(help="Idle sessions in B4, at most 20 for each of the people.", validator=Number(gte=1))
]
Invitation = Annotated[str, Parameter(help="The invitation code, where the server asks for one.")]
AccountsFile = Annotated[
    Path | None, Parameter(name="--accounts", help="People to use: a line each of JSON with name and password.")
]
Keep = Annotated[Path | None, Parameter(help="Keep the accounts, and write them to this file for --accounts.")]
May = Annotated[
    bool, Parameter(help="Needed for any server that is not on this machine. Never load somebody else's.", negative=())
]
AsJson = Annotated[bool, Parameter(name="--json", help="One JSON object instead of a table.", negative=())]


@app.default
def bench(
    *works: str,
    url: Url = "http://127.0.0.1:8420",
    people: People = 20,
    seconds: Seconds = 5.0,
    sessions: Sessions = 200,
    invitation: Invitation = "",
    accounts: AccountsFile = None,
    keep: Keep = None,
    i_may_load_this_server: May = False,
    as_json: AsJson = False,
) -> int:
    """Measure a running server from outside.

    Parameters
    ----------
    works
        Which of B1 to B5; all if none is named.
    """
    from chinwag.cli.bench_run import Asked, measure

    asked = Asked(works, url, people, seconds, sessions, invitation, accounts, keep, i_may_load_this_server, as_json)
    measure(asked)
    return 0
