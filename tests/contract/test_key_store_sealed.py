"""Keys in a database: sealed, shared, and never made by whoever finds none."""

import asyncio

import asyncpg
import pytest
from prove.faults.proxy import Way
from tests.contract.directories import PostgresPlace
from tests.contract.test_key_store import key

from chinwag.adapters.relational.postgres import prepare_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, NoKeysError, SealedKeyStore
from chinwag.flow.access.key_ring import KeyRing
from chinwag.ports.key_store import KeysDamaged

SECRET = b"the secret of one cluster, shared"


@pytest.fixture
async def url(postgres_url: str) -> str:
    await prepare_postgres_directory(postgres_url)
    return postgres_url


async def test_the_database_sees_no_key(url: str) -> None:
    store, made = SealedKeyStore(url, SECRET), key(1)
    store.add(made)
    store.begin_secret(b"s3cret" * 8)
    database = await asyncpg.connect(url)
    held = b"".join(row["sealed"] for row in await database.fetch("SELECT sealed FROM signing_keys"))
    await database.close()
    assert len(held) > len(made.private)
    assert b"PRIVATE" not in held
    assert b"s3cret" not in held


async def test_another_secret_opens_nothing(url: str) -> None:
    SealedKeyStore(url, SECRET).add(key(1))
    with pytest.raises(KeysDamaged, match="sealed with another cluster secret"):
        SealedKeyStore(url, SECRET + b"!").read()
    with pytest.raises(NoKeysError, match="5 bytes"):
        SealedKeyStore(url, b"short")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE signing_keys SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)",
        "UPDATE signing_keys SET sealed = set_byte(sealed, 0, 2)",
        "UPDATE signing_keys SET sealed = ''",
        "UPDATE signing_keys SET sealed = substr(sealed, 1, 13)",
        "UPDATE signing_keys SET created_at = created_at + 1",
        "UPDATE signing_keys SET id = 'other'",
        "UPDATE signing_keys SET id = ''",
    ],
)
async def test_a_row_that_was_changed_is_damaged(url: str, damage: str) -> None:
    """Nobody who writes to the database makes an old key the youngest, or a key the secret."""
    store = SealedKeyStore(url, SECRET)
    store.add(key(1))
    database = await asyncpg.connect(url)
    await database.execute(damage)
    await database.close()
    with pytest.raises(KeysDamaged):
        store.read()


async def test_a_server_without_keys_does_not_start_and_makes_none(url: str) -> None:
    store = SealedKeyStore(url, SECRET)
    with pytest.raises(NoKeysError, match="cluster init"):
        FollowedKeys(store)
    store.add(key(1))
    with pytest.raises(NoKeysError, match="cluster init"):
        FollowedKeys(store)
    assert store.read().secret == b""


async def test_servers_sign_with_one_key_and_follow_one_another(url: str) -> None:
    KeyRing(SealedKeyStore(url, SECRET), 1)  # as who makes the cluster does
    stores = [FollowedKeys(SealedKeyStore(url, SECRET)) for _ in range(2)]
    one, other = (KeyRing(store, 1) for store in stores)
    assert one.signing(1)[0] == other.signing(1)[0]
    assert one.refresh_secret == other.refresh_secret
    new = one.rotate(5_000)
    assert other.find(new, 9_000) is None
    await stores[1].follow()
    assert other.signing(20_000)[0] == new
    one.replace(one.new_key(30_000))
    await stores[1].follow()
    assert other.find(new, 40_000) is None
    assert other.replaced == 1
    assert other.refresh_secret == one.refresh_secret


async def test_with_the_database_away_what_was_read_last_holds(url: str) -> None:
    KeyRing(SealedKeyStore(url, SECRET), 1)
    async with PostgresPlace.behind_a_proxy(url) as place:
        behind = await asyncio.to_thread(_behind, place.proxied)
        ring = KeyRing(behind, 1)
        before = ring.signing(1)[0]
        for way in (Way.GONE, Way.SILENT):
            place.proxy.turn(way)
            async with asyncio.timeout(60):
                await behind.follow()
            assert ring.signing(10_000)[0] == before
        place.proxy.turn(Way.PASS)
        await asyncio.to_thread(SealedKeyStore(url, SECRET).replace, key(50_000), b"n" * 32)
        await behind.follow()
        assert ring.signing(60_000)[0] != before


def _behind(url: str) -> FollowedKeys:
    """In a thread: the proxy serves in the loop that would wait."""
    return FollowedKeys(SealedKeyStore(url, SECRET))
