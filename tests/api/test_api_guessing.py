"""Guessing passwords: throttles, many people behind one address, and nothing that tells which accounts exist."""

import asyncio
import io
import logging
from collections.abc import Iterator

import msgspec
import pytest
import structlog

from chinwag import logs
from chinwag.config import Log
from chinwag.domain.account import AccountSettings
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.change_password import reset_password
from chinwag.flow.access.collaborators import AccountRules
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.passwords import Passwords
from chinwag.ports.directory import Account, Directory
from chinwag.roles.api import answers
from chinwag.roles.api.app import ApiSettings
from chinwag.wire.http import (
    ChangePasswordRequest,
    CloseAccountRequest,
    LogInRequest,
    RefreshRequest,
    SignUpRequest,
)

from .conftest import CHEAP, PASSWORD, Process, Start, Time


async def guess(server: Process, name: str, password: str = "wrong password", address: str = "") -> tuple[int, str]:
    headers = {"x-forwarded-for": address} if address else {}
    body = {"name": name, "password": password}
    answer = await server.client.post("/v1/sessions", json=body, headers=headers)
    return answer.status_code, answer.json().get("code", "")


async def test_wrong_guesses_run_out_alike_for_names_that_exist_and_others(server: Process, time: Time) -> None:
    await server.sign_up("ann")
    runs = {name: [await guess(server, name) for _ in range(12)] for name in ("ann", "nobody")}
    assert runs["ann"] == runs["nobody"] == [(401, "wrong_login")] * 10 + [(429, "rate_limited")] * 2
    assert await guess(server, "ann", PASSWORD) == (429, "rate_limited")
    time.forward(90_000)
    assert await guess(server, "ann", PASSWORD) == (201, "")


async def test_a_throttled_answer_says_when_to_come_back(server: Process) -> None:
    for _ in range(10):
        await guess(server, "ann")
    answer = await server.client.post("/v1/sessions", json={"name": "ann", "password": "wrong password"})
    assert answer.headers["retry-after"] == "90"
    assert answer.json()["retryable"] is True


async def test_guesses_elsewhere_do_not_lock_the_owner_out(start: Start) -> None:
    server = await start(settings=ApiSettings(trusted_proxies=("127.0.0.1",)))
    await server.sign_up("ann")
    for _ in range(12):
        last = await guess(server, "ann", address="198.51.100.7")
    assert last == (429, "rate_limited")
    assert await guess(server, "ann", PASSWORD, address="203.0.113.9") == (201, "")


async def test_an_address_that_guesses_many_names_waits(start: Start) -> None:
    server = await start(AccountRules(failed_logins_per_address=20))
    codes = [await guess(server, f"name{n}") for n in range(22)]
    assert codes == [(401, "wrong_login")] * 20 + [(429, "rate_limited")] * 2


async def test_five_hundred_people_behind_one_address_work(server: Process) -> None:
    """All sign up and log in from one address, a tenth mistype first, and nobody is turned away."""
    turns = asyncio.Semaphore(50)

    async def morning(number: int) -> None:
        async with turns:
            await server.sign_up(f"person{number}")
            if number % 10 == 0:
                assert await guess(server, f"person{number}") == (401, "wrong_login")
            session = await server.log_in(f"person{number}")
            assert (await session.request("GET", "/v1/me")).status_code == 200

    async with asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(morning(number))


async def test_right_passwords_cost_an_address_nothing(start: Start) -> None:
    server = await start(AccountRules(failed_logins_per_address=10))
    await server.sign_up("ann")
    assert {await guess(server, "ann", PASSWORD) for _ in range(40)} == {(201, "")}


async def test_an_unknown_name_costs_the_same_work(start: Start) -> None:
    """The hash of a name that does not exist is checked like any other: the work is counted, not timed."""
    server = await start()
    await server.sign_up("ann")
    seen: list[str] = []

    class Counting(Passwords):
        async def verify(self, stored: str, password: str) -> bool:
            seen.append("with" if stored else "without")
            return await super().verify(stored, password)

        def _matches(self, stored: str, password: str) -> bool:
            seen.append(stored.split("$")[3])  # the parameters of the hash that is really verified
            return super()._matches(stored, password)

    counting = Counting(CHEAP)
    accounts = msgspec.structs.replace(server.accounts, passwords=counting)
    for name in ("ann", "nobody"):
        with pytest.raises(Refused) as refusal:
            await log_in(accounts, name, "wrong password")
        assert refusal.value.code is Code.WRONG_LOGIN
    parameters = seen[1]
    assert seen == ["with", parameters, "without", parameters]
    counting.close()


async def test_a_password_changed_during_a_log_in_lets_nobody_in(server: Process) -> None:
    """The old password was right when it was checked, and no longer when the device would be made."""
    ann = await server.person("ann")

    class Slow(Passwords):
        async def verify(self, stored: str, password: str) -> bool:
            right = await super().verify(stored, password)
            await reset_password(server.accounts, AccountId(ann.account), "another password")
            return right

    slow = Slow(CHEAP)
    with pytest.raises(Refused) as refusal:
        await log_in(msgspec.structs.replace(server.accounts, passwords=slow), "ann", PASSWORD)
    assert refusal.value.code is Code.WRONG_LOGIN
    slow.close()


async def test_signing_up_is_throttled_by_address(start: Start) -> None:
    server = await start(AccountRules(sign_ups_per_address=3))
    codes = []
    for number in range(5):
        body = {"name": f"name{number}", "password": PASSWORD}
        codes.append((await server.client.post("/v1/accounts", json=body)).status_code)
    assert codes == [201, 201, 201, 429, 429]


async def test_a_stolen_token_does_not_help_to_guess_the_password(server: Process) -> None:
    ann = await server.person("ann")
    codes = []
    for number in range(12):
        body = {"current": f"wrong password {number}", "new": "another password"}
        codes.append((await ann.request("PUT", "/v1/me/password", body)).json()["code"])
    assert codes == ["wrong_login"] * 10 + ["rate_limited"] * 2


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the server logs, set up as in production, at its most talkative."""
    root, ours = logging.getLogger(), logging.getLogger("chinwag")
    kept = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    logs.configure(Log(level="debug"), stream)
    yield stream
    root.handlers[:], root.level, ours.level = kept
    logging.captureWarnings(False)
    structlog.reset_defaults()


async def test_no_password_or_token_reaches_a_log(server: Process, directory: Directory, lines: io.StringIO) -> None:
    await server.sign_up("ann")
    session = await server.log_in("ann")
    await session.refresh("attempt-1")
    await guess(server, "ann", "wrong password")
    await server.client.post("/v1/accounts", json={"name": 1, "password": PASSWORD})
    server.accounts.passwords.close()  # hashing from here on is an unexpected error, with the password in its frames
    assert await guess(server, "ann", PASSWORD) == (500, "internal")
    await directory.close()
    assert await guess(server, "ann", PASSWORD) == (503, "unavailable")
    logged = lines.getvalue()
    assert "request failed" in logged
    assert "unavailable" in logged
    for secret in (PASSWORD, "wrong password", session.access, session.refresh_token):
        assert secret not in logged


def test_no_password_or_token_shows_in_a_repr() -> None:
    account = Account(AccountId("1"), "ann", "", "", AccountSettings(), False, 1)
    for holder in (
        LogInRequest(name="ann", password=PASSWORD),
        SignUpRequest(name="ann", password=PASSWORD, invitation=PASSWORD),
        ChangePasswordRequest(current=PASSWORD, new=PASSWORD),
        CloseAccountRequest(password=PASSWORD),
        RefreshRequest(refresh_token=PASSWORD, attempt=PASSWORD),
        answers.session(LoggedIn(account, DeviceId("2"), PASSWORD, 1, PASSWORD, 1)),
        LoggedIn(account, DeviceId("2"), PASSWORD, 1, PASSWORD, 1),
    ):
        assert PASSWORD not in f"{holder} {holder!r} {[holder]}"
        assert PASSWORD not in str(holder.__rich_repr__())
