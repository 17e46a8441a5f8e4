"""What is particular to the directory on PostgreSQL: its schema, its locks, and how it fails."""

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from prove.faults.proxy import Way
from sqlalchemy import Connection
from tests.contract.directories import PostgresPlace, account, device, eventually, migrate, people

from chinwag.adapters.postgres.encoding import WrongEncodingError
from chinwag.adapters.relational import migrations, postgres
from chinwag.adapters.relational.postgres import (
    DatabaseUnfitError,
    open_postgres_directory,
    prepare_postgres_directory,
)
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.engines import Engines, Nats, Place, Postgres, fetch
from chinwag.engines.process import wait_until
from chinwag.engines.programs import cache_folder
from chinwag.ports.directory import Directory, OpenGroup

GONE = "canarywhoisgone"
VERSIONS = Path(migrations.__path__[0]) / "versions"
_FILES = """
    SELECT relname, relfilenode::bigint FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' ORDER BY relname"""


@pytest.fixture
async def place(postgres_url: str) -> AsyncIterator[PostgresPlace]:
    async with PostgresPlace.behind_a_proxy(postgres_url) as found:
        yield found


@pytest.fixture
async def directory(place: PostgresPlace) -> AsyncIterator[Directory]:
    opened = await place.open()
    yield opened
    await opened.close()


@asynccontextmanager
async def refused() -> AsyncIterator[None]:
    """What is done here is `unavailable`."""
    with pytest.raises(Refused) as refusal:
        yield
    assert refusal.value.code is Code.UNAVAILABLE


async def test_both_ways_lead_to_one_schema(place: PostgresPlace) -> None:
    await prepare_postgres_directory(place.url)
    fresh = await place.inspect(_shape)
    await place.execute("DROP SCHEMA public CASCADE")
    await place.execute("CREATE SCHEMA public")
    await migrate(place)
    migrated = await place.inspect(_shape)
    assert (migrated - fresh, fresh - migrated) == (set(), set())


def _shape(connection: Connection) -> set[tuple[object, ...]]:
    """Everything in the schema."""
    queries = """
        SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public';
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public';
        SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace;
        SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal;
        SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace;
        SELECT 'alembic_version', version_num FROM alembic_version
    """
    found = {tuple(row) for query in queries.split(";") for row in connection.exec_driver_sql(query)}
    assert len(found) > 100
    return found


async def test_text_orders_by_code_points_whatever_the_database_says(
    place: PostgresPlace, directory: Directory
) -> None:
    unordered = await place.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert unordered == []
    ids = ["ab", "a-c", "g~10", "g~2", "G~3"]
    assert await place.execute("SELECT word FROM unnest(ARRAY['g~10','G~3','g~2','ab','a-c']) word ORDER BY 1") == [
        (one,) for one in ids
    ], "the database itself is made with another order"
    await people(directory, *ids)
    async with directory.transaction() as transaction:
        for one in ids:
            await transaction.listing.put(OpenGroup(one, one, "", 1, 1))  # type: ignore[arg-type]
    async with directory.reading() as transaction:
        paged, after = [], None
        while page := await transaction.accounts.page(after, 2):
            after = page[-1].id
            paged += [one.id for one in page]
        assert paged == sorted(ids)
        assert [one.conversation for one in await transaction.listing.page("", None, 9)] == sorted(
            ids, key=lambda one: (one.casefold(), one)
        )


async def test_a_database_that_is_not_prepared_or_older_is_refused(place: PostgresPlace) -> None:
    with pytest.raises(DatabaseUnfitError, match="no tables of Chinwag"):
        await open_postgres_directory(place.url)
    await prepare_postgres_directory(place.url)
    await place.execute("UPDATE alembic_version SET version_num = '0008'")
    with pytest.raises(DatabaseUnfitError, match="has schema 0008"):
        await open_postgres_directory(place.url)
    assert await place.execute("SELECT version_num FROM alembic_version") == [("0008",)]


async def test_several_prepare_it_at_once(place: PostgresPlace) -> None:
    await asyncio.gather(*(prepare_postgres_directory(place.url) for _ in range(4)))
    await people(await open_postgres_directory(place.url), "1")


def made_after(revision: str) -> list[str]:
    """The tables that later migrations make, read off their sources."""
    later = [path for path in sorted(VERSIONS.glob("[0-9]*.py")) if path.name[:4] > revision]
    return [name for path in later for name in re.findall(r'create_table\(\s*"(\w+)"', path.read_text())]


async def test_an_earlier_schema_is_migrated_and_keeps_what_it_holds(place: PostgresPlace) -> None:
    await prepare_postgres_directory(place.url)
    before = await open_postgres_directory(place.url)
    await people(before, "1")
    await before.close()
    made = made_after("0008")
    assert {"signing_keys", "preferences"} <= set(made)
    for table in made:
        await place.execute(f"DROP TABLE {table} CASCADE")
    await place.execute("ALTER TABLE accounts DROP COLUMN avatar")
    await place.execute("UPDATE alembic_version SET version_num = '0008'")
    await prepare_postgres_directory(place.url)
    after = await open_postgres_directory(place.url)
    async with after.reading() as transaction:
        assert await transaction.accounts.get(AccountId("1")) == account("1")
    await after.close()
    await place.execute("SELECT * FROM signing_keys")
    await place.execute("SELECT * FROM preferences")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("chinwag:wrong@", "password authentication failed"), ("nobody:wrong@", "password authentication failed")],
)
async def test_a_database_that_cannot_be_reached_is_named_at_the_start(
    postgres_url: str, wrong: str, said: str
) -> None:
    place = postgres_url.partition("@")[2]
    for attempt in (open_postgres_directory, prepare_postgres_directory):
        with pytest.raises(DatabaseUnfitError, match=said):
            await attempt(f"postgresql://{wrong}{place}")


async def test_a_database_of_another_encoding_is_refused(postgres_url: str) -> None:
    name = f"{postgres_url.rpartition('/')[2]}_latin"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(WrongEncodingError, match="encoded in LATIN1"):
        await prepare_postgres_directory(f"{postgres_url.rpartition('/')[0]}/{name}")
    await connection.execute(f"DROP DATABASE {name}")
    await connection.close()


async def test_accounts_do_not_wait_for_one_another(place: PostgresPlace, directory: Directory) -> None:
    """And what concerns more than one waits for all."""
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        await transaction.devices.create(device("21", "2"))
    began: list[str] = []

    async def touch(name: str, **whose: str) -> None:
        async with directory.transaction(**whose) as transaction:  # type: ignore[arg-type]
            began.append(name)
            await transaction.accounts.touch(AccountId("1"))

    async with asyncio.TaskGroup() as group:
        async with directory.transaction(account=AccountId("1")) as mine:
            await mine.accounts.touch(AccountId("1"))
            async with directory.transaction(device=DeviceId("21")) as theirs:
                await theirs.devices.seen(DeviceId("21"), 9)
            tasks = [group.create_task(touch("mine", account="1")), group.create_task(touch("all"))]
            await _until_waiting(place, 2)
            assert began == []
        del tasks
    assert sorted(began) == ["all", "mine"]


async def _until_waiting(place: PostgresPlace, count: int) -> None:
    """Until so many sessions wait for an advisory lock."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
        "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    async with asyncio.timeout(60):
        while (await place.execute(query)) != [(count,)]:
            pass


async def test_a_database_that_is_silent_is_unavailable_in_bounded_time(
    place: PostgresPlace, directory: Directory
) -> None:
    await people(directory, "1")
    place.proxy.turn(Way.SILENT)
    async with asyncio.timeout(60):
        async with refused():
            await people(directory, "2")
        async with refused(), directory.reading() as transaction:
            await transaction.accounts.get(AccountId("1"))
    place.proxy.turn(Way.PASS)
    await eventually(lambda: people(directory, "3"))
    async with directory.reading() as transaction:
        assert [one.id for one in await transaction.accounts.page(None, 9)] == ["1", "3"]


async def test_a_connection_that_went_while_nobody_used_it_is_met_by_nobody(
    place: PostgresPlace, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first who signs up after the database was restarted is not told that it is away."""
    made: list[asyncpg.Connection] = []
    connect = asyncpg.connect

    async def remembered(*given: Any, **named: Any) -> asyncpg.Connection:
        made.append(await connect(*given, **named))
        return made[-1]

    monkeypatch.setattr(asyncpg, "connect", remembered)
    await people(directory, "1")
    async with directory.reading() as first, directory.reading() as second:
        for one in (first, second):
            await one.accounts.get(AccountId("1"))
    place.proxy.turn(Way.GONE)
    await asyncio.to_thread(wait_until, lambda: all(one.is_closed() for one in made), 60)
    place.proxy.turn(Way.PASS)
    await people(directory, "2")
    async with directory.reading() as first, directory.reading() as second:
        for one in (first, second):
            assert await one.accounts.get(AccountId("2")) is not None


async def test_an_answer_that_is_lost_is_unavailable_though_it_was_stored(
    place: PostgresPlace, directory: Directory
) -> None:
    async with refused(), directory.transaction() as transaction:
        await transaction.accounts.create(account("1"), "key", "hash")  # type: ignore[arg-type]
        place.proxy.turn(Way.DEAF)
    assert place.proxy.eaten.is_set()
    place.proxy.turn(Way.PASS)
    assert await place.execute("SELECT id FROM accounts") == [("1",)]
    await eventually(lambda: people(directory, "2"))


async def test_a_process_that_stops_in_its_midst_holds_nobody_up_for_long(
    place: PostgresPlace, directory: Directory
) -> None:
    await people(directory, "1")
    other = await open_postgres_directory(place.url)
    async with asyncio.timeout(90):
        async with refused(), directory.transaction() as transaction:
            await transaction.accounts.touch(AccountId("1"))
            place.proxy.turn(Way.SILENT)  # it says nothing any more, not even that it is gone
            await eventually(lambda: people(other, "2"))
            await transaction.accounts.touch(AccountId("1"))
    place.proxy.turn(Way.PASS)
    async with other.reading() as reading:
        found = await reading.accounts.get(AccountId("1"))
        assert found is not None
        assert found.version == 1, "nothing of what was not committed"
    await other.close()


async def test_what_is_deleted_leaves_its_files(directory: Directory, place: PostgresPlace) -> None:
    await people(directory, "1", GONE)
    async with directory.transaction() as transaction:
        await transaction.devices.create(msgspec.structs.replace(device("11", GONE), name=f"phone{GONE}"))
    assert [await _holds(place, f"{kind}{GONE}") for kind in ("hash", "phone")] == [True, True]
    before = await place.execute(_FILES)
    await _forget(directory, GONE)
    await eventually(directory.scrub)
    assert [await _holds(place, f"{kind}{GONE}") for kind in ("hash", "phone")] == [False, False]
    await people(directory, "3")
    assert set(await place.execute(_FILES)) & set(before) == set(), "a table that was left as it is"


async def test_what_an_older_transaction_may_still_read_is_not_taken_for_gone(
    directory: Directory, place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SCRUB_LOOK_SECONDS", 0.01)
    await people(directory, "1", GONE)
    older = await asyncpg.connect(place.url)
    try:
        async with older.transaction(isolation="repeatable_read", readonly=True):
            await older.fetchval("SELECT count(*) FROM accounts")
            await _forget(directory, GONE)
            before = await place.execute(_FILES)
            async with refused():
                await directory.scrub()
            assert await _holds(place, f"hash{GONE}")
            assert await place.execute(_FILES) == before, "nobody waits for what would change nothing"
    finally:
        await older.close()
    await eventually(directory.scrub)
    assert not await _holds(place, f"hash{GONE}")


@asynccontextmanager
async def _elsewhere(place: PostgresPlace) -> AsyncIterator[Any]:
    """A transaction that writes in another database of the server, until it is ended or this is over."""
    other = await asyncpg.connect(urlsplit(place.url)._replace(path="/postgres").geturl())
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.fetchval("SELECT pg_current_xact_id()")
        yield transaction
    finally:
        await other.close()


async def test_what_a_transaction_of_another_database_keeps_is_not_taken_for_gone(
    directory: Directory, place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SCRUB_LOOK_SECONDS", 0.01)
    await people(directory, "1", GONE)
    async with _elsewhere(place) as transaction:
        await _forget(directory, GONE)
        before = await place.execute(_FILES)
        async with refused():
            await directory.scrub()
        assert await place.execute(_FILES) == before, "nobody waits for what would change nothing"
        monkeypatch.setattr(postgres, "SCRUB_LOOKS", 6_000)
        scrubbing = asyncio.create_task(directory.scrub())
        # meanwhile everybody goes on
        await people(directory, "2")
        assert not scrubbing.done()
        await transaction.rollback()
        await scrubbing
    assert not await _holds(place, f"hash{GONE}")


async def test_a_transaction_that_ends_soon_is_waited_for(
    directory: Directory, place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SCRUB_LOOKS", 6_000)
    monkeypatch.setattr(postgres, "SCRUB_LOOK_SECONDS", 0.01)
    await people(directory, "1", GONE)
    older = await asyncpg.connect(place.url)
    try:
        transaction = older.transaction(isolation="repeatable_read", readonly=True)
        await transaction.start()
        await older.fetchval("SELECT count(*) FROM accounts")
        await _forget(directory, GONE)
        scrubbing = asyncio.create_task(directory.scrub())
        looked = "SELECT vacuum_count > 1 FROM pg_stat_user_tables WHERE relname = 'alembic_version'"
        async with asyncio.timeout(60):
            while await place.execute(looked) != [(True,)]:
                assert not scrubbing.done()
            # meanwhile everybody goes on
            await people(directory, "2")
        await transaction.rollback()
        await scrubbing
    finally:
        await older.close()
    assert not await _holds(place, f"hash{GONE}")


async def _forget(directory: Directory, name: str) -> None:
    async with directory.transaction() as transaction:
        await transaction.accounts.close(AccountId(name), 5)
        await transaction.erasures.begin(AccountId(name), 5)
        await transaction.erasures.forget(AccountId(name))


async def _holds(place: PostgresPlace, what: str) -> bool:
    """Whether a file of the database holds it, with all that is in memory written to them."""
    await place.execute("CHECKPOINT")
    asked = "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
    ((folder, oid),) = await place.execute(asked)
    return what.encode() in _read(Path(str(folder), "base", str(oid)))


def _read(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_server_that_ends_and_starts_again_is_found_again(number: signal.Signals) -> None:
    """Without a hand: by the connections that the directory has."""
    with own_engines() as engines:
        await asyncio.to_thread(engines.up, {"postgres": 0, "nats": 0}, print)
        found = engines.standings()["postgres"]
        await prepare_postgres_directory(found.url)
        directory = await open_postgres_directory(found.url)
        await people(directory, "1")
        async with refused(), directory.transaction() as transaction:
            await transaction.accounts.touch(AccountId("1"))
            os.kill(found.pid, number)
            await asyncio.to_thread(wait_until, lambda: not engines.standings()["postgres"].url, 60)
            await transaction.accounts.touch(AccountId("1"))
        async with refused():
            await people(directory, "2")
        await asyncio.to_thread(engines.up, {"postgres": found.port, "nats": 0}, print)
        await eventually(lambda: people(directory, "3"))
        async with directory.reading() as reading:
            assert [(one.id, one.version) for one in await reading.accounts.page(None, 9)] == [("1", 1), ("3", 1)]
        await directory.close()


@contextmanager
def own_engines() -> Iterator[Engines]:
    """Engines of a test that ends them itself: those of the run are others' as well."""
    with tempfile.TemporaryDirectory(prefix="chinwag-test-engines-") as folder:
        place, programs = Place.make(Path(folder)), fetch(cache_folder(), print)
        engines = Engines(place, Postgres(programs.postgres, place), Nats(programs.nats, place))
        try:
            yield engines
        finally:
            engines.down(print)
