"""Data that is damaged or not whole is told of in words, and never passes for a new server's."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.life.commands import chinwag
from tests.support.people import Crowd

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded.data_directory import DamagedDataError, begin, open_rocksdb
from chinwag.adapters.relational import open_directory
from chinwag.domain.ids import ClientId
from chinwag.life.folder import DIRECTORY, MESSAGES
from chinwag.life.whole import MissingPartError, refuse_half
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

PORTS = ("--server-port", "0", "--observe-port", "0")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a server that was stopped after people had talked on it."""

    async def talk() -> None:
        process = ServerProcess(tmp_path_factory.getbasetemp() / "used")
        try:
            await process.start()
            crowd = Crowd(process)
            anna, berta = await crowd.people("anna", "berta")
            assert isinstance(await anna.ask(Send(ClientId("one"), Text("hello"), to=berta.account)), Ack)
            await crowd.leave()
            assert await process.stop() == 0
        finally:
            process.end()

    asyncio.run(talk())
    return tmp_path_factory.getbasetemp() / "used"


@pytest.fixture
def data(used: Path, tmp_path: Path) -> Path:
    """A copy of it, to be harmed."""
    shutil.copytree(used, tmp_path / "data")
    return tmp_path / "data"


def _garbage(path: Path) -> None:
    path.write_bytes(b"\xffthis is none of ours\n" * 400)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def _damage_key(data: Path) -> None:
    _garbage(next((data / "keys").glob("access-*.pem")))


def _empty_messages(data: Path) -> None:
    shutil.rmtree(data / MESSAGES)
    (data / MESSAGES).mkdir()


def _take_directory(data: Path) -> None:
    for path in data.glob(f"{DIRECTORY}*"):
        path.unlink()


def _empty_directory(data: Path) -> None:
    _take_directory(data)
    (data / DIRECTORY).touch()


def _kill(data: Path) -> None:
    """Leave the store as a server leaves it that was started and killed: its newest rows are in the journal alone."""
    folder = data / MESSAGES
    db = open_rocksdb(folder, 1 << 20)
    begin(db, folder, lambda: 1)
    shutil.copytree(folder, data / "killed")
    db.close()
    shutil.rmtree(folder)
    (data / "killed").rename(folder)


def _lose(data: Path, pattern: str) -> None:
    lost = list((data / MESSAGES).glob(pattern))
    assert lost
    for path in lost:
        path.unlink()


def _lose_a_table(data: Path) -> None:
    db = open_rocksdb(data / MESSAGES, 1 << 20)
    db.flush()
    db.close()
    _lose(data, "*.sst")


def _lose_the_journal(data: Path) -> None:
    _kill(data)
    _lose(data, "*.log")


def _cut_the_journal(data: Path) -> None:
    _kill(data)
    journal = max((data / MESSAGES).glob("*.log"), key=lambda path: path.stat().st_size)
    _cut(journal)


HARMS: dict[str, Callable[[Path], object]] = {
    "the directory is no database": lambda data: _garbage(data / DIRECTORY),
    "the directory's pages are gone": lambda data: _cut(data / DIRECTORY),
    "the store's list of files is damaged": lambda data: _garbage(next((data / MESSAGES).glob("MANIFEST-*"))),
    "the store's pointer is damaged": lambda data: _garbage(data / MESSAGES / "CURRENT"),
    "a journal is missing": _lose_the_journal,
    "a journal is cut short": _cut_the_journal,
    "a table is missing": _lose_a_table,
    "the note of how far the store goes is damaged": lambda data: _garbage(data / MESSAGES / "written.json"),
    "a key is damaged": _damage_key,
    "a key is empty": lambda data: next((data / "keys").glob("access-*.pem")).write_bytes(b""),
    "the secret is empty": lambda data: (data / "keys" / "refresh.secret").write_bytes(b""),
    "messages are missing": lambda data: shutil.rmtree(data / MESSAGES),
    "messages are an empty folder": _empty_messages,
    "the directory is missing": _take_directory,
    "the directory is empty": _empty_directory,
}


def _sizes(data: Path) -> dict[str, int]:
    """The files of the folder itself, without what SQLite keeps beside its own while it is open."""
    return {path.name: path.stat().st_size for path in data.iterdir() if path.is_file() and "-" not in path.name}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
async def test_a_server_does_not_start_on_it_and_says_why(
    harm: Callable[[Path], object], data: Path, tmp_path: Path
) -> None:
    harm(data)
    before = _sizes(data)
    ran = await chinwag("serve", "--data-path", data, *PORTS, folder=tmp_path)
    assert ran.code == 1
    assert "Traceback" not in ran.said
    assert str(data) in ran.err.replace("\n", "")
    assert _sizes(data) == before, "nothing is made where something is missing"


COMMANDS = ("user list", "invite list", "audit", "keys rotate", "backup elsewhere", "export", "status")


@pytest.mark.parametrize(
    ("harm", "commands"),
    [
        ("messages are missing", COMMANDS),
        # all commands ask the same before they open anything
        ("the directory is missing", COMMANDS[:1]),
        ("the directory is empty", COMMANDS[:1]),
    ],
)
async def test_no_command_begins_a_new_life_in_half_a_folder(
    harm: str, commands: tuple[str, ...], data: Path, tmp_path: Path
) -> None:
    HARMS[harm](data)
    for command in commands:
        ran = await chinwag(*command.split(), "--data-path", data, folder=tmp_path)
        assert ran.code == 1, command
        assert "Traceback" not in ran.said, command
    with pytest.raises(MissingPartError):
        refuse_half(data)


def test_a_first_start_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    async def begin(*parts: str) -> None:
        if MESSAGES in parts:
            await (await open_embedded(tmp_path)).close()
        if DIRECTORY in parts:
            await (await open_directory(tmp_path / DIRECTORY)).close()

    refuse_half(tmp_path)
    asyncio.run(begin(MESSAGES))
    refuse_half(tmp_path)
    (tmp_path / DIRECTORY).touch()
    refuse_half(tmp_path)
    asyncio.run(begin(DIRECTORY))
    refuse_half(tmp_path)
    shutil.rmtree(tmp_path / MESSAGES)
    refuse_half(tmp_path)


async def test_accounts_may_be_added_before_the_first_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("anna", "berta"):
        ran = await chinwag(
            "user", "add", name, "--data-path", "data", folder=tmp_path, CHINWAG_PASSWORD="a good password"
        )
        assert ran.code == 0, ran.err
    refuse_half(tmp_path / "data")


def test_a_folder_whose_accounts_an_earlier_version_put_elsewhere_says_where(used: Path, tmp_path: Path) -> None:
    shutil.copytree(used, tmp_path / "srv#1")
    for path in (tmp_path / "srv#1").glob(f"{DIRECTORY}*"):
        path.unlink()
    (tmp_path / "srv#1" / DIRECTORY).touch()
    with pytest.raises(MissingPartError, match="outside of it"):
        refuse_half(tmp_path / "srv#1")


def test_what_a_kill_leaves_is_whole_and_so_is_a_journal_put_back(data: Path, tmp_path: Path) -> None:
    _kill(data)
    shutil.copytree(data, tmp_path / "kept")
    _lose(data, "*.log")
    for _ in range(2):
        with pytest.raises(DamagedDataError, match="has lost messages"):
            open_rocksdb(data / MESSAGES, 1 << 20)
    for path in (tmp_path / "kept" / MESSAGES).glob("*.log"):
        shutil.copy(path, data / MESSAGES)
    open_rocksdb(data / MESSAGES, 1 << 20).close()
    _lose(data, "*.log")
    open_rocksdb(data / MESSAGES, 1 << 20).close()  # it was closed in good order: its journal held nothing any more
