"""Changes in the directory, each confirmed over HTTP, one after another for each person until the power goes."""

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from typing import Final

import httpx2
import msgspec

from prove.power.http import Http
from prove.power.ledger import Ledger, Register

PASSWORD: Final = "correct horse battery"
AT_ONCE: Final = 4
"""People who change something at a time."""
NEWCOMERS_EVERY: Final = 10
"""Changes between two accounts that are made: a password's hash takes long."""


class Person(msgspec.Struct, frozen=True):
    """An account, with the token of one of its devices."""

    name: str
    account: str
    token: str


async def sign_up(http: Http, name: str) -> str:
    """Make an account; its id."""
    made = await http.ask("POST", "/v1/accounts", body={"name": name, "password": PASSWORD})
    return str(made["id"])


async def log_in(http: Http, name: str) -> tuple[str, str]:
    """A new device of an account: its id and token."""
    made = await http.ask("POST", "/v1/sessions", body={"name": name, "password": PASSWORD})
    return made["device"], made["access_token"]


class Changes:
    """What `people` change, of whom there are at least `AT_ONCE`: two neighbours ask, two others block."""

    def __init__(self, ledger: Ledger, people: Sequence[Person]) -> None:
        self._ledger = ledger
        self._people = people
        self._counter = itertools.count(1)

    async def make(self, url: str) -> None:
        """Change one thing after another, several people at a time, until the server is gone."""
        async with Http(url) as http, asyncio.TaskGroup() as tasks:
            for index in range(AT_ONCE):
                tasks.create_task(self._person(http, index))

    async def _person(self, http: Http, index: int) -> None:
        me, friend, foe = (self._people[(index + step) % len(self._people)] for step in (0, 1, 2))
        with contextlib.suppress(httpx2.HTTPError):
            while True:
                count = next(self._counter)
                await self._set(http, "PATCH", "/v1/me", me, f"name {me.account}", f"name {count}")
                await self._toggle(http, f"/v1/friends/{friend.account}", me, f"friend {me.account} {friend.account}")
                await self._toggle(http, f"/v1/blocks/{foe.account}", me, f"block {me.account} {foe.account}")
                if count % NEWCOMERS_EVERY == 0:
                    name = f"newcomer-{count}"
                    register = self._register(f"account {name}", "", name)
                    await sign_up(http, name)
                    self._ledger.confirm(register)

    async def _set(self, http: Http, method: str, path: str, me: Person, what: str, value: str) -> None:
        register = self._register(what, "", value)
        await http.ask(method, path, me.token, {"display_name": value})
        self._ledger.confirm(register)

    async def _toggle(self, http: Http, path: str, me: Person, what: str) -> None:
        known = self._ledger.registers.get(what)
        value = "no" if known is not None and known.confirmed == "yes" else "yes"
        register = self._register(what, "no", value)
        await http.ask("PUT" if value == "yes" else "DELETE", path, me.token)
        self._ledger.confirm(register)

    def _register(self, what: str, before: str, tried: str) -> Register:
        register = self._ledger.registers.setdefault(what, Register(what, before))
        register.tried = tried
        return register

    async def now(self, http: Http) -> dict[str, str]:
        """What the server says now of everything that was ever tried."""
        found: dict[str, str] = {}
        for me in self._people:
            found[f"name {me.account}"] = (await http.ask("GET", "/v1/me", me.token))["display_name"]
            requests = (await http.ask("GET", "/v1/friends/requests?limit=200", me.token))["items"]
            for entry in requests:
                if entry["by"] == me.account:
                    found[f"friend {me.account} {entry['user']['id']}"] = "yes"
            for entry in (await http.ask("GET", "/v1/blocks?limit=200", me.token))["items"]:
                found[f"block {me.account} {entry['user']['id']}"] = "yes"
        asker = self._people[0].token
        for what in self._ledger.registers:
            kind, _, name = what.partition(" ")
            if kind == "account":
                there = (await http.ask("GET", f"/v1/users?name={name}", asker))["items"]
                found[what] = name if there else ""
        return {what: found.get(what, "no") for what in self._ledger.registers} | found
