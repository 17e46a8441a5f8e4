"""What a move refuses, in words, and that it leaves everything as it was then; and the way back."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from tests.life.commands import chinwag
from tests.life.moving import PAIR, prepared, target
from tests.support.engines import empty_database
from tests.support.keeper import Urls

from chinwag.adapters.embedded import DataDirectoryInUseError, open_embedded
from chinwag.adapters.embedded import point as messages
from chinwag.adapters.embedded.data_directory import open_rocksdb
from chinwag.adapters.postgres import HalfMovedError, refuse_half_moved
from chinwag.adapters.postgres.moving import MESSAGES as MESSAGES_TABLES
from chinwag.adapters.postgres.moving import MoveError
from chinwag.adapters.relational import everything
from chinwag.adapters.relational.everything import DIRECTORY as DIRECTORY_TABLES
from chinwag.domain.refusal import Refused
from chinwag.life.backup import Telling, back_up
from chinwag.life.folder import DIRECTORY, MESSAGES, MOVED
from chinwag.life.move.back import go_back, refuse_served
from chinwag.life.move.move import move
from chinwag.life.moved import Move, MovedError, mark, refuse_moved
from chinwag.life.restore import restore

QUIET = Telling()


class CutShort(Telling):
    """Ends the move with an error when a part of it begins."""

    def __init__(self, part: str) -> None:
        self._part = part

    def doing(self, what: str, total: int = 0) -> None:
        if what == self._part:
            raise CutShortError


class CutShortError(Exception):
    """The move was cut short."""


@pytest.fixture
def data(filled_data: Path) -> Path:
    return filled_data


@pytest.fixture
async def url(postgres_url: str) -> str:
    await prepared(postgres_url)
    return postgres_url


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _half(data: Path, url: str, part: str = "comparing states") -> None:
    with pytest.raises(CutShortError):
        await move(data, target(url), CutShort(part))


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("INSERT INTO messages.heads (account) VALUES ('x')", 'rows in messages."heads"'),
        ("INSERT INTO public.outbox (account, payload, version) VALUES ('x', '', 1)", 'rows in public."outbox"'),
        (
            "INSERT INTO registry.nodes VALUES ('n', '{}', '', clock_timestamp() + interval '1 minute')",
            "1 processes of Chinwag serve this database: stop them first",
        ),
        ("UPDATE messages.life SET version = 99", "of schema 99"),
        ("UPDATE alembic_version SET version_num = '9999'", "has schema 9999"),
        ("DROP TABLE alembic_version", "chinwag cluster init"),
        ("DROP SCHEMA messages CASCADE", "chinwag cluster init"),
    ],
)
async def test_a_database_that_is_not_an_empty_cluster_s_is_refused(
    data: Path, url: str, statement: str, says: str
) -> None:
    await _execute(url, statement)
    with pytest.raises(MoveError, match=says):
        await move(data, target(url), QUIET)
    await refuse_half_moved(url)
    refuse_moved(data)


async def test_a_server_that_runs_and_a_command_that_writes_are_refused(
    data: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = await open_embedded(data)
    with pytest.raises(DataDirectoryInUseError):
        await move(data, target(url), QUIET)
    await embedded.close()
    monkeypatch.setattr(everything, "WAIT_SECONDS", 0.1)
    with closing(sqlite3.connect(data / DIRECTORY, isolation_level=None)) as command:
        command.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused, match="busy"):
            await move(data, target(url), QUIET)
    refuse_moved(data)
    await refuse_half_moved(url)


async def test_what_is_no_data_folder_or_holds_what_is_not_known_is_refused(
    data: Path, url: str, tmp_path: Path
) -> None:
    with pytest.raises(MoveError, match="is no data folder"):
        await move(tmp_path / "nowhere", target(url), QUIET)
    store = open_rocksdb(data / MESSAGES, 1 << 20)
    store.put(b"q of a later version", b"\x01\x00")
    store.close()
    with pytest.raises(MoveError, match="of a kind that this version does not move"):
        await move(data, target(url), QUIET)
    refuse_moved(data)


async def test_two_moves_do_not_meet(data: Path, url: str, tmp_path: Path, engine_urls: Urls) -> None:
    other = tmp_path / "other"
    shutil.copytree(data, other)
    await _half(data, url)
    with pytest.raises(MoveError, match="half of another move is in it"):
        await move(other, target(url), QUIET)
    refuse_moved(other)
    async with empty_database(engine_urls.postgres) as second:
        await prepared(second)
        # What is half moved may go elsewhere from the start: nobody has been there.
        await move(data, target(second), QUIET)
        with pytest.raises(MoveError, match="an installation was moved into it before"):
            await move(other, target(second), QUIET)
        with pytest.raises(HalfMovedError):
            await refuse_half_moved(url)
    async with empty_database(engine_urls.postgres) as third:
        await prepared(third)
        with pytest.raises(MovedError, match="has moved to the new one"):
            await move(data, target(third), QUIET)
        await refuse_half_moved(third)


SPOILS = {
    "states": "UPDATE messages.states SET state = state || '\\x00' WHERE conversation = '{pair}'",
    "events": "UPDATE messages.events SET event = set_byte(event, 9, 0) WHERE number = 40",
    "send_keys": "DELETE FROM messages.send_keys WHERE id = (SELECT id FROM messages.send_keys LIMIT 1)",
    "spans": "UPDATE messages.spans SET first = first + 1 WHERE first = 42",
    "mentions": "UPDATE messages.mentions SET since = since + 1",
    "reactions": "UPDATE messages.reactions SET message = message + 100 WHERE message = 40",
    "reaction_counts": "UPDATE messages.reaction_counts SET counts = set_byte(counts, 5, 9)",
    "people": "UPDATE messages.people SET stays = set_byte(stays, 5, 9)",
    "wrote": "DELETE FROM messages.wrote WHERE account = (SELECT account FROM messages.wrote LIMIT 1)",
    "joinings": "UPDATE messages.joinings SET gone = gone + 1 WHERE gone > 0",
    "wide_groups": "DELETE FROM messages.wide_groups",
    "heads": "UPDATE messages.heads SET floor = floor - 1 WHERE floor > 0",
    "inbox": "INSERT INTO messages.inbox VALUES ('nobody', 1, 1, NULL, NULL, '', 1)",
    "marks": "UPDATE messages.marks SET marks = NULL",
    "steps": "UPDATE messages.steps SET at = at + 1",
    "seen": "UPDATE messages.seen SET online = NOT online",
    "accounts": "UPDATE accounts SET password = password || ' '",
    "devices": "UPDATE devices SET revoked_at = 0 WHERE revoked_at IS NULL",
    "outbox": "DELETE FROM outbox WHERE id = 1",
    "refresh_tokens": "UPDATE refresh_tokens SET previous = NULL",
}


async def test_a_copy_that_differs_is_told_and_served_by_nobody(data: Path, url: str) -> None:
    await _half(data, url)
    # What is compared last is spoilt first: each time the first difference is the latest.
    order = [table.name for table in (*MESSAGES_TABLES, *DIRECTORY_TABLES)]
    for table in sorted(SPOILS, key=order.index, reverse=True):
        await _execute(url, SPOILS[table].format(pair=PAIR))
        with pytest.raises(MoveError, match=rf"what was moved is not what is in the data folder \({table}[: ]"):
            await move(data, target(url), QUIET)
        with pytest.raises(HalfMovedError):
            await refuse_half_moved(url)
        with pytest.raises(MovedError, match="has not come to its end"):
            refuse_moved(data)


async def test_a_move_that_is_given_up_leaves_cursors_good_and_one_that_ended_voids_them(
    data: Path, url: str, engine_urls: Urls
) -> None:
    def epoch() -> int:
        return messages.versions(data / MESSAGES).epochs.inbox

    before = epoch()
    with pytest.raises(MoveError, match="is not being moved"):
        go_back(data)
    await _half(data, url)
    assert go_back(data) is False
    refuse_moved(data)
    assert epoch() == before
    async with empty_database(engine_urls.postgres) as other:
        await prepared(other)
        # Cut short between the last word of the folder and that of the database, which would have been the next.
        await _half(data, other, "opening the database to servers")
    assert go_back(data) is True
    refuse_moved(data)
    assert epoch() > before


async def test_nobody_comes_back_while_servers_run_on_what_it_has_moved_to(
    data: Path, url: str, tmp_path: Path
) -> None:
    said: list[str] = []
    await _half(data, url)
    await refuse_served(data, None, "", said.append)  # half of an installation is served by nobody
    await move(data, target(url), QUIET)
    with pytest.raises(MoveError, match=r"goes on in the new one: name that database as for the move"):
        await refuse_served(data, None, "", said.append)
    await refuse_served(data, url, "x", said.append)
    await _execute(url, "INSERT INTO registry.nodes VALUES ('n', '{}', '', clock_timestamp() + interval '1 hour')")
    with pytest.raises(MoveError, match="1 processes of Chinwag serve this database: stop them first"):
        await refuse_served(data, url, "x", said.append)
    with pytest.raises(MovedError):
        refuse_moved(data)
    # A mark that cannot be read says nothing of whereto; what is named is looked at all the same.
    kept = (data / MOVED).read_bytes()
    (data / MOVED).write_text("?")
    with pytest.raises(MoveError, match="stop them first"):
        await refuse_served(data, url, "x", said.append)
    (data / MOVED).write_bytes(kept)
    shutil.copytree(data, tmp_path / "twin")
    mark(tmp_path / "twin", Move("another", "elsewhere", 1, "moved"))
    with pytest.raises(MoveError, match=r"is not what .* has moved to, which is elsewhere"):
        await refuse_served(tmp_path / "twin", url, "x", said.append)
    assert said == []
    await refuse_served(data, "postgresql://me@127.0.0.1:1/x", "x", said.append)
    assert len(said) == 1
    assert "cannot be reached" in said[0]
    assert "See for yourself that no server runs there" in said[0]


async def test_commands_know_of_it(data: Path, url: str, tmp_path: Path) -> None:
    mark(data, Move("0", "there", 1))
    for command in (("user", "list"), ("invite", "list")):
        ran = await chinwag(*command, "--data-path", data, folder=tmp_path)
        assert ran.code == 1
        assert "is being moved to there, and that has not come to its end" in ran.err
    ran = await chinwag("move", "--back", "please", "--data-path", data, folder=tmp_path)
    assert ran.code == 1
    assert "--back takes the word anyway" in ran.err
    assert "chinwag move --back anyway" in (await chinwag("doctor", "--data-path", data, folder=tmp_path)).out
    (data / MOVED).write_text("?")
    with pytest.raises(MovedError, match="cannot be read"):
        refuse_moved(data)
    ran = await chinwag("move", "--back", "anyway", "--data-path", data, folder=tmp_path)
    assert ran.code == 0, ran.said
    assert "load everything afresh" in ran.out
    refuse_moved(data)


async def test_a_backup_of_a_moved_folder_is_no_moved_folder(data: Path, tmp_path: Path) -> None:
    mark(data, Move("0", "there", 1, "moved"))
    await asyncio.to_thread(back_up, data, tmp_path / "backup", QUIET)
    restored = tmp_path / "restored"
    await asyncio.to_thread(restore, tmp_path / "backup", restored, replace=False, telling=QUIET)
    refuse_moved(restored)
    # Nor is a moved folder in which a backup takes the place of what is there.
    await asyncio.to_thread(restore, tmp_path / "backup", data, replace=True, telling=QUIET)
    refuse_moved(data)
