"""`chinwag bench`: how fast a server is, seen from outside."""

import ipaddress
import resource
import sys
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import cyclopts
import msgspec
import uvloop
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from chinwag.cli.trouble import UsageError
from chinwag.client import ApiError
from chinwag.lasting import new_file
from chinwag.load.door import Door
from chinwag.load.guests import Account, Guests
from chinwag.load.visit import WORKS, FaultyError, Figure, Plan, Visit

SESSIONS_EACH: Final = 20
"""Sockets that one device may have on a server with default settings."""
SPARE_FILES: Final = 200
PEOPLE_MOST: Final = 1_000
TOLD: Final = 10
"""After so many people who came in the next line of progress."""
SESSIONS_MOST: Final = 20_000
SECONDS_MOST: Final = 60.0
ADVICE: Final = {
    "sign_up_closed": "Give people who have accounts with --accounts FILE, or let the server take new ones "
    "(--accounts-sign-up open) while you measure.",
    "bad_invitation": "Give a code for as many people as --people says: chinwag invite create --uses N",
    "rate_limited": "The server makes no more accounts for this address for now: take fewer --people, keep accounts "
    "with --keep FILE for the next time, or raise accounts.sign_ups_per_address.",
    "wrong_login": "Are the accounts in --accounts FILE of this server?",
    "group_full": "Take fewer --people, or raise limits.group_members.",
    "unreachable": "Is a server running there? Name its address with --url.",
}
LIMITED: Final = """
The server held people back: a device may send 20 messages a second for long. So the rates say what it lets these few
people do, not what it can do; the delays are right. To measure a server of your own, start it for that with

    chinwag serve --limits-sends-per-second 100000 --limits-sends-burst 1000000 \\
                  --limits-frames-per-second 100000 --limits-frames-burst 1000000
"""
BOUND: Final = "At least: this program was busy for more than 80 % of the time, so the server may be faster."

app = cyclopts.App(
    name="bench",
    help="""Measure a running server from outside: delays, messages a second, connections a second.

    People are made by its public API, talk for some seconds, and are closed again; every message that arrives is
    checked. `B1` is one to one, one message at a time; `B2` many pairs with 16 messages in flight each; `B3` a group;
    `B4` idle sessions; `B5` devices that come back. It loads the server as much as that lets it, so by itself it
    measures servers on this machine only.

    Start a server (`chinwag serve`), then try `chinwag bench` in another terminal.
    """,
)

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
    wanted = frozenset(works or WORKS)
    if wanted - set(WORKS):
        raise UsageError(f"no such work: {', '.join(sorted(wanted - set(WORKS)))}; there are {', '.join(WORKS)}")
    sockets = socket_address(url, i_may_load_this_server)
    known = _read_accounts(accounts) if accounts else []
    count = len(known) or people
    if keep is not None and keep.exists():
        raise UsageError(f"{keep} exists already: name another file")
    if "B4" in wanted:
        _check_sessions(sessions, count)
    plan = Plan(sockets, wanted, seconds, sessions)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    figures = uvloop.run(_bench(url, plan, known, people, invitation, keep, console))
    _show(figures, url, as_json, console)
    return 0


def socket_address(url: str, allowed: bool) -> str:
    """The address of a server's sockets. Raises `UsageError` for one that must not be loaded without being asked."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!r} is no address of a server: it has the form http://host:port")
    if not allowed and not _is_here(parts.hostname):
        raise UsageError(
            f"{parts.hostname} is not this machine. The bench loads a server as much as it can and may keep others "
            "from using it. If it is yours, or you were asked to, say so with --i-may-load-this-server."
        )
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{parts.path.rstrip('/')}/v1/socket"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_sessions(sessions: int, people: int) -> None:
    most = min(SESSIONS_MOST, SESSIONS_EACH * people)
    if sessions > most:
        raise UsageError(f"{people} people may have {most:,} sessions: take more --people, or fewer --sessions")
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < sessions + SPARE_FILES:
        raise UsageError(
            f"{sessions:,} sessions need {sessions + SPARE_FILES:,} open files, and this system allows {files:,}: "
            "raise that (ulimit -Hn), or take fewer --sessions"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def _read_accounts(path: Path) -> list[Account]:
    try:
        found = [msgspec.json.decode(line, type=Account) for line in path.read_bytes().splitlines() if line.strip()]
    except msgspec.DecodeError as error:
        raise UsageError(f'{path} cannot be read ({error}): a line is {{"name": "…", "password": "…"}}') from None
    if not 4 <= len(found) <= PEOPLE_MOST:
        raise UsageError(f"{path} names {len(found)} people; 4 to {PEOPLE_MOST:,} are needed")
    return found


async def _bench(
    url: str, plan: Plan, known: list[Account], people: int, invitation: str, keep: Path | None, console: Console
) -> list[Figure]:
    def say(text: str) -> None:
        console.print(f"{text} …", markup=False)

    async with Door(url) as door:
        guests = Guests(door, invitation, lambda count: None if count % TOLD else say(f"{count} people are in"))
        visit = Visit(plan, guests, say)
        try:
            if known:
                say(f"logging {len(known)} people in")
                await guests.log_in(known)
            else:
                say(f"making {people} accounts (their passwords are hashed, which takes the server a while)")
                await guests.sign_up(people)
            await visit.run()
        except (ApiError, FaultyError) as error:
            raise UsageError(f"{error} {ADVICE.get(getattr(error, 'code', ''), '')}".rstrip()) from error
        finally:
            say("clearing up" if keep is None else f"keeping the accounts in {keep}")
            if keep is not None:
                _write_accounts(keep, [guest.account for guest in guests.people])
            for failure in await guests.go(keep=keep is not None):
                console.print(f"left behind: {failure}", markup=False)
    return visit.figures


def _write_accounts(path: Path, accounts: list[Account]) -> None:
    with new_file(path) as file:
        file.writelines(msgspec.json.encode(account) + b"\n" for account in accounts)


def _show(figures: list[Figure], url: str, as_json: bool, console: Console) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode({"url": url, "results": figures}).decode() + "\n")
    else:
        table = Table("figure", "value", "generator", "")
        table.columns[1].justify = table.columns[2].justify = "right"
        for each in figures:
            value = f"{'at least ' if each.lower_bound else ''}{each.value:,.4g} {each.unit}"
            if each.value >= 1000:
                value = f"{'at least ' if each.lower_bound else ''}{each.value:,.0f} {each.unit}"
            table.add_row(each.id, value, f"{each.generator_share:.0%}", each.note)
        Console(highlight=False).print(table)
    if any(each.limited for each in figures):
        console.print(LIMITED, markup=False)
    if any(each.lower_bound for each in figures):
        console.print(BOUND, markup=False)
