"""`chinwag user`: accounts, for whoever runs the server. Works on the data folder, also while the server runs."""

import os
import sys
from getpass import getpass
from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter

from chinwag.cli.operate import day, minute, run
from chinwag.cli.out import Rows, account_word, say
from chinwag.cli.settings import with_settings
from chinwag.cli.trouble import UsageError
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.access.change_password import reset_password
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.devices import list_devices, revoke_devices_of
from chinwag.flow.accounts.close_account import close_account_of
from chinwag.flow.accounts.disable import disable, enable, set_admin
from chinwag.flow.accounts.look_up import find_account, list_accounts
from chinwag.flow.accounts.sign_up import create_account

PASSWORD_VARIABLE: Final = "CHINWAG_PASSWORD"  # noqa: S105 - the name of a variable
PAGE: Final = 200

Name = Annotated[str, Parameter(help="The account's name.")]
Search = Annotated[str, Parameter(help="A part of the name, in any case.")]
Confirm = Annotated[str, Parameter(help="The account's name once more: this cannot be undone.")]
Device = Annotated[str | None, Parameter(help="The id of one device; without it all of them.")]
Admin = Annotated[bool, Parameter(help="The account may administer this server.", negative=())]

app = cyclopts.App(name="user")


@app.command
@with_settings("data", "accounts")
def add(name: Name, *, admin: Admin = False, **flags: str | None) -> None:
    """Add an account. Works also when signing up is closed."""
    password = _password(f"Password for {name}: ")

    async def work(accounts: Accounts) -> None:
        account = await create_account(accounts, name, password, admin=admin)
        say(f"added {account.name} (id {account.id}){', an administrator' if admin else ''}")

    run(flags, work)


@app.command(name="list")
@with_settings("data")
def list_(*, search: Search = "", **flags: str | None) -> None:
    """List all accounts, or those with a text in their name."""

    async def work(accounts: Accounts) -> None:
        table = Rows("name", "id", "display name", "made", "")
        after: AccountId | None = None
        while page := await list_accounts(accounts, after, PAGE, search=search):
            for account in page:
                marks = {"admin": account.admin, "disabled": account.disabled}
                made = day(account.created_at)
                said = ", ".join(mark for mark, holds in marks.items() if holds)
                table.add(
                    "(closed)" if account.closed else account_word(account.name, account.id),
                    account.id,
                    account.display_name,
                    made,
                    said,
                )
            after = page[-1].id
        nothing = f"no account has {search!r} in its name" if search else "no accounts yet: `chinwag user add` adds one"
        table.show(nothing)

    run(flags, work)


@app.command(name="reset-password")
@with_settings("data", "accounts")
def reset(name: Name, **flags: str | None) -> None:
    """Give an account a new password. All its devices must log in again."""
    password = _password(f"New password for {name}: ")

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await reset_password(accounts, account.id, password)
        say(f"{account.name} has a new password; its devices are logged out")

    run(flags, work)


@app.command(name="disable")
@with_settings("data")
def disable_(name: Name, **flags: str | None) -> None:
    """Keep an account from acting: its devices are logged out, and nobody can log in. Nothing is deleted."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await disable(accounts, account.id)
        say(f"{account.name} is disabled; `chinwag user enable {account.name}` takes it back")

    run(flags, work)


@app.command(name="enable")
@with_settings("data")
def enable_(name: Name, **flags: str | None) -> None:
    """Let a disabled account log in again."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await enable(accounts, account.id)
        say(f"{account.name} can log in again")

    run(flags, work)


@app.command
@with_settings("data")
def close(name: Name, *, confirm: Confirm, **flags: str | None) -> None:
    """Close an account for ever: it leaves its groups, and its data is erased."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        if confirm != account.name:
            raise UsageError(f"to close {account.name} for ever, say --confirm {account.name}")
        await close_account_of(accounts, account.id)
        say(f"{account.name} is closed; a running server erases it, or the next start does (id {account.id})")

    run(flags, work)


@app.command
@with_settings("data")
def promote(name: Name, **flags: str | None) -> None:
    """Let an account administer this server."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await set_admin(accounts, account.id, True)
        say(f"{account.name} is an administrator")

    run(flags, work)


@app.command
@with_settings("data")
def demote(name: Name, **flags: str | None) -> None:
    """Stop letting an account administer this server."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await set_admin(accounts, account.id, False)
        say(f"{account.name} is no administrator")

    run(flags, work)


@app.command
@with_settings("data")
def devices(name: Name, **flags: str | None) -> None:
    """List the devices of an account that are logged in."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        table = Rows("id", "name", "logged in", "last seen (UTC)")
        for one in await list_devices(accounts, account.id):
            table.add(one.id, one.name, day(one.created_at), minute(one.last_seen_at))
        table.show(f"{account.name} is logged in nowhere")

    run(flags, work)


@app.command
@with_settings("data")
def revoke(name: Name, device: Device = None, **flags: str | None) -> None:
    """Log an account out: one device, or all of them."""

    async def work(accounts: Accounts) -> None:
        account = await find_account(accounts, name)
        await revoke_devices_of(accounts, account.id, None if device is None else DeviceId(device))
        say(f"{account.name} is logged out {'everywhere' if device is None else f'on device {device}'}")

    run(flags, work)


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
