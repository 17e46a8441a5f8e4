"""Who is let in: revocation across processes, and a directory that is away (P14)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.files import FileKeyStore
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.rotate_keys import rotate_keys
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.accounts.disable import disable
from chinwag.ports.directory import Directory

from .conftest import Process, Start, Time


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "directory" / "chinwag.db"


async def test_another_process_hears_of_a_revocation_at_once(start: Start) -> None:
    one, two = await start(), await start()
    ann = await one.person("ann")
    assert (await two.admission.check(ann.access)).account == ann.account
    assert two.admission.peek(ann.access) is not None
    await ann.request("DELETE", "/v1/sessions/current")
    # The clock stands still: it is the bus that tells, not the second that passes.
    assert two.admission.peek(ann.access) is None
    with pytest.raises(Refused) as refusal:
        await two.admission.check(ann.access)
    assert refusal.value.code is Code.REVOKED


async def test_a_process_that_missed_the_signal_asks_within_a_second(start: Start, time: Time) -> None:
    one, two = await start(), await start()
    ann = await one.person("ann")
    await two.admission.check(ann.access)
    two.admission.close()
    await ann.request("DELETE", "/v1/sessions/current")
    assert two.admission.peek(ann.access) is not None
    time.forward(1000)
    assert two.admission.peek(ann.access) is None
    with pytest.raises(Refused) as refusal:
        await two.admission.check(ann.access)
    assert refusal.value.code is Code.REVOKED


async def test_disabling_is_heard_for_every_device(start: Start) -> None:
    one, two = await start(), await start()
    sessions = [await one.person("ann"), await one.log_in("ann")]
    for session in sessions:
        await two.admission.check(session.access)
    await disable(one.accounts, sessions[0].account)
    await asyncio.sleep(0)
    assert [two.admission.peek(session.access) for session in sessions] == [None, None]


async def test_with_the_directory_away_who_was_seen_goes_on(
    start: Start, directory: Directory, database: Path, time: Time
) -> None:
    server = await start()
    ann, bob = await server.person("ann"), await server.person("bob")
    gone = await server.person("carl")
    await server.admission.check(ann.access)
    await server.admission.check(gone.access)
    await gone.request("DELETE", "/v1/sessions/current")
    away = database.with_name("away")
    database.rename(away)  # noqa: ASYNC240
    time.forward(300_000)

    principal = await server.admission.check(ann.access)
    assert (principal.account, principal.device) == (ann.account, ann.device)
    assert server.admission.peek(ann.access) == principal, "it asks again after a second only"
    for session, code in ((bob, Code.UNAVAILABLE), (gone, Code.REVOKED)):
        with pytest.raises(Refused) as refusal:
            await server.admission.check(session.access)
        assert refusal.value.code is code
    answer = await bob.request("GET", "/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    login = await server.client.post("/v1/sessions", json={"name": "ann", "password": "whatever it is"})
    assert login.json()["code"] == "unavailable"

    away.rename(database)
    assert (await bob.request("GET", "/v1/me")).status_code == 200


async def test_with_the_directory_away_a_token_gets_in_elsewhere_unless_a_revocation_may_have_been_missed(
    start: Start, bus: EmbeddedBus, directory: Directory, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    interruptions: list[Callable[[], None]] = []
    monkeypatch.setattr(bus, "on_interruption", interruptions.append)
    one, other = await start(), await start()
    early = await one.person("early")
    time.forward(5_000)
    ann, gone = await one.person("ann"), await one.person("gone")
    await gone.request("DELETE", "/v1/sessions/current")
    await directory.close()

    principal = await other.admission.check(ann.access)
    assert (principal.account, principal.device, principal.admin) == (ann.account, ann.device, False)
    for session, code in ((early, Code.UNAVAILABLE), (gone, Code.REVOKED)):
        with pytest.raises(Refused) as refusal:
            await other.admission.check(session.access)
        assert refusal.value.code is code
    time.forward(5_000)
    for handler in interruptions:
        handler()
    with pytest.raises(Refused) as refusal:
        await other.admission.check(ann.access)
    assert refusal.value.code is Code.UNAVAILABLE, "it may have been revoked while this process did not hear of it"


async def test_trust_without_the_directory_ends_after_ten_minutes(
    start: Start, directory: Directory, time: Time
) -> None:
    server = await start()
    ann = await server.person("ann")
    time.forward(1000)
    fresh, _ = server.accounts.tokens.access(ann.account, ann.device)
    await server.admission.check(ann.access)
    time.forward(1000)
    late, _ = server.accounts.tokens.access(ann.account, ann.device)
    await directory.close()
    time.forward(600_000 - 1000)
    with pytest.raises(Refused) as refusal:
        await server.admission.check(fresh)
    assert refusal.value.code is Code.TOKEN_EXPIRED
    assert (await server.admission.check(late)).device == ann.device
    later, _ = server.accounts.tokens.access(ann.account, ann.device)
    time.forward(1001)
    with pytest.raises(Refused) as refusal:
        await server.admission.check(later)
    assert refusal.value.code is Code.UNAVAILABLE


async def test_many_who_ask_at_once_share_one_answer(server: Process, directory: Directory) -> None:
    ann = await server.person("ann")
    principals = await asyncio.gather(*(server.admission.check(ann.access) for _ in range(200)))
    assert {one.device for one in principals} == {ann.device}


async def test_a_token_of_other_keys_lets_nobody_in(server: Process, tmp_path: Path, time: Time) -> None:
    ann = await server.person("ann")
    forged, _ = Tokens(KeyRing(FileKeyStore(tmp_path / "others"), time()), time).access(ann.account, ann.device)
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."
    for token in (forged, unsigned, "", "x", "a.b.c", ann.access[:-4] + "AAAA", "x" * 9000):
        with pytest.raises(Refused) as refusal:
            await server.admission.check(token)
        assert refusal.value.code is Code.UNAUTHENTICATED
        assert server.admission.peek(token) is None


async def test_a_token_outlives_the_rotation_of_keys_in_every_process(start: Start, time: Time) -> None:
    one, two = await start(), await start()
    ann = await one.person("ann")
    time.forward(2000)
    await rotate_keys(one.accounts)
    assert (await two.admission.check(ann.access)).account == ann.account
    new, _ = one.accounts.tokens.access(ann.account, ann.device)
    assert (await two.admission.check(new)).account == ann.account
