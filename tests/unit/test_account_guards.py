"""Keys, tokens, password hashing and throttles, each on its own."""

import asyncio
import contextlib
import threading
from ipaddress import IPv6Address
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from hypothesis import given
from hypothesis import strategies as st

from chinwag.adapters.files import FileKeyStore
from chinwag.domain.account import NameKey
from chinwag.domain.address import network_of, networks_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant, stranger
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.passwords import Passwords
from chinwag.flow.access.throttle import Throttle
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.budget import Budget
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.ports.allowances import Allowance
from chinwag.ports.key_store import KeysExposed

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LIFETIME = 600_000
ANN = NameKey("ann")


class Time:
    now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


def test_keys_are_private_files_and_stay(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ring = KeyRing(FileKeyStore(folder), 1)
    assert folder.stat().st_mode & 0o777 == 0o700
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    again = KeyRing(FileKeyStore(folder), 2)
    assert again.signing(2)[0] == ring.signing(2)[0]
    assert again.refresh_secret == ring.refresh_secret


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    KeyRing(FileKeyStore(tmp_path / "keys"), 1)
    [key] = (tmp_path / "keys").glob("access-*.pem")
    key.chmod(0o640)
    with pytest.raises(KeysExposed, match="chmod"):
        KeyRing(FileKeyStore(tmp_path / "keys"), 2)


def test_rotated_keys_verify_until_their_tokens_have_expired(tmp_path: Path) -> None:
    time = Time()
    tokens = Tokens(KeyRing(FileKeyStore(tmp_path / "keys"), time()), time)
    token, _ = tokens.access(AccountId("1"), DeviceId("2"))
    tokens.keys.rotate(time())
    other = Tokens(KeyRing(FileKeyStore(tmp_path / "keys"), time()), time)
    assert other.verify(token).device == "2"
    assert len(list((tmp_path / "keys").glob("access-*.pem"))) == 2
    time.now += LIFETIME + 120_000
    tokens.keys.rotate(time())
    assert len(list((tmp_path / "keys").glob("access-*.pem"))) == 2
    with pytest.raises(Refused) as refusal:
        tokens.verify(token)
    assert refusal.value.code in (Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED)


def test_another_process_signs_with_the_new_key_soon(tmp_path: Path) -> None:
    time = Time()
    one, two = (KeyRing(FileKeyStore(tmp_path / "keys"), time()) for _ in range(2))
    new = one.rotate(time())
    assert two.signing(time())[0] != new
    assert two.signing(time() + 60_000)[0] == new


def test_verified_tokens_are_remembered_and_expire_all_the_same(tmp_path: Path) -> None:
    time = Time()
    tokens = Tokens(KeyRing(FileKeyStore(tmp_path / "keys"), time()), time)
    token, expires_at = tokens.access(AccountId("1"), DeviceId("2"))
    assert expires_at == time() + LIFETIME
    assert tokens.remembered(token) is None
    assert tokens.verify(token) == tokens.remembered(token)
    time.now = expires_at - 1
    tokens.verify(token)
    time.now = expires_at
    with pytest.raises(Refused) as refusal:
        tokens.verify(token)
    assert refusal.value.code is Code.TOKEN_EXPIRED
    assert tokens.remembered(token) is None


def test_successors_depend_on_token_and_attempt(tmp_path: Path) -> None:
    tokens = Tokens(KeyRing(FileKeyStore(tmp_path / "keys"), 1), Time())
    one, other = tokens.refresh(DeviceId("7")), tokens.refresh(DeviceId("7"))
    assert one != other
    assert tokens.successor(one, "a") == tokens.successor(one, "a")
    made = {tokens.successor(token, attempt) for token in (one, other) for attempt in ("a", "b")}
    assert len(made) == 4
    assert {tokens.device_of(token or "") for token in made} == {DeviceId("7")}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(KeyRing(FileKeyStore(tmp_path_factory.mktemp("ring") / "keys"), 1), Time())


@given(text=st.text())
def test_no_text_is_a_token(tokens: Tokens, text: str) -> None:
    assert tokens.device_of(text) is None
    assert tokens.device_of(f"r1.{text}") is None
    with pytest.raises(Refused):
        tokens.verify(text)


async def test_a_password_matches_its_hash_only() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("caf\u00e9 au lait")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "cafe\u0301 au lait")
    assert not await passwords.verify(stored, "something else")
    assert not await passwords.verify("", "something else")
    assert not await passwords.verify("rubbish", "something else")
    assert not passwords.outdated(stored)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).outdated(stored)
    passwords.close()


async def test_hashing_is_bounded_and_off_the_loop() -> None:
    gate = threading.Event()

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            gate.wait()
            return super().verify(hash, password)

    passwords = Passwords(Slow(time_cost=1, memory_cost=8, parallelism=1), threads=1, waiting=2)
    stored = CHEAP.hash("the password")
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(passwords.verify(stored, "the password")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refusal:
            await passwords.verify(stored, "the password")
        assert refusal.value.code is Code.OVERLOADED
        gate.set()
    assert all(task.result() for task in running)
    assert await passwords.verify(stored, "the password")
    passwords.close()


@given(st.lists(st.integers(0, 2000), max_size=60))
async def test_a_bucket_never_gives_more_than_its_rate(pauses: list[int]) -> None:
    time = Time()
    allowances, one = OwnAllowances(time), Allowance("guess", "key", Rate(1.0, 3))
    start, given_out = time.now, 0
    for pause in pauses:
        time.now += pause
        if await allowances.take([one]) == 0:
            given_out += 1
    assert given_out <= 3 + (time.now - start) / 1000 + 1e-6


def test_tables_are_bounded_and_a_clock_that_steps_back_gives_nothing() -> None:
    now = [100.0]
    budget = Budget(Rate(1.0, 1), lambda: now[0], keys=10)
    for number in range(100):
        budget.change(str(number), -1)
    assert len(budget) == 10
    now[0] -= 50
    assert budget.short("99") == 1.0
    budget.change("99", -1)
    now[0] += 50
    assert budget.short("99") == 1.0
    budget.change("99", 2)
    assert budget.wait("99") == 0
    assert budget.short("99") == 1.0


async def test_many_guesses_at_once_are_no_way_round() -> None:
    throttle = Throttle(OwnAllowances(Time()), per_account=3, per_address=100, sign_ups=1, window_ms=1000)
    held = [throttle.guess(ANN, stranger(ANN, "192.0.2.1")) for _ in range(4)]
    for guess in held[:3]:
        await guess.__aenter__()
    with pytest.raises(Refused) as refusal:
        await held[3].__aenter__()
    assert refusal.value.code is Code.RATE_LIMITED
    for guess in held[:3]:
        await guess.__aexit__(None, None, None)
    async with throttle.guess(ANN, stranger(ANN, "192.0.2.1")):
        pass


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.130", ("192.0.2.130", "192.0.2.0/24")),
        ("2001:db8:1:2ff::1", ("2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48")),
        ("::1", ("::/64", "::/56", "::/48")),
        ("::ffff:192.0.2.1", ("192.0.2.1", "192.0.2.0/24")),
        ("unknown", ("unknown",)),
        ("", ()),
    ],
)
def test_the_networks_around_an_address(address: str, networks: tuple[str, ...]) -> None:
    assert networks_of(address) == networks


async def wrong(throttle: Throttle, claimant: Claimant) -> bool:
    """One wrong guess; whether it was let through."""
    try:
        async with throttle.guess(claimant.name, claimant) as attempt:
            attempt.failed()
    except Refused:
        return False
    return True


@pytest.mark.parametrize(("step", "most"), [(1, 10), (1 << 64, 20), (1 << 72, 40), (1 << 80, 100)])
async def test_guesses_from_many_addresses_of_one_hand_count_together(step: int, most: int) -> None:
    """Of one /64; of one /56 by its /64s; of one /48 by its /56s; and of many /48s."""
    throttle = Throttle(OwnAllowances(Time()), per_account=10, per_address=1000, sign_ups=1)
    first = 0x2001_0DB8_0001_0000_0000_0000_0000_0000
    claimants = [stranger(ANN, str(IPv6Address(first + step * number))) for number in range(200)]
    assert sum([await wrong(throttle, claimant) for claimant in claimants]) == most


@pytest.mark.parametrize(("step", "most"), [(1 << 64, 6), (1 << 72, 12)])
async def test_signing_up_counts_by_the_networks_around(step: int, most: int) -> None:
    throttle = Throttle(OwnAllowances(Time()), per_account=10, per_address=10, sign_ups=3)
    first = 0x2001_0DB8_0001_0000_0000_0000_0000_0000
    made = 0
    for number in range(40):
        with contextlib.suppress(Refused):
            await throttle.sign_up(str(IPv6Address(first + step * number)))
            made += 1
    assert made == most


async def test_whoever_is_known_is_held_up_by_its_own_guesses_alone() -> None:
    throttle = Throttle(OwnAllowances(Time()), per_account=10, per_address=50, sign_ups=1)
    known = Claimant(ANN, networks_of("192.0.2.1"), "device 7")
    for number in range(300):
        await wrong(throttle, stranger(ANN, f"192.0.{number % 250}.1"))
    assert not await wrong(throttle, stranger(ANN, "192.0.2.1"))
    assert [await wrong(throttle, known) for _ in range(11)] == [True] * 10 + [False]
    assert await wrong(throttle, Claimant(ANN, networks_of("192.0.2.1"), "device 8"))


@pytest.mark.parametrize("hasher", [PasswordHasher(), CHEAP], ids=["as it is", "cheap"])
async def test_a_name_that_nobody_has_costs_one_hash_with_the_costs_of_all_others(hasher: PasswordHasher) -> None:
    checked: list[str] = []

    class Watched(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            raise AssertionError("nothing is hashed before somebody asks")

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's name
            checked.append(str(hash))
            return super().verify(hash, password)

    passwords = Passwords(Watched(hasher.time_cost, hasher.memory_cost, hasher.parallelism))
    try:
        assert not await passwords.verify("", "a password")
    finally:
        passwords.close()
    (made,) = checked
    assert extract_parameters(made) == extract_parameters(hasher.hash("a password"))
    with pytest.raises(VerifyMismatchError):  # argon2 has read it, and worked
        hasher.verify(made, "a password")
