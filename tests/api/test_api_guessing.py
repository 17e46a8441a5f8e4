"""Guessing passwords: throttles, many people behind one address, and nothing that tells which accounts exist."""

import asyncio
import io
import logging
import threading
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
from chinwag.flow.access.claimant import Claimant
from chinwag.flow.access.collaborators import AccountRules
from chinwag.flow.access.line import OF_NETWORK
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.passwords import NOBODY, Passwords
from chinwag.flow.accounts.invite import invite
from chinwag.flow.accounts.sign_up import create_account, sign_up
from chinwag.ports.directory import KNOWN_MAX, Account, Directory
from chinwag.roles.api import answers
from chinwag.roles.api.app import ApiSettings
from chinwag.wire.http import (
    ChangePasswordRequest,
    CloseAccountRequest,
    LogInRequest,
    RefreshRequest,
    SignUpRequest,
)

from .conftest import CHEAP, PASSWORD, LoggedInDevice, Process, Start, Time


async def guess(
    server: Process, name: str, password: str = "wrong password", address: str = "", known_device: str = ""
) -> tuple[int, str]:
    headers = {"x-forwarded-for": address} if address else {}
    body = {"name": name, "password": password, "known_device": known_device}
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


STRANGERS = [f"2001:db8:{number:x}::1" for number in range(110)]
"""More networks than it takes to use up what a name may be guessed from everywhere."""
HOME, ELSEWHERE, NEW = "2001:db8:ffff::1", "2001:db8:fffe::1", "2001:db8:fffc::1"


async def lock_out(server: Process, name: str) -> None:
    for address in STRANGERS:
        await guess(server, name, address=address)
    assert await guess(server, name, PASSWORD, address=ELSEWHERE) == (429, "rate_limited")


async def test_strangers_never_lock_an_owner_out_where_it_was_before(start: Start, time: Time) -> None:
    """By the address of an earlier log-in or refresh, or by a token of an earlier device, whatever became of that."""
    server = await start(settings=ApiSettings(trusted_proxies=("127.0.0.1",)))
    await server.sign_up("ann")
    given = await server.client.post(
        "/v1/sessions", json={"name": "ann", "password": PASSWORD}, headers={"x-forwarded-for": HOME}
    )
    phone = LoggedInDevice(server.client, given.json())
    used_up = phone.refresh_token
    moved = await server.client.post(
        "/v1/sessions/refresh",
        json={"refresh_token": used_up, "attempt": "attempt-1"},
        headers={"x-forwarded-for": "2001:db8:fffd::1"},
    )
    phone.take(moved.json())
    await lock_out(server, "ann")
    for address in (HOME, "2001:db8:ffff::abcd", "2001:db8:fffd::1"):
        assert await guess(server, "ann", PASSWORD, address=address) == (201, "")
    for token in (used_up, phone.refresh_token):
        assert await guess(server, "ann", PASSWORD, NEW, token) == (201, "")
    assert (await phone.request("DELETE", "/v1/sessions/current")).status_code == 204
    time.forward(365 * 86_400_000)
    await lock_out(server, "ann")
    assert await guess(server, "ann", PASSWORD, NEW, phone.refresh_token) == (201, "")
    assert await guess(server, "ann", PASSWORD, HOME) == (201, "")


async def test_what_makes_one_known_is_one_s_own(start: Start) -> None:
    """Neither another account's token or address, nor one that was never given, and nobody guesses more by it."""
    server = await start(settings=ApiSettings(trusted_proxies=("127.0.0.1",)))
    await server.sign_up("ann")
    bob, ann = await server.person("bob"), await server.log_in("ann")
    await lock_out(server, "ann")
    for token in (bob.refresh_token, ann.refresh_token[:-1] + "=", "r1." + "x" * 10_000, ann.access):
        assert await guess(server, "ann", PASSWORD, ELSEWHERE, token) == (429, "rate_limited")
    codes = [await guess(server, "ann", "wrong password", ELSEWHERE, ann.refresh_token) for _ in range(12)]
    assert codes == [(401, "wrong_login")] * 10 + [(429, "rate_limited")] * 2


async def test_the_networks_that_are_known_are_the_latest_few(start: Start, time: Time) -> None:
    server = await start(settings=ApiSettings(trusted_proxies=("127.0.0.1",)))
    await server.sign_up("ann")
    addresses = [f"198.51.{number}.1" for number in range(KNOWN_MAX + 1)]
    for address in addresses:
        time.forward(1)
        assert await guess(server, "ann", PASSWORD, address) == (201, "")
    await lock_out(server, "ann")
    assert await guess(server, "ann", PASSWORD, addresses[0]) == (429, "rate_limited")
    for address in addresses[1:]:
        assert await guess(server, "ann", PASSWORD, address) == (201, "")


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


class Gated(Passwords):
    """Hashes one at a time, each only when it is let; `begun` counts those that were asked for."""

    def __init__(self, waiting: int = 256) -> None:
        super().__init__(CHEAP, 1, waiting)
        self.gate = threading.Semaphore(0)
        self.done = 0

    def _matches(self, stored: str, password: str) -> bool:
        self.gate.acquire()
        self.done += 1
        return super()._matches(stored, password)


async def test_right_passwords_of_one_network_leave_places_and_turns_for_others(start: Start) -> None:
    """32 accounts, nine log-ins each at once, all right: some are told to come again; another network's person waits
    for one of them, and no longer."""
    server = await start(settings=ApiSettings(trusted_proxies=("127.0.0.1",)))
    names = [f"many{number}" for number in range(32)]
    for name in [*names, "ann"]:
        await server.sign_up(name)
    gated = Gated()
    accounts = msgspec.structs.replace(server.accounts, passwords=gated)

    async def enter(name: str, address: str) -> str:
        try:
            await log_in(accounts, name, PASSWORD, address=address)
        except Refused as refused:
            return str(refused.code)
        return "in"

    flood: list[asyncio.Task[str]] = []
    for name in names:  # one name after the other: the directory bounds its own waiting, and would refuse as well
        flood += [asyncio.create_task(enter(name, f"2001:db8:1::{turn:x}")) for turn in range(9)]
        while sum(one.done() for one in flood) + gated._line._inside.total() < len(flood):  # noqa: ASYNC110 - a few turns
            await asyncio.sleep(0)
    assert sum(one.done() for one in flood) == len(flood) - OF_NETWORK
    assert {one.result() for one in flood if one.done()} == {"overloaded"}
    ann = asyncio.create_task(enter("ann", "198.51.100.7"))
    while len(gated._line._queues) < 2:  # noqa: ASYNC110 - a few turns
        await asyncio.sleep(0)
    for _ in range(3):  # the one at work, one of the flood at most, and hers
        gated.gate.release()
    assert await ann == "in"
    assert gated.done <= 3
    for _ in flood:
        gated.gate.release()
    await asyncio.gather(*flood)
    assert not gated._line._counts
    gated.close()


async def test_a_sign_up_that_is_refused_is_refused_before_the_hash(start: Start) -> None:
    server = await start(AccountRules(sign_up="invitation"))
    await create_account(server.accounts, "ann", PASSWORD)
    code = (await invite(server.accounts, uses=1, valid_ms=1000)).code
    gated = Gated()  # which lets no hash through, and counts
    accounts = msgspec.structs.replace(server.accounts, passwords=gated)
    hashed = 0

    async def counting(password: str, claimant: Claimant = NOBODY) -> str:
        nonlocal hashed
        hashed += 1
        return CHEAP.hash(password)

    gated.hash = counting  # type: ignore[method-assign]
    for name, invitation, why in (
        ("bob", "never made", Code.BAD_INVITATION),
        ("ann", "never made", Code.BAD_INVITATION),
        ("Ann", code, Code.NAME_TAKEN),
    ):
        with pytest.raises(Refused) as refusal:
            await sign_up(accounts, name, PASSWORD, invitation=invitation)
        assert refusal.value.code is why
    assert hashed == 0
    await sign_up(accounts, "bob", PASSWORD, invitation=code)
    assert hashed == 1
    with pytest.raises(Refused) as refusal:
        await sign_up(accounts, "cleo", PASSWORD, invitation=code)
    assert (refusal.value.code, hashed) == (Code.BAD_INVITATION, 1)
    gated.close()


async def test_an_unknown_name_costs_the_same_work(start: Start) -> None:
    """The hash of a name that does not exist is checked like any other: the work is counted, not timed."""
    server = await start()
    await server.sign_up("ann")
    seen: list[str] = []

    class Counting(Passwords):
        async def verify(self, stored: str, password: str, claimant: Claimant = NOBODY) -> bool:
            seen.append("with" if stored else "without")
            return await super().verify(stored, password, claimant)

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
        async def verify(self, stored: str, password: str, claimant: Claimant = NOBODY) -> bool:
            right = await super().verify(stored, password, claimant)
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
