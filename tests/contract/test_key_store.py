"""The KeyStore's contract, over every adapter."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.relational.postgres import prepare_postgres_directory
from chinwag.adapters.relational.sealed_keys import SealedKeyStore
from chinwag.ports.key_store import KeyStore, StoredKey

Open = Callable[[], KeyStore]


def key(at: int) -> StoredKey:
    made = OKPKey.generate_key("Ed25519")
    return StoredKey(made.thumbprint()[:16], at, made.as_pem(private=True))


@pytest.fixture(params=["files", "sealed"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store, each time anew."""
    if request.param == "files":
        return lambda: FileKeyStore(tmp_path / "new" / "keys")
    url = request.getfixturevalue("postgres_url")
    asyncio.run(prepare_postgres_directory(url))
    return lambda: SealedKeyStore(url, b"the secret of one cluster, shared")


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


def test_keys_of_pushes_lie_beside_those_of_tokens(opener: Open) -> None:
    store = opener()
    token, younger, older = key(1), key(3), key(2)
    pushes = [StoredKey(one.id, one.created_at, one.private, "push") for one in (younger, older)]
    store.add(token)
    stamp = store.stamp()
    for one in pushes:
        store.add(one)
    assert store.stamp() != stamp
    held = opener().read()
    assert (held.keys, held.push) == ((token,), (pushes[1], pushes[0]))
    store.remove([younger.id])
    assert opener().read().push == (pushes[1],)
    store.replace(key(9), b"new" * 10)
    assert opener().read().push == (), "after a leak none of them is good"


def test_a_store_with_keys_of_pushes_alone_has_none_of_tokens(opener: Open) -> None:
    store = opener()
    push = StoredKey(key(2).id, 2, key(2).private, "push")
    store.add(push)
    assert (opener().read().keys, opener().read().push) == ((), (push,))


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
