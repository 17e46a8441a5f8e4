"""Size and speed of the search index in its file: what a message costs, and what a query takes.

    python -m bench.search_index [--messages 1000000] [--queries 300]

Messages of about 12 words by Zipf's law, of 50,000 words that differ; a third of them Chinese, of about 25 characters.
They lie in 10,000 conversations, the busiest hundred of which have a third of all. One person is asked for who is in 10
conversations, and one who is in 2,000. A query is a common, a middling or a rare word, a phrase of two words, the
beginning of a word, or two characters of Chinese. The index alone is timed: what its places cost to read comes on top,
and is a read of a row each.
"""

import argparse
import asyncio
import itertools
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from chinwag.adapters.embedded.search_index import EmbeddedSearchIndex
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.message_query import phrases_of
from chinwag.domain.terms import terms
from chinwag.ports.search_index import Findable, Place, Wanted

BATCH: Final = 500
CONVERSATIONS: Final = 10_000
WORDS: Final = 50_000
PAGE: Final = 50


class Talk:
    """Texts, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        self.words = ["".join(self._random.choices(letters, k=self._random.randint(2, 10))) for _ in range(WORDS)]
        self._by_word = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))
        self.han = [chr(code) for code in self._random.sample(range(0x4E00, 0x9FA5), 5_000)]
        self._by_han = list(itertools.accumulate(1 / rank for rank in range(1, 5_001)))

    def text(self) -> str:
        if self._random.random() < 1 / 3:
            count = self._random.randint(5, 45)
            return "".join(self._random.choices(self.han, cum_weights=self._by_han, k=count))
        return " ".join(self._random.choices(self.words, cum_weights=self._by_word, k=self._random.randint(4, 20)))

    def conversation(self) -> ConversationId:
        busy = self._random.random() < 1 / 3
        return ConversationId(f"g~{self._random.randrange(100 if busy else CONVERSATIONS)}")

    def query(self) -> str:
        kind = self._random.randrange(6)
        if kind == 3:
            return f'"{self.words[self._random.randrange(20)]} {self.words[self._random.randrange(20)]}"'
        if kind == 4:
            return self.words[self._random.randrange(1_000)][:3]
        if kind == 5:
            return "".join(self._random.choices(self.han[:200], k=2))
        return f'"{self.words[self._random.randrange((20, 1_000, WORDS)[kind])]}"'


def messages(talk: Talk, count: int) -> Iterator[tuple[Place, AccountId, str]]:
    for number in range(count):
        place = Place(1_700_000_000_000 + number * 50, talk.conversation(), number)
        yield place, AccountId(str(number % 977)), talk.text()


async def fill(index: EmbeddedSearchIndex, talk: Talk, count: int) -> tuple[float, float, int]:
    """Seconds for terms, seconds for writing, characters."""
    making = writing = 0.0
    characters = 0
    source = messages(talk, count)
    while batch := list(itertools.islice(source, BATCH)):
        began = time.perf_counter()
        rows = [Findable(place, sender, terms(text)) for place, sender, text in batch]
        made = time.perf_counter()
        now = await index.progress()
        assert await index.write(rows, now, now)
        making, writing = making + made - began, writing + time.perf_counter() - made
        characters += sum(len(text) for _, _, text in batch)
    return making, writing, characters


async def ask(index: EmbeddedSearchIndex, talk: Talk, mine: Sequence[ConversationId], queries: int) -> list[float]:
    """Milliseconds of each query, rising."""
    took = []
    for _ in range(queries):
        wanted = Wanted(conversations=mine, phrases=phrases_of(talk.query()))
        began = time.perf_counter()
        await index.find(wanted, PAGE)
        took.append((time.perf_counter() - began) * 1e3)
    return sorted(took)


async def measure(folder: Path, count: int, queries: int) -> None:
    talk = Talk(1)
    path = folder / "search.sqlite"
    index = await EmbeddedSearchIndex.open(path)
    making, writing, characters = await fill(index, talk, count)
    await index.close()
    size = path.stat().st_size
    print(f"{count:,} messages of {characters / count:.0f} characters")
    print(
        f"  terms {making / count * 1e6:.1f} us, writing {writing / count * 1e6:.1f} us, {size / count:.0f} bytes each"
    )
    print(f"  {making + writing:.0f} s and {size / 1e6:,.0f} MB in all")
    index = await EmbeddedSearchIndex.open(path)
    for many in (10, 2_000):
        # Half of them among the busy ones, as far as there are so many.
        busy = min(50, many // 2)
        mine = [ConversationId(f"g~{number}") for number in (*range(busy), *range(100, 100 + many - busy))]
        took = await ask(index, talk, mine, queries)
        middle, high = took[len(took) // 2], took[int(len(took) * 0.99)]
        print(f"  {many:,} conversations: p50 {middle:.1f} ms, p99 {high:.1f} ms, longest {took[-1]:.1f} ms")
    await index.close()


def hold(text: str) -> float:
    """The longest for which making a text's terms in a thread has kept another thread waiting, in milliseconds."""
    longest = 0.0
    working = threading.Thread(target=terms, args=(text,))
    working.start()
    last = time.perf_counter()
    while working.is_alive():
        time.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest * 1e3


def holds() -> None:
    """Of texts of 99,999 characters that cost most."""
    some = {
        "Han": "".join(random.Random(1).choices([chr(code) for code in range(0x4E00, 0x9FFF)], k=99_999)),
        "marks": "\u0301\u0316" * 49_999,
        "marks on letters": ("a" + "\u0301\u0316" * 500) * 99,
        "ligatures of four words": "\ufdfa" * 99_999,
        "emoji": "\U0001f44d" * 99_999,
        "all scripts": "".join(random.Random(1).choices([chr(code) for code in range(0x20, 0xD800)], k=99_999)),
    }
    for name, text in some.items():
        began = time.perf_counter()
        terms(text)
        took = (time.perf_counter() - began) * 1e3
        print(f"  99,999 characters, {name}: {took:.0f} ms of work, another thread waits {hold(text):.1f} ms at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=300)
    given = parser.parse_args()
    holds()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), given.messages, given.queries))


if __name__ == "__main__":
    main()
