"""The KeyStore's contract, over every adapter."""

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from chinwag.adapters.files import FileKeyStore, key_store
from chinwag.ports.key_store import KeysDamaged, KeysExposed, KeyStore, StoredKey

Open = Callable[[], KeyStore]


def key(at: int) -> StoredKey:
    made = OKPKey.generate_key("Ed25519")
    return StoredKey(made.thumbprint()[:16], at, made.as_pem(private=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "keys"


@pytest.fixture(params=["files"])
def opener(request: pytest.FixtureRequest, folder: Path) -> Open:
    """Opens the same store, each time anew."""
    assert request.param == "files"
    return lambda: FileKeyStore(folder)


def test_a_new_store_holds_nothing(opener: Open) -> None:
    held = opener().read()
    assert (held.keys, held.secret) == ((), b"")


def test_what_was_added_is_there_for_everybody_the_oldest_first(opener: Open) -> None:
    store, other = opener(), opener()
    young, old = key(2_000_000_000_000), key(7)
    for one in (young, old):
        store.add(one)
    store.begin_secret(b"s" * 32)
    assert other.read() == opener().read()
    assert (other.read().keys, other.read().secret) == ((old, young), b"s" * 32)


def test_what_is_there_stays(opener: Open) -> None:
    store = opener()
    first = key(1)
    store.add(first)
    store.add(StoredKey(first.id, first.created_at, key(1).private))
    store.begin_secret(b"first" * 8)
    opener().begin_secret(b"second" * 8)
    assert store.read().keys == (first,)
    assert store.read().secret == b"first" * 8


def test_removed_keys_are_gone_and_others_stay(opener: Open) -> None:
    store = opener()
    one, two, three = key(1), key(2), key(3)
    for each in (one, two, three):
        store.add(each)
    store.remove([one.id, two.id, "neverthere"])
    store.remove([one.id])
    assert opener().read().keys == (three,)


def test_replacing_leaves_nothing_else(opener: Open) -> None:
    store = opener()
    for at in range(3):
        store.add(key(at))
    store.begin_secret(b"old" * 10)
    new = key(9)
    store.replace(new, b"new" * 10)
    held = opener().read()
    assert (held.keys, held.secret) == ((new,), b"new" * 10)


def test_every_change_shows_in_the_stamp(opener: Open) -> None:
    store, other = opener(), opener()
    seen = [other.stamp()]
    assert other.stamp() == seen[0]
    first = key(1)
    changes: list[Callable[[], None]] = [
        lambda: store.add(first),
        lambda: store.begin_secret(b"s" * 32),
        lambda: store.add(key(2)),
        lambda: store.remove([first.id]),
        lambda: store.replace(key(3), b"t" * 32),
        lambda: store.replace(key(3), b"u" * 32),
    ]
    for change in changes:
        change()
        seen.append(other.stamp())
    assert len(set(seen)) == len(changes) + 1


def test_a_reader_always_finds_a_key_and_a_whole_secret(opener: Open) -> None:
    """While another one replaces all, over and over."""
    store, other = opener(), opener()
    secrets = {bytes([number]) * 32 for number in range(40)}
    store.replace(key(0), b"\0" * 32)
    done = threading.Event()

    def replace() -> None:
        for number in range(1, 40):
            store.replace(key(number), bytes([number]) * 32)
        done.set()

    thread = threading.Thread(target=replace)
    thread.start()
    seen = 0
    while not done.is_set() or not seen:
        held = other.read()
        seen += 1
        assert held.keys
        assert held.secret in secrets
    thread.join()


def test_nothing_shows_a_key_by_its_repr(opener: Open) -> None:
    store = opener()
    store.add(key(1))
    store.begin_secret(b"s3cret" * 8)
    shown = repr(store.read()) + repr(store.read().keys)
    assert "PRIVATE" not in shown
    assert "s3cret" not in shown


# What only files can be


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
