"""Questions within one process: the answerer runs as a task of its own, for so long as is waited for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chinwag.adapters.answering import Answerer, answered
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.questions import ANSWER_SECONDS, UNDER_WAY, AnswerT, Question, Questions


class EmbeddedQuestions(Questions):
    """The nodes of one process. seconds: how long a question waits for its answer."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self._seconds = seconds
        self._answerers: dict[tuple[NodeId, type], Answerer] = {}
        self._under_way: set[asyncio.Task[Any]] = set()

    async def ask(self, node: NodeId, question: Question[AnswerT]) -> AnswerT:
        answerer = self._answerers.get((node, type(question)))
        if answerer is None:
            raise Refused(Code.UNAVAILABLE, "that node does not answer")
        if len(self._under_way) >= UNDER_WAY:
            raise Refused(Code.OVERLOADED)
        answering: asyncio.Task[AnswerT] = asyncio.create_task(answered(answerer, question))
        self._under_way.add(answering)
        answering.add_done_callback(self._done)
        try:
            # wait, unlike wait_for, does not hang on an answerer that will not be cancelled
            await asyncio.wait([answering], timeout=self._seconds)
        finally:
            answering.cancel()
        if not answering.done() or answering.cancelled():
            raise Refused(Code.UNAVAILABLE, "no answer in time")
        return answering.result()

    def answer(
        self,
        node: NodeId,
        kind: type[Question[AnswerT]],
        answerer: Callable[[Any], Awaitable[AnswerT]],
    ) -> Callable[[], None]:
        name = (node, kind)
        if name in self._answerers:
            raise ValueError("that node has an answerer for such questions")
        self._answerers[name] = answerer

        def stop() -> None:
            if self._answerers.get(name) is answerer:
                del self._answerers[name]

        return stop

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not report it where nobody waits any longer
