"""Single questions read many at a time: when everybody comes at once, a read for each of them would be the queue."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.cancelled import end_if_told
from chinwag.ports.directory import PAGE_MAX

K = TypeVar("K")
V = TypeVar("V")

MOST: Final = PAGE_MAX
"""Questions of one read."""
PAUSE: Final = 0.01
"""Seconds from one read to the next. A caller is not held up when nobody asked lately."""

GIVEN_UP: Final = Refused(Code.UNAVAILABLE, "the read was given up", 1.0)


class Together(Generic[K, V]):
    """Those who ask during a read, or just after it, share the next one. An answer is never older than its question.

    As many questions may wait as there are askers; who asks bounds how long.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`read` answers up to `MOST` different questions, each of them; what it raises all of them get. If something
        that it waits for is cancelled they get `unavailable`."""
        self._read = read
        self._waiting: dict[K, list[asyncio.Future[V]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def ask(self, question: K) -> V:
        """The answer. Raises what the read raised. A caller may be cancelled without harm to the others."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V] = loop.create_future()
        self._waiting.setdefault(question, []).append(answer)
        if self._reading is None:
            self._reading = loop.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                asked = {question: self._waiting.pop(question) for question in list(islice(self._waiting, MOST))}
                try:
                    found = await self._read(tuple(asked))
                    answers = {question: found[question] for question in asked}
                except asyncio.CancelledError as cancelled:
                    _fail(asked, GIVEN_UP)  # nobody else would ever answer them
                    end_if_told(cancelled)
                except Exception as failure:
                    _fail(asked, failure)
                else:
                    for question, waiting in asked.items():
                        for one in waiting:
                            if not one.done():
                                one.set_result(answers[question])
                if len(self._waiting) < MOST:
                    await asyncio.sleep(PAUSE)
        finally:
            self._reading = None
            _fail(self._waiting, GIVEN_UP)  # nobody waits any more, unless this is cancelled
            self._waiting.clear()


def _fail(asked: Mapping[K, Sequence[asyncio.Future[V]]], failure: Exception) -> None:
    for waiting in asked.values():
        for one in waiting:
            if not one.done():
                one.set_exception(_own(failure))


def _own(failure: Exception) -> Exception:
    """One for each who asked: what several tasks raise would gather all their tracebacks."""
    return Refused(failure.code, failure.detail, failure.retry_after) if type(failure) is Refused else failure
