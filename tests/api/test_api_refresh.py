"""Refresh tokens over HTTP: rotation, lost answers, theft."""

import asyncio

import msgspec

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.domain.account_change import AccountChange, DeviceRevoked
from chinwag.flow.access.collaborators import AccountRules
from chinwag.ports.bus import REVOKED, Publication, Revoked
from chinwag.ports.directory import Directory

from .conftest import Process, Start, Time

DAY = 86_400_000


async def test_a_refresh_gives_new_tokens_without_end(server: Process, time: Time) -> None:
    ann = await server.person("ann")
    for number in range(5):
        time.forward(600_000)
        assert (await ann.request("GET", "/v1/me")).json()["code"] == "token_expired"
        before = ann.refresh_token
        answer = await ann.refresh(f"attempt-{number}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        ann.take(answer.json())
        assert ann.refresh_token != before
        assert (await ann.request("GET", "/v1/me")).status_code == 200
    [device] = (await ann.request("GET", "/v1/devices")).json()["items"]
    assert device["last_seen_at"] == time.now


async def test_the_same_attempt_again_gives_the_same_successor(server: Process) -> None:
    ann = await server.person("ann")
    answers = [(await ann.refresh("attempt-1")).json() for _ in range(3)]
    assert len({one["refresh_token"] for one in answers}) == 1
    ann.take(answers[-1])
    assert (await ann.request("GET", "/v1/me")).status_code == 200


async def test_the_same_attempt_at_once_gives_the_same_successor(server: Process) -> None:
    ann = await server.person("ann")
    answers = await asyncio.gather(*(ann.refresh("attempt-1") for _ in range(8)))
    assert len({one.json()["refresh_token"] for one in answers}) == 1


async def test_a_used_token_revokes_the_device_and_nothing_else(
    server: Process, directory: Directory, bus: EmbeddedBus
) -> None:
    ann, other = await server.person("ann"), await server.log_in("ann")
    heard: list[Publication] = []
    bus.subscribe(REVOKED, heard.append)
    stolen = ann.refresh_token
    ann.take((await ann.refresh("attempt-1")).json())
    answer = await ann.refresh("attempt-2", token=stolen)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_reused")
    assert heard == [Revoked(ann.account, (ann.device,))]
    assert (await ann.request("GET", "/v1/me")).json()["code"] == "revoked"
    assert (await ann.refresh("attempt-3")).json()["code"] == "revoked"
    assert (await other.request("GET", "/v1/me")).status_code == 200
    async with directory.reading() as transaction:
        rows = await transaction.outbox.pending(99)
    last = msgspec.json.decode(rows[-1].payload, type=AccountChange)
    assert isinstance(last, DeviceRevoked)
    assert last.device == ann.device


async def test_the_same_attempt_is_theft_once_its_successor_was_used(server: Process) -> None:
    ann = await server.person("ann")
    first = ann.refresh_token
    ann.take((await ann.refresh("attempt-1")).json())
    ann.take((await ann.refresh("attempt-2")).json())
    assert (await ann.refresh("attempt-1", token=first)).json()["code"] == "refresh_reused"


async def test_a_forged_token_logs_nobody_out(server: Process) -> None:
    ann = await server.person("ann")
    start, _, mac = ann.refresh_token.rpartition(".")
    forged = f"{start}.{'A' * len(mac)}"
    for token in (forged, "", "r1..", "x" * 5000, f"{start}.ä", "r1.1.2.3.4"):
        answer = await ann.refresh("attempt-1", token=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert (await ann.refresh("attempt-1")).status_code == 200


async def test_a_device_away_too_long_logs_in_again(server: Process, time: Time) -> None:
    ann = await server.person("ann")
    time.forward(90 * DAY)
    assert (await ann.refresh("attempt-1")).json()["code"] == "revoked"


async def test_a_restart_keeps_everybody_logged_in(start: Start) -> None:
    ann = await (await start()).person("ann")
    restarted = await start()
    ann.client = restarted.client
    assert (await ann.request("GET", "/v1/me")).status_code == 200
    assert (await ann.refresh("attempt-1")).status_code == 200


async def test_only_digests_are_stored(server: Process, directory: Directory) -> None:
    ann = await server.person("ann")
    async with directory.reading() as transaction:
        stored = await transaction.refresh_tokens.of(ann.device)
    assert stored is not None
    assert ann.refresh_token.encode() not in stored.digest
    assert len(stored.digest) == 32


async def test_a_device_that_was_away_too_long_is_out_by_whatever_token_and_attempt(start: Start, time: Time) -> None:
    """The successor was never used, so the old token with its attempt would give it again."""
    server = await start(AccountRules(refresh_token_ms=30 * DAY))
    for presented in ("old", "current", "never ours"):
        ann = await server.person(f"ann-{presented.replace(' ', '-')}")
        old = ann.refresh_token
        current = str((await ann.refresh("attempt-1")).json()["refresh_token"])
        time.forward(30 * DAY - 1)
        assert (await ann.refresh("attempt-1", token=old)).json()["refresh_token"] == current
        time.forward(1)
        token = {"old": old, "current": current, "never ours": server.accounts.tokens.refresh(ann.device)}[presented]
        for attempt in ("attempt-1", "attempt-2"):
            answer = await ann.refresh(attempt, token=token)
            assert (answer.status_code, answer.json()["code"]) == (401, "revoked"), (presented, attempt)
