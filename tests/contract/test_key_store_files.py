"""What only keys in files can be."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.test_key_store import key

from chinwag.adapters.files import FileKeyStore, key_store
from chinwag.ports.key_store import KeysDamaged, KeysExposed, KeyStore, StoredKey

Open = Callable[[], KeyStore]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "keys"


@pytest.fixture
def opener(folder: Path) -> Open:
    return lambda: FileKeyStore(folder)


def test_keys_that_are_replaced_while_they_are_read_are_read_again(
    opener: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = opener(), opener()
    store.replace(key(0), b"\0" * 32)
    read, numbers = key_store._key, iter((1, 2))

    def replaced_before(path: Path) -> StoredKey:
        if (number := next(numbers, None)) is not None:
            store.replace(key(number), bytes([number]) * 32)
        return read(path)

    monkeypatch.setattr(key_store, "_key", replaced_before)
    assert [held.created_at for held in other.read().keys] == [2]


def test_files_are_the_owners_alone(opener: Open, folder: Path) -> None:
    store = opener()
    old = os.umask(0)
    try:
        store.add(key(1))
        store.begin_secret(b"s" * 32)
        store.replace(key(2), b"t" * 32)
        store.add(key(3))
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
@pytest.mark.parametrize("what", ["folder", "key", "secret"])
def test_what_others_can_read_or_write_is_refused(opener: Open, folder: Path, what: str, mode: int) -> None:
    store = opener()
    store.add(key(1))
    store.begin_secret(b"s" * 32)
    [pem] = folder.glob("access-*.pem")
    path = {"folder": folder, "key": pem, "secret": folder / "refresh.secret"}[what]
    path.chmod(mode | 0o100 if what == "folder" else mode)
    for use in (
        store.read,
        lambda: store.add(key(2)),
        lambda: store.begin_secret(b""),
        lambda: store.remove([]),
        lambda: opener().read(),
    ):
        with pytest.raises(KeysExposed, match=r"chmod go= .*rotate --leaked"):
            use()
    if what == "folder":
        with pytest.raises(KeysExposed):
            store.replace(key(3), b"t" * 32)
        folder.chmod(0o700)
    store.replace(key(3), b"t" * 32)
    assert len(opener().read().keys) == 1


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\0" * 119])
def test_a_damaged_key_says_so(opener: Open, folder: Path, content: bytes) -> None:
    store = opener()
    store.add(key(1))
    [pem] = folder.glob("access-*.pem")
    pem.write_bytes(content)
    with pytest.raises(KeysDamaged, match=str(pem)):
        store.read()


def test_an_empty_secret_says_so(opener: Open, folder: Path) -> None:
    store = opener()
    store.begin_secret(b"s" * 32)
    (folder / "refresh.secret").write_bytes(b"")
    with pytest.raises(KeysDamaged, match=r"refresh\.secret"):
        store.read()


def test_replacing_takes_away_what_a_killed_start_left(opener: Open, folder: Path) -> None:
    store = opener()
    store.add(key(1))
    [pem] = folder.glob("access-*.pem")
    for draft in (f".{pem.name}.0a1b2c3d", ".0123456789abcdef.partial"):
        (folder / draft).write_bytes(pem.read_bytes())
    (folder / "README").write_text("not ours")
    store.replace(key(2), b"t" * 32)
    assert sorted(path.name.split("-")[0] for path in folder.iterdir()) == ["README", "access", "refresh.secret"]
