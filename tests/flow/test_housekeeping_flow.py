"""What the delivery role does besides goes on whatever goes wrong with it (P12)."""

import asyncio

import pytest

from chinwag.roles.delivery import delivery


async def test_work_that_a_mistake_has_ended_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "AGAIN_SECONDS", 0)
    begun = 0
    third = asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 3:
            third.set()
            await asyncio.get_running_loop().create_future()
        raise LookupError("a mistake")

    working = asyncio.create_task(delivery.for_ever("work", work))
    async with asyncio.timeout(20):
        await third.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
