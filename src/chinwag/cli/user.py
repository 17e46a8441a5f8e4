"""`chinwag user`: accounts, for whoever runs the server. Works on the data folder, also while the server runs."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from getpass import getpass
from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.assembly import OPERATOR_WORKER, accounts_in, open_directory_in
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.trouble import UsageError
from chinwag.domain.ids import AccountId, Snowflake
from chinwag.flow.accounts.accounts import Accounts
from chinwag.flow.accounts.change_password import reset_password
from chinwag.flow.accounts.disable import disable, enable
from chinwag.flow.accounts.look_up import find_account, list_accounts
from chinwag.flow.accounts.sign_up import create_account

PASSWORD_VARIABLE: Final = "CHINWAG_PASSWORD"  # noqa: S105 - the name of a variable
PAGE: Final = 200

Name = Annotated[str, Parameter(help="The account's name.")]
Admin = Annotated[bool, Parameter(help="The account may administer this server.", negative=())]

app = cyclopts.App(
    name="user",
    help=f"""Manage the accounts of the server whose data folder this is.

    The server may run meanwhile. Passwords are asked for, or taken from the variable {PASSWORD_VARIABLE}.
    """,
)


@app.command
@with_settings("data", "accounts")
def add(name: Name, *, admin: Admin = False, **flags: str | None) -> None:
    """Add an account. Works also when signing up is closed."""
    password = _password(f"Password for {name}: ")

    async def work(accounts: Accounts) -> None:
        account = await create_account(accounts, name, password, admin=admin)
        _say(f"added {account.name} (id {account.id}){', an administrator' if admin else ''}")

    _run(flags, work)


@app.command(name="list")
@with_settings("data")
def list_(**flags: str | None) -> None:
    """List all accounts."""

    async def work(accounts: Accounts) -> None:
        table = Table("name", "id", "display name", "made", "")
        after: AccountId | None = None
        while page := await list_accounts(accounts, after, PAGE):
            for account in page:
                marks = {"admin": account.admin, "disabled": account.disabled, "closed": account.closed}
                made = _day(account.created_at)
                said = ", ".join(mark for mark, holds in marks.items() if holds)
                table.add_row(account.name, account.id, account.display_name, made, said)
            after = page[-1].id
        Console(highlight=False).print(table if table.row_count else "no accounts yet: add one with `chinwag user add`")

    _run(flags, work)


@app.command(name="reset-password")
@with_settings("data", "accounts")
def reset(name: Name, **flags: str | None) -> None:
    """Give an account a new password. All its devices must log in again."""
    password = _password(f"New password for {name}: ")

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await reset_password(accounts, account.id, password)
        _say(f"{account.name} has a new password; its devices are logged out")

    _run(flags, work)


@app.command(name="disable")
@with_settings("data")
def disable_(name: Name, **flags: str | None) -> None:
    """Keep an account from acting: its devices are logged out, and nobody can log in. Nothing is deleted."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await disable(accounts, account.id)
        _say(f"{account.name} is disabled; `chinwag user enable {account.name}` takes it back")

    _run(flags, work)


@app.command(name="enable")
@with_settings("data")
def enable_(name: Name, **flags: str | None) -> None:
    """Let a disabled account log in again."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await enable(accounts, account.id)
        _say(f"{account.name} can log in again")

    _run(flags, work)


def _run(flags: dict[str, str | None], work: Callable[[Accounts], Awaitable[None]]) -> None:
    asyncio.run(_with_accounts(flags, work))


async def _with_accounts(flags: dict[str, str | None], work: Callable[[Accounts], Awaitable[None]]) -> None:
    async with _accounts(flags) as accounts:
        await work(accounts)


@asynccontextmanager
async def _accounts(flags: dict[str, str | None]) -> AsyncIterator[Accounts]:
    """The account verbs on the data folder. What they change reaches a running server through the outbox."""
    config = read_settings(flags).config
    data = config.data.path.expanduser()
    if not data.is_dir():
        raise UsageError(f"there is no data folder {data} yet: start the server once, or name it with --data-path")
    directory = await open_directory_in(data)
    try:
        yield accounts_in(data, config, directory, EmbeddedBus(), Snowflake(OPERATOR_WORKER))
    finally:
        await directory.close()


def _password(prompt: str) -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"no terminal to ask for a password: set the variable {PASSWORD_VARIABLE}")
    password = getpass(prompt)
    if getpass("Once more: ") != password:
        raise UsageError("the two passwords differ: nothing was changed")
    return password


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def _say(text: str) -> None:
    Console(highlight=False).print(text, markup=False)
