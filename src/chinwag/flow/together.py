"""Single questions read many at a time: when everybody comes at once, a read for each of them would be the queue."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST: Final = 200
"""Questions of one read."""


class Together(Generic[K, V]):
    """Those who ask while a read is under way share the next one. An answer is never older than its question.

    As many questions may wait as there are askers; who asks bounds how long.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`read` answers up to `MOST` different questions, each of them; what it raises all of them get."""
        self._read = read
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def ask(self, question: K) -> V:
        """The answer. Raises what the read raised. Who asks may be cancelled without harm to the others."""
        answer = self._waiting.get(question)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._waiting[question] = loop.create_future()
            if self._reading is None:
                self._reading = loop.create_task(self._read_all())
        return await asyncio.shield(answer)

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                asked = {question: self._waiting.pop(question) for question in list(islice(self._waiting, MOST))}
                try:
                    found = await self._read(tuple(asked))
                    for question, answer in asked.items():
                        answer.set_result(found[question])
                except Exception as failure:
                    for answer in asked.values():
                        if not answer.done():
                            answer.set_exception(failure)
                            answer.exception()  # seen, also if everybody who asked has gone meanwhile
        finally:
            self._reading = None
