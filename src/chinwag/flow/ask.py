"""Wait for the answer to one wish: for whoever speaks request and response."""

import asyncio

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept
from chinwag.flow.answers import ANSWER_SECONDS
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer


class _Once:
    """An asker whose answer is a future."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def answered(self, wish: Wish, answer: Answer) -> None:
        """Wake the one who waits, if it still does."""
        del wish
        if not self.answer.done():
            self.answer.set_result(answer)


async def ask(accept: Accept, wish: Wish) -> Answer:
    """Submit `wish` and wait for its number. Raises `Refused`; `unavailable` at the latest after `ANSWER_SECONDS`."""
    once = _Once()
    accept.submit(once, wish)
    try:
        # A look at media, one at the sender and the log may take as long each: whoever asks has gone by then.
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await once.answer
    except TimeoutError:
        raise Refused(Code.UNAVAILABLE, "no answer in time", 1.0) from None
    if answer.refused is not None:
        raise Refused(answer.refused, answer.detail, answer.retry_after)
    return answer
