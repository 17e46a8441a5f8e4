"""A server's parts start in their order and stop in the reverse, whatever goes wrong with one of them."""

import asyncio

import pytest
import structlog

from chinwag.assembly.figures import Figures, registry_of
from chinwag.assembly.part import Part, Parts


class Log:
    """What parts did, in their order; and what goes wrong with which."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.wrong: dict[str, str] = {}
        self.hanging = asyncio.Event()

    def part(self, name: str, *, opened: bool = False) -> Part:
        def step(kind: str):  # type: ignore[no-untyped-def]
            async def do() -> None:
                self.done.append(f"{kind} {name}")
                match self.wrong.get(f"{kind} {name}"):
                    case "raises":
                        raise LookupError("planted")
                    case "hangs":
                        self.hanging.set()
                        await asyncio.get_running_loop().create_future()
                    case "will not be cancelled":
                        while True:
                            try:
                                await asyncio.get_running_loop().create_future()
                            except asyncio.CancelledError:
                                if self.wrong.pop("patience", None) is None:
                                    continue
                                raise
                    case "is cancelled":
                        raise asyncio.CancelledError

            return do

        return Part(name=name, opened=opened, start=step("start"), drain=step("drain"), stop=step("stop"))


@pytest.fixture
def log() -> Log:
    return Log()


async def test_parts_start_in_order_and_all_are_drained_before_one_is_stopped(log: Log) -> None:
    parts = Parts([log.part("a"), log.part("b")])
    assert not parts.serving
    await parts.start()
    assert parts.serving
    await parts.stop()
    assert not parts.serving
    assert log.done == ["start a", "start b", "drain b", "drain a", "stop b", "stop a"]
    await parts.stop()
    assert len(log.done) == 6


@pytest.mark.parametrize("how", ["raises", "hangs", "is cancelled"])
@pytest.mark.parametrize("step", ["drain", "stop"])
async def test_a_part_that_does_not_stop_keeps_no_other_from_it(log: Log, step: str, how: str) -> None:
    parts = Parts([log.part("a"), log.part("b"), log.part("c")], seconds=0.01)
    await parts.start()
    log.wrong[f"{step} b"] = how
    with structlog.testing.capture_logs() as logged:
        await parts.stop()
    assert log.done[3:] == ["drain c", "drain b", "drain a", "stop c", "stop b", "stop a"]
    assert [(line["part"], line["step"]) for line in logged] == [("b", step)]


async def test_not_even_one_that_will_not_be_cancelled(log: Log) -> None:
    parts = Parts([log.part("a"), log.part("b")], seconds=0.01)
    await parts.start()
    log.wrong["stop b"] = "will not be cancelled"
    await parts.stop()
    assert log.done[-1] == "stop a"
    log.wrong["patience"] = "at an end"
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_a_start_that_fails_half_way_stops_what_was_started(log: Log) -> None:
    parts = Parts([log.part("open", opened=True), log.part("a"), log.part("b"), log.part("c")])
    log.wrong["start b"] = "raises"
    with pytest.raises(LookupError, match="planted"):
        await parts.start()
    assert log.done == ["start open", "start a", "start b", "stop b", "stop a", "stop open"]
    assert not parts.serving
    await parts.stop()
    assert log.done[-1] == "stop open"
    assert len(log.done) == 6


async def test_a_start_that_is_cancelled_stops_what_was_started(log: Log) -> None:
    parts = Parts([log.part("a"), log.part("b")])
    log.wrong["start b"] = "hangs"
    starting = asyncio.create_task(parts.start())
    async with asyncio.timeout(60):
        await log.hanging.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert log.done[2:] == ["stop b", "stop a"]


async def test_what_is_open_is_stopped_though_nothing_was_started(log: Log) -> None:
    await Parts([log.part("open", opened=True), log.part("a")]).stop()
    assert log.done == ["drain open", "stop open"]


def test_parts_have_names_of_their_own_and_what_is_open_comes_first(log: Log) -> None:
    with pytest.raises(ValueError, match="one name"):
        Parts([log.part("a"), log.part("a")])
    with pytest.raises(ValueError, match="first"):
        Parts([log.part("a"), log.part("open", opened=True)])


def test_figures_of_all_parts_are_shown() -> None:
    registry = registry_of(
        [Figures(counters={"a": ("A.", lambda: 3)}), Figures(), Figures(gauges={"b": ("B.", lambda: 4)})]
    )
    assert registry.get_sample_value("chinwag_a_total") == 3
    assert registry.get_sample_value("chinwag_b") == 4
