"""The erasure of texts: done again until it is done, and an error in the log once it takes longer than promised."""

import pytest
from structlog.testing import capture_logs

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import DAY_MS
from chinwag.flow.erase_texts import EraseTexts

DAYS = 7


class Store:
    """A store whose files can or cannot be written anew."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.answers: list[bool | Exception] = []
        self.erase = EraseTexts(self.scrub, "messages", lambda: self.now, DAYS)

    async def scrub(self) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def after(self, milliseconds: int, answer: bool | Exception) -> list[tuple[str, str]]:
        """The errors that a step logs that is made so much later."""
        self.now += milliseconds
        self.answers.append(answer)
        with capture_logs() as lines:
            if isinstance(answer, bool):
                assert await self.erase.step() is answer
            else:
                with pytest.raises(type(answer)):
                    await self.erase.step()
        return [(line["event"], line["store"]) for line in lines if line["log_level"] == "error"]


OVERDUE = [("the erasure of texts is overdue", "messages")]
AWAY = Refused(Code.UNAVAILABLE, "an older transaction runs", 1.0)


@pytest.mark.parametrize("failure", [AWAY, OSError(28, "No space left on device"), TimeoutError(), True])
async def test_one_that_takes_longer_than_promised_is_an_error(failure: bool | Exception) -> None:
    store = Store()
    assert await store.after(0, False) == []
    assert await store.after(DAYS * DAY_MS, failure) == []
    assert await store.after(1, failure) == OVERDUE
    assert await store.after(DAY_MS, failure) == OVERDUE
    assert await store.after(1, False) == []
    assert await store.after(DAYS * DAY_MS, failure) == [], "it was done meanwhile"


async def test_a_start_counts_as_clean_and_a_long_rest_does_not_count_as_late() -> None:
    store = Store()
    assert await store.after(2 * DAYS * DAY_MS, False) == []
    assert await store.after(2 * DAYS * DAY_MS, False) == [], "nothing failed"
    assert await store.after(DAYS * DAY_MS + 1, AWAY) == OVERDUE


async def test_what_was_replaced_while_a_step_went_on_is_as_old_as_its_beginning() -> None:
    store = Store()

    async def slowly() -> bool:
        store.now += DAY_MS
        return False

    store.erase = EraseTexts(slowly, "messages", lambda: store.now, DAYS)
    await store.erase.step()

    async def failing() -> bool:
        raise AWAY

    store.erase._scrub = failing
    store.now += (DAYS - 1) * DAY_MS
    for late, expected in ((0, 0), (1, 1)):
        store.now += late
        with capture_logs() as lines, pytest.raises(Refused):
            await store.erase.step()
        assert len(lines) == expected
