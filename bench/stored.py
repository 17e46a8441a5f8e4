"""Message stores that hold a lot already, for B7: written once, kept, and copied for each round.

A tenth as many conversations as a busy server has, but of every kind: the pairs that are measured hold a fifth of the
messages, people who are away the rest, some of it in groups. Each message has its send key, each member its inbox
entries, a few messages to a chunk; texts are of words that do not repeat, so that they take room as texts do. They are
written through the store's own port, without a sync each; then RocksDB is left alone until it has nothing to tidy up,
as on a server that has run for long. It is not compacted by force: that would be too good.
"""

import asyncio
import fcntl
import os
import random
import shutil
import string
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rocksdict import Rdict, WriteBatch, WriteOptions

import data
from chinwag.adapters.embedded.data_directory import FORMAT
from chinwag.domain.conversation import Conversation
from chinwag.load.peer import TEXT_CHARACTERS, Login
from data import Book, Person
from trouble import BenchError, need_room

LAYOUT = 1
"""Raise it with any change of what is written here: sets of another layout are written anew."""
PREFIX = "stored-"
NAME = f"{PREFIX}{LAYOUT}-format-{FORMAT}"
COUNTS = (0, 1_000_000, 10_000_000)
PAIRS = 100
DIRECT = 4_000
GROUPS = 50
GROUP_MEMBERS = 20
SHARES = (0.2, 0.7, 0.1)
"""Of the messages: in the pairs that are measured, in direct conversations of others, in groups of others."""
OTHERS = 2_000
STRETCH = 4
"""Messages of one sender in a row, and in one chunk."""
BATCH = 250
"""Stretches of one write."""
TEXTS = 4_096
WORDS = 2_000
SEED = 7
GIGABYTES_FOR_EACH = 0.5e-6
"""Room to write one message, several times what it takes in the end."""
TIDY_SECONDS = 900.0
TOLD_SECONDS = 10.0

_UNSYNCED = WriteOptions()
_UNSYNCED.disable_wal = True  # type: ignore[method-assign, assignment]  # the stubs know no property


def _write_unsynced(db: Rdict, rows: WriteBatch) -> None:
    db.write(rows, _UNSYNCED)


class Sets:
    """The stores below a folder. counts: how many messages each holds, at this scale."""

    def __init__(self, root: Path, scale: float, say: Callable[[str], None]) -> None:
        self.counts = tuple(int(count * scale) for count in COUNTS)
        self._root = root
        self._say = say

    @property
    def there(self) -> bool:
        """Whether nothing has to be written."""
        return all(self._path(count).exists() for count in self.counts)

    def prepare(self) -> None:
        """Write what is not there, and remove what an earlier version has written. Raises `BenchError`."""
        with _alone(self._root / f"{PREFIX}lock"):
            for stale in self._root.glob(f"{PREFIX}*-format-*"):
                if stale.name != NAME:
                    self._say(f"removing {stale}, of another version")
                    shutil.rmtree(stale)
            for count in self.counts:
                if not self._path(count).exists():
                    self._make(count)

    def copy(self, count: int, folder: Path) -> tuple[Login, ...]:
        """Make `folder` a data folder with `count` messages stored; those who are measured, two by two.

        Tables never change once written, so they are linked and not copied.
        """
        people = msgspec.json.decode((self._path(count) / "people.json").read_bytes(), type=list[Person])
        source, target = self._path(count) / "messages", folder / "messages"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.mkdir(mode=0o700)
        for file in source.iterdir():
            if file.suffix == ".sst":
                os.link(file, target / file.name)
            elif file.name != "LOCK" and not file.name.startswith("LOG"):
                shutil.copy2(file, target / file.name)
        asyncio.run(data.add_people(folder, people))  # after the messages: it makes what is not there yet
        return data.logins(folder, people)

    def _path(self, count: int) -> Path:
        return self._root / NAME / str(count)

    def _make(self, count: int) -> None:
        need_room(self._root, GIGABYTES_FOR_EACH * count)
        part, began = self._path(count).with_suffix(".part"), time.monotonic()
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        people = data.new_people(2 * PAIRS)
        asyncio.run(self._fill(part, people, count))
        (part / "people.json").write_bytes(msgspec.json.encode(people))
        part.rename(self._path(count))
        if count:
            size = sum(file.stat().st_size for file in (self._path(count) / "messages").iterdir()) / 1e9
            took = time.monotonic() - began
            self._say(f"B7: {count:,} messages are stored in {self._path(count)}: {size:.2f} GB, {took:.0f} s")

    async def _fill(self, folder: Path, people: list[Person], count: int) -> None:
        async with data.opened(folder, write=_write_unsynced) as book:
            if not count:
                return
            town = await Town.built(book, people)
            began = told = time.monotonic()
            written = 0
            while written < count:
                written += await town.write(min(BATCH, -(-(count - written) // STRETCH)))
                now = time.monotonic()
                if now - told > TOLD_SECONDS:
                    told = now
                    left = (now - began) * (count - written) / written
                    self._say(f"B7: {written:,} of {count:,} messages written, about {left:.0f} s to go")
            await book.settle(_tidied)


class Town:
    """Who writes to whom before anything is measured."""

    def __init__(self, book: Book, senders: list[list[Person]], states: list[Conversation], weights: list[float]):
        self._book = book
        self._senders = senders
        self._states = states
        self._weights = weights
        self._random = random.Random(SEED)
        self._texts = _texts(self._random)

    @classmethod
    async def built(cls, book: Book, people: list[Person]) -> "Town":
        """Conversations of `people`, two by two, and of many others."""
        others, choice = data.new_people(OTHERS), random.Random(SEED)
        couples = {tuple(sorted(choice.sample(range(OTHERS), 2))) for _ in range(DIRECT)}
        talks = [people[index : index + 2] for index in range(0, len(people), 2)]
        apart = [[others[index] for index in couple] for couple in sorted(couples)]
        crowds = [choice.sample(others, GROUP_MEMBERS) for _ in range(GROUPS)]
        states = [book.direct(*pair) for pair in (*talks, *apart)] + [await book.group(crowd) for crowd in crowds]
        weights = [share / len(kind) for share, kind in zip(SHARES, (talks, apart, crowds), strict=True) for _ in kind]
        return cls(book, [*talks, *apart, *crowds], states, weights)

    async def write(self, stretches: int) -> int:
        """Some stretches as one commit; how many messages that was."""
        commits = []
        for index in self._random.choices(range(len(self._states)), self._weights, k=stretches):
            sender = self._random.choice(self._senders[index])
            commit = self._book.messages(self._states[index], sender, STRETCH, self._text)
            self._states[index] = commit.state
            commits.append(commit)
        await self._book.commit(commits)
        return stretches * STRETCH

    def _text(self, _: str, number: int) -> str:
        return self._texts[(number * 31 + self._random.getrandbits(12)) % TEXTS]


def _texts(choice: random.Random) -> list[str]:
    words = ["".join(choice.choices(string.ascii_lowercase, k=choice.randint(2, 9))) for _ in range(WORDS)]
    return [" ".join(choice.choices(words, k=TEXT_CHARACTERS))[:TEXT_CHARACTERS] for _ in range(TEXTS)]


def _tidied(db: Rdict) -> None:
    """Write what is in memory to tables, and wait until RocksDB has nothing to compact by itself."""
    db.flush(True)
    names = ("rocksdb.num-running-compactions", "rocksdb.compaction-pending", "rocksdb.num-running-flushes")
    deadline = time.monotonic() + TIDY_SECONDS
    while any(db.property_int_value(name) for name in names):
        if time.monotonic() > deadline:
            raise BenchError(f"RocksDB has not come to rest within {TIDY_SECONDS:.0f} s")
        time.sleep(0.1)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two benches must not write the same set: the second waits, and finds it there."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
