"""The run of `chinwag bench`: who takes part, what is measured, and how it is told."""

import ipaddress
import resource
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import uvloop

from chinwag.cli.out import Rows, say
from chinwag.cli.trouble import UsageError
from chinwag.client import ApiError, server_address
from chinwag.lasting import new_file
from chinwag.load.door import Door
from chinwag.load.guests import Account, Guests
from chinwag.load.visit import WORKS, FaultyError, Figure, Plan, Visit

PEOPLE_MOST: Final = 1_000
SESSIONS_EACH: Final = 20
"""Sockets that one device may have on a server with default settings."""
SPARE_FILES: Final = 200
TOLD: Final = 10
"""After so many people who came in the next line of progress."""
SESSIONS_MOST: Final = 20_000
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


class Asked(msgspec.Struct, frozen=True):
    """What the flags say; `works` empty: all."""

    works: tuple[str, ...]
    url: str
    people: int
    seconds: float
    sessions: int
    invitation: str
    accounts: Path | None
    keep: Path | None
    may_load: bool
    as_json: bool


def measure(asked: Asked) -> None:
    """Measure, and print the figures. Raises `UsageError`, `BadAddress`."""
    wanted = frozenset(asked.works or WORKS)
    if wanted - set(WORKS):
        raise UsageError(f"no such work: {', '.join(sorted(wanted - set(WORKS)))}; there are {', '.join(WORKS)}")
    sockets = socket_address(asked.url, asked.may_load)
    known = _read_accounts(asked.accounts) if asked.accounts else []
    count = len(known) or asked.people
    if asked.keep is not None and asked.keep.exists():
        raise UsageError(f"{asked.keep} exists already: name another file")
    if "B4" in wanted:
        _check_sessions(asked.sessions, count)
    plan = Plan(sockets, wanted, asked.seconds, asked.sessions)
    figures = uvloop.run(_bench(asked.url, plan, known, asked.people, asked.invitation, asked.keep))
    _show(figures, asked.url, asked.as_json)


def socket_address(url: str, allowed: bool) -> str:
    """The address of a server's sockets. Raises `BadAddress`,
    and `UsageError` for one that must not be loaded without being asked."""
    parts = urlsplit(server_address(url))
    if not allowed and not _is_here(parts.hostname or ""):
        raise UsageError(
            f"{parts.hostname} is not this machine. The bench loads a server as much as it can and may keep others "
            "from using it. If it is yours, or you were asked to, say so with --i-may-load-this-server."
        )
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{parts.path}/v1/socket"


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
    url: str, plan: Plan, known: list[Account], people: int, invitation: str, keep: Path | None
) -> list[Figure]:
    def doing(text: str) -> None:
        say(f"{text} …", error=True)

    async with Door(url) as door:
        guests = Guests(door, invitation, lambda count: None if count % TOLD else doing(f"{count} people are in"))
        visit = Visit(plan, guests, doing)
        try:
            if known:
                doing(f"logging {len(known)} people in")
                await guests.log_in(known)
            else:
                doing(f"making {people} accounts (their passwords are hashed, which takes the server a while)")
                await guests.sign_up(people)
            await visit.run()
        except (ApiError, FaultyError) as error:
            raise UsageError(f"{error} {ADVICE.get(getattr(error, 'code', ''), '')}".rstrip()) from error
        finally:
            doing("clearing up" if keep is None else f"keeping the accounts in {keep}")
            if keep is not None:
                _write_accounts(keep, [guest.account for guest in guests.people])
            for failure in await guests.go(keep=keep is not None):
                say(f"left behind: {failure}", error=True)
    return visit.figures


def _write_accounts(path: Path, accounts: list[Account]) -> None:
    with new_file(path) as file:
        file.writelines(msgspec.json.encode(account) + b"\n" for account in accounts)


def _show(figures: list[Figure], url: str, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode({"url": url, "results": figures}).decode() + "\n")
    else:
        table = Rows("figure", "value", "generator", "")
        for each in figures:
            value = f"{'at least ' if each.lower_bound else ''}{each.value:,.4g} {each.unit}"
            if each.value >= 1000:
                value = f"{'at least ' if each.lower_bound else ''}{each.value:,.0f} {each.unit}"
            table.add(each.id, value, f"{each.generator_share:.0%}", each.note)
        table.show()
    if any(each.limited for each in figures):
        say(LIMITED, error=True)
    if any(each.lower_bound for each in figures):
        say(BOUND, error=True)
