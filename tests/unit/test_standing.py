"""Standing work goes on whatever goes wrong with a step (P12), and looks at once when it is woken."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.standing import Job, StandingWork
from chinwag.ports.bus import WORK, Work
from chinwag.roles.housekeeping.housekeeping import FAILING_MOST, Housekeeping

LONG = 3_600.0


def job(step: Callable[[], Awaitable[bool]], **others: Any) -> Job:
    return Job(name="work", step=step, failing="work waits", **{"poll_seconds": LONG, **others})


async def cancelled_inside() -> bool:
    waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    waiting.cancel()
    return await waiting


async def mistaken() -> bool:
    raise LookupError("a mistake")


async def refused() -> bool:
    raise Refused(Code.UNAVAILABLE, "away")


async def hanging() -> bool:
    return bool(await asyncio.get_running_loop().create_future())


@pytest.mark.parametrize("wrong", [mistaken, refused, cancelled_inside, hanging])
async def test_a_step_that_goes_wrong_is_logged_and_done_again(wrong: Callable[[], Awaitable[bool]]) -> None:
    steps = [wrong, wrong]
    right = asyncio.Event()

    async def step() -> bool:
        if steps:
            return await steps.pop()()
        right.set()
        return False

    work = StandingWork(job(step, step_seconds=0.01 if wrong is hanging else LONG), again_seconds=0)
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(work.run())
        async with asyncio.timeout(60):
            await right.wait()
        assert not running.done()
        work.finish()
        async with asyncio.timeout(60):
            await running
    assert [line["event"] for line in logged] == ["work waits", "work waits"]
    assert (work.failed, work.failing, work.steps) == (2, 0, 1)


async def test_being_cancelled_ends_it() -> None:
    work = StandingWork(job(hanging))
    running = asyncio.create_task(work.run())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.failed == 0


async def test_more_is_done_at_once_and_a_signal_brings_the_next_step_forward() -> None:
    left = 3
    idle = asyncio.Event()

    async def step() -> bool:
        nonlocal left
        left -= 1
        if left <= 0:
            idle.set()
        return left > 0

    bus = EmbeddedBus()
    keeping = Housekeeping([job(step, wake=WORK)], bus)
    keeping.start()
    async with asyncio.timeout(60):
        await idle.wait()
        assert left == 0
        idle.clear()
        bus.publish(WORK, Work())
        await idle.wait()
    assert left == -1
    await keeping.stop()
    idle.clear()
    bus.publish(WORK, Work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not idle.is_set()


async def test_a_waiting_that_fails_does_not_end_it() -> None:
    waited = 0
    third = asyncio.Event()

    async def step() -> bool:
        if waited >= 2:
            third.set()
        return False

    async def wait(seconds: float) -> None:
        nonlocal waited
        waited += 1
        raise LookupError("a mistake")

    running = asyncio.create_task(StandingWork(job(step, wait=wait), again_seconds=0).run())
    async with asyncio.timeout(60):
        await third.wait()
    assert not running.done()
    running.cancel()


async def test_readiness_names_the_job_that_fails_and_fails() -> None:
    keeping = Housekeeping([job(mistaken)], EmbeddedBus())
    keeping.start()
    await keeping.check()
    keeping.work[0].failing = FAILING_MOST
    with pytest.raises(RuntimeError, match="work"):
        await keeping.check()
    await keeping.stop()


async def test_jobs_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="one name"):
        Housekeeping([job(mistaken), job(mistaken)], EmbeddedBus())
