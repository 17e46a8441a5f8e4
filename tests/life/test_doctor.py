"""The doctor on set-ups that are broken in one way each, and on one that is well."""

import asyncio
import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.life.commands import chinwag

from chinwag.adapters.embedded import keys, open_embedded, values
from chinwag.adapters.embedded.data_directory import FORMAT, begin, open_rocksdb
from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.relational import open_directory
from chinwag.config import Config, Observe, Push, Server
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.ids import AccountId
from chinwag.domain.look_alike import look_alike_key
from chinwag.flow.clock import system_clock
from chinwag.life.doctor import Finding, Level
from chinwag.life.doctor.data import data_folder
from chinwag.life.doctor.machine import clock, disk, files, sync_latency
from chinwag.life.doctor.media import ORPHAN_MS, media
from chinwag.life.doctor.network import certificate, ports
from chinwag.life.doctor.pushes import pushes
from chinwag.life.doctor.software import fits, software
from chinwag.life.folder import DIRECTORY, MEDIA, MESSAGES, RESTORING
from chinwag.ports.directory import Account, Avatar, Blob


def levels(findings: list[Finding]) -> dict[str, Level]:
    """The worst level of each subject."""
    order = list(Level)
    found: dict[str, Level] = {}
    for finding in findings:
        found[finding.subject] = max(found.get(finding.subject, Level.OK), finding.level, key=order.index)
        assert finding.advice or finding.level is Level.OK, f"{finding} does not say what to do"
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is well, with nobody in it."""
    made = tmp_path / "data"
    made.mkdir(mode=0o700)

    async def make() -> None:
        await (await open_embedded(made)).close()
        await (await open_directory(made / DIRECTORY)).close()

    asyncio.run(make())
    return made


def test_a_good_folder(data: Path) -> None:
    assert set(levels(list(data_folder(data, False))).values()) == {Level.OK}


def test_folders_with_something_wrong(data: Path, tmp_path: Path) -> None:
    data.chmod(0o755)
    assert levels(list(data_folder(data, False)))["permissions"] is Level.FAIL
    data.chmod(0o700)
    (data / RESTORING).mkdir()
    assert levels(list(data_folder(data, False)))["data folder"] is Level.FAIL
    (data / RESTORING).rmdir()
    (data / ".replaced-1").mkdir()
    assert levels(list(data_folder(data, False)))["data folder"] is Level.WARN
    (tmp_path / "file").touch()
    assert levels(list(data_folder(tmp_path / "file", False)))["data folder"] is Level.FAIL
    (data / DIRECTORY).write_bytes(b"no database" * 100)
    assert levels(list(data_folder(data, False)))["directory"] is Level.FAIL


@pytest.mark.parametrize("part", [".", MESSAGES, DIRECTORY, "keys", "keys/some.pem", "what another version put there"])
@pytest.mark.parametrize(
    ("mode", "told"),
    [(0o777, {"read", "write"}), (0o702, {"write"}), (0o720, {"write"}), (0o740, {"read"}), (0o701, {"read"})],
)
def test_what_others_may_read_or_write_is_told(data: Path, part: str, mode: int, told: set[str]) -> None:
    (data / "keys").mkdir(mode=0o700, exist_ok=True)
    if not (data / part).exists():
        (data / part).touch(mode=0o600)
    for path in (data, *data.iterdir()):
        path.chmod(0o700)
    (data / part).chmod(mode)
    findings = [one for one in data_folder(data, False) if one.subject == "permissions"]
    assert {one.level for one in findings} == {Level.FAIL}
    assert {one.found.split()[2] for one in findings} == told
    name = (data / part).relative_to(data.parent).as_posix()
    assert all(name in one.found for one in findings)


def test_a_journal_that_is_gone_is_told(data: Path) -> None:
    folder = data / MESSAGES
    db = open_rocksdb(folder, 1 << 20)
    begin(db, folder, lambda: 1)
    shutil.copytree(folder, data / "killed")
    db.close()
    shutil.rmtree(folder)
    (data / "killed").rename(folder)
    for path in folder.glob("*.log"):
        path.unlink()
    told = [one.found for one in data_folder(data, False) if one.level is Level.FAIL]
    assert any("has lost some" in one for one in told)


def test_names_that_look_alike_are_told_of(data: Path) -> None:
    with contextlib.closing(sqlite3.connect(data / DIRECTORY)) as database, database:
        for number, name in enumerate(("anna", "\u0430nna", "berta")):
            database.execute(
                "INSERT INTO accounts (id, name, name_key, look_alike, display_name, about, settings, password, admin, "
                "disabled, created_at, version) VALUES (?, ?, ?, ?, '', '', '{}', '', 0, 0, 1, 1)",
                (str(number), name, name, look_alike_key(name)),
            )
    told = [finding for finding in data_folder(data, runs=False) if finding.subject == "names"]
    assert [finding.level for finding in told] == [Level.WARN]
    assert "'anna' (id 0) and '\\u0430nna' (id 1)" in told[0].found


def test_a_newer_format_and_a_damaged_store(data: Path) -> None:
    db = open_rocksdb(data / "messages", 1 << 20)
    db[keys.FORMAT] = values.sealed(FORMAT + 1)
    db.close()
    assert levels(list(data_folder(data, False)))["data format"] is Level.FAIL
    (data / "messages" / "CURRENT").write_text("nothing")
    assert levels(list(data_folder(data, False)))["messages"] is Level.FAIL


async def test_a_folder_that_is_locked_by_somebody_silent(process: ServerProcess) -> None:
    await process.start()
    assert levels(list(data_folder(process.data, False)))["lock"] is Level.WARN
    assert "lock" not in levels(list(data_folder(process.data, True)))


def test_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = Config(server=Server(port=port), observe=Observe(port=0))
        assert levels(list(ports(config, None))) == {"public port": Level.FAIL, "operators' port": Level.OK}
    elsewhere = Config(server=Server(host="192.0.2.1", port=0), observe=Observe(port=0))
    assert levels(list(ports(elsewhere, None)))["public port"] is Level.FAIL


def test_the_machine(tmp_path: Path) -> None:
    assert levels(list(files(10)))["open files"] is Level.OK
    assert levels(list(files(10**9)))["open files"] is Level.WARN
    assert set(levels(list(disk(tmp_path / "not" / "there")))) == {"disk"}
    assert set(levels(list(sync_latency(tmp_path)))) == {"disk sync"}
    assert not list(tmp_path.iterdir()), "the measurement leaves nothing"


def test_clocks(tmp_path: Path) -> None:
    assert levels(list(clock(tmp_path, lambda: 0.0)))["clock"] is Level.FAIL
    (tmp_path / "messages").mkdir()
    newest = tmp_path / "messages" / "000001.log"
    newest.touch()
    os.utime(newest, (time.time() + 7200, time.time() + 7200))
    assert levels(list(clock(tmp_path)))["clock"] is Level.FAIL


def test_certificates(tmp_path: Path) -> None:
    key, chain, other = tmp_path / "key.pem", tmp_path / "chain.pem", tmp_path / "other.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "90"]
    subprocess.run([*make, "-keyout", key, "-out", chain], check=True, capture_output=True)
    subprocess.run([*make, "-keyout", other, "-out", tmp_path / "chain2.pem"], check=True, capture_output=True)
    key.chmod(0o600)
    day, now = 86_400, time.time()
    at = [now, now + 80 * day, now + 100 * day, now - day]
    found = [levels(list(certificate(chain, key, moment)))["certificate"] for moment in at]
    assert found == [Level.OK, Level.WARN, Level.FAIL, Level.FAIL]
    assert levels(list(certificate(chain, other)))["certificate"] is Level.FAIL
    assert levels(list(certificate(tmp_path / "nothing", key)))["certificate"] is Level.FAIL
    key.chmod(0o644)
    assert levels(list(certificate(chain, key)))["certificate"] is Level.WARN
    assert not list(certificate(None, None))


def test_software() -> None:
    assert levels(list(software())) == {"python": Level.OK, "packages": Level.OK}
    assert fits("2.3.4", "~=2.3.1")
    assert not fits("2.4.0", "~=2.3.1")
    assert not fits("2.3.0", "~=2.3.1")
    assert fits("50.2", ">=50,<60")
    assert not fits("60.0", ">=50,<60")


async def test_the_command(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    port = process.url.rpartition(":")[2]
    own = ("--data-path", process.data, "--server-port", port, "--observe-port", process.observe.rpartition(":")[2])
    ran = await chinwag("doctor", *own, folder=tmp_path)
    assert ran.code == 0, ran.said
    assert f"this data folder's server answers at {process.url}" in ran.out
    taken = ("--data-path", tmp_path / "other", "--server-port", port, "--observe-port", "0")
    ran = await chinwag("doctor", *taken, folder=tmp_path)
    assert ran.code == 1
    assert "is taken by another Chinwag server" in ran.out
    ran = await chinwag("doctor", "--presence-heartbeat-seconds", "lots", folder=tmp_path)
    assert ran.code == 1
    assert "presence.heartbeat_seconds" in ran.out


async def _blob(data: Path, content: bytes) -> str:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    store = FileMediaStore(data / MEDIA)
    try:
        return (await store.put(pieces())).hash
    finally:
        await store.close()


async def _named(data: Path, *hashes: str) -> None:
    directory = await open_directory(data / DIRECTORY)
    async with directory.transaction() as transaction:
        account = Account(AccountId("1"), "ann", "", "", AccountSettings(), False, 1)
        await transaction.accounts.create(account, name_key("ann"), "")
        for number, hash_ in enumerate(hashes):
            await transaction.blobs.claim([Blob(hash_, 1, 1)])
            await transaction.avatars.add(Avatar(str(number), account.id, None, hash_, 1, 1, placed=True))
    await directory.close()


def test_media_that_are_missing_nobodys_or_damaged(data: Path) -> None:
    assert list(media(data)) == []
    kept, lost, stray = (asyncio.run(_blob(data, content)) for content in (b"kept", b"lost", b"stray"))
    asyncio.run(_named(data, kept, lost))
    now = system_clock()
    found = list(media(data, now))
    assert levels(found) == {"media": Level.OK}
    assert [finding.found for finding in found] == [
        "all 2 files are there",
        "2 of 2 files were read, and are as they were",
    ]
    later = now + ORPHAN_MS + 1
    found = list(media(data, later))
    assert [one.found for one in found if one.level is Level.WARN] == [f"1 files are nobody's: {stray[:12]}"]
    path = data / MEDIA / lost[:2] / lost[2:4] / lost
    path.write_bytes(b"lots")
    found = list(media(data, now))
    assert [one.found for one in found if one.level is Level.FAIL] == [
        f"1 files are not what they were, or cannot be read: {lost[:12]}"
    ]
    path.unlink()
    found = list(media(data, now))
    assert [one.found for one in found if one.level is Level.FAIL] == [f"1 of 2 files are missing: {lost[:12]}"]
    assert list(media(data, now, read_seconds=-1.0))[-1].found == "0 of 1 files were read, and are as they were"


def test_pushes_that_could_go_anywhere_or_nowhere(tmp_path: Path) -> None:
    good = Push(contact="mailto:op@example.org")
    assert levels(list(pushes(Push()))) == levels(list(pushes(good))) == {"pushes": Level.OK}
    assert levels(list(pushes(Push(contact=good.contact, hosts=("*",))))) == {"pushes": Level.WARN}
    assert levels(list(pushes(Push(contact=good.contact, allow_this_machine=True)))) == {"pushes": Level.FAIL}
    nothing = tmp_path / "nothing.json"
    assert levels(list(pushes(Push(fcm_service_account_file=nothing)))) == {"pushes": Level.FAIL}
    nothing.write_text("{}")
    nothing.chmod(0o600)
    assert levels(list(pushes(Push(fcm_service_account_file=nothing)))) == {"pushes": Level.FAIL}
    apple = Push(apns_key_file=nothing, apns_key_id="ABCDEFGHIJ", apns_team_id="ABCDEFGHIJ")
    assert levels(list(pushes(apple))) == {"pushes": Level.FAIL}
