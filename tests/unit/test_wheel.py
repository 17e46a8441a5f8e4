"""The timer wheel: nothing expires early, all expires within a tick of its deadline."""

import asyncio

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from chinwag.roles.port.wheel import Wheel


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Peer:
    """An entry as a session is one: touched by a write of `last_heard`."""

    def __init__(self, last_heard: float, timeout: float) -> None:
        self.slot = -1
        self.last_heard = last_heard
        self.timeout = timeout

    def deadline(self) -> float:
        return self.last_heard + self.timeout


def test_an_entry_expires_once_after_its_timeout() -> None:
    clock, gone = Clock(), list[Peer]()
    wheel = Wheel[Peer](gone.append, clock=clock)
    peer = Peer(clock(), 5)
    wheel.add(peer)
    for _ in range(20):
        clock.time += 1
        wheel.turn()
        assert bool(gone) == (clock() >= 1005)
    assert gone == [peer]
    assert len(wheel) == 0


def test_touching_is_a_write_of_a_float() -> None:
    clock, gone = Clock(), list[Peer]()
    wheel = Wheel[Peer](gone.append, clock=clock)
    peer = Peer(clock(), 5)
    wheel.add(peer)
    for _ in range(50):
        clock.time += 1
        peer.last_heard = clock()
        wheel.turn()
    assert not gone
    assert len(wheel) == 1
    clock.time += 6
    wheel.turn()
    assert gone == [peer]


def test_a_removed_entry_never_expires_and_removing_twice_is_nothing() -> None:
    clock, gone = Clock(), list[Peer]()
    wheel = Wheel[Peer](gone.append, clock=clock)
    peer = Peer(clock(), 2)
    wheel.add(peer)
    wheel.remove(peer)
    wheel.remove(peer)
    clock.time += 100
    wheel.turn()
    assert not gone


def test_a_deadline_moved_forward_is_seen_when_added_again() -> None:
    clock, gone = Clock(), list[Peer]()
    wheel = Wheel[Peer](gone.append, clock=clock)
    peer = Peer(clock(), 50)
    wheel.add(peer)
    peer.timeout = 2
    wheel.add(peer)
    assert len(wheel) == 1
    clock.time += 3
    wheel.turn()
    assert gone == [peer]


def test_a_callback_may_remove_add_and_fail() -> None:
    clock, gone = Clock(), list[Peer]()
    peers = [Peer(clock(), 3) for _ in range(4)]

    def expired(peer: Peer) -> None:
        gone.append(peer)
        if len(gone) == 1:
            for other in peers:
                if other is not peer:
                    wheel.remove(other)
            wheel.add(peer)  # its deadline is past: due again at the next tick, not in this turn
            raise RuntimeError("planted")

    wheel = Wheel[Peer](expired, clock=clock)
    for peer in peers:
        wheel.add(peer)
    clock.time += 4
    with structlog.testing.capture_logs() as logged:
        wheel.turn()
    assert len(gone) == 1
    assert [line["event"] for line in logged] == ["what followed an expired time-out failed"]
    clock.time += 1
    wheel.turn()
    assert gone == [gone[0]] * 2


def test_a_clock_that_jumps_back_expires_nothing_early() -> None:
    clock, gone = Clock(), list[Peer]()
    wheel = Wheel[Peer](gone.append, clock=clock)
    wheel.add(Peer(clock(), 5))
    clock.time -= 500
    wheel.turn()
    assert not gone
    clock.time += 505
    wheel.turn()
    assert len(gone) == 1


steps = st.lists(
    st.tuples(
        st.sampled_from(["wait", "add", "touch", "remove"]),
        st.floats(min_value=0, max_value=40, allow_nan=False),
        st.integers(0, 9),
    ),
    max_size=60,
)


@given(steps, st.integers(2, 16), st.sampled_from([0.25, 1.0, 3.0]))
def test_nothing_expires_early_and_all_within_a_tick(
    steps: list[tuple[str, float, int]], slots: int, tick: float
) -> None:
    clock = Clock()
    alive: dict[int, Peer] = {}

    def expired(peer: Peer) -> None:
        assert peer.deadline() <= clock()
        [key] = [key for key, value in alive.items() if value is peer]
        del alive[key]

    wheel = Wheel[Peer](expired, tick_seconds=tick, slots=slots, clock=clock)
    for verb, amount, which in steps:
        if verb == "add" and which not in alive:
            alive[which] = Peer(clock(), amount)
            wheel.add(alive[which])
        elif verb == "touch" and which in alive:
            alive[which].last_heard = clock()
        elif verb == "remove" and which in alive:
            wheel.remove(alive.pop(which))
        elif verb == "wait":
            clock.time += amount
            wheel.turn()
            # A turn comes at least once a tick, so what is a whole tick overdue must be gone.
            assert all(peer.deadline() > clock() - tick for peer in alive.values())
        assert len(wheel) == len(alive)


async def test_it_turns_by_itself_on_the_loop() -> None:
    gone: asyncio.Queue[Peer] = asyncio.Queue()
    wheel = Wheel[Peer](gone.put_nowait, tick_seconds=0.01)
    peer = Peer(wheel.now, 0.02)
    wheel.add(peer)
    wheel.start()
    async with asyncio.timeout(60):
        assert await gone.get() is peer
    wheel.stop()


def test_a_wheel_needs_slots_and_a_tick() -> None:
    with pytest.raises(ValueError, match="two slots"):
        Wheel[Peer](lambda _: None, slots=1)
    with pytest.raises(ValueError, match="takes time"):
        Wheel[Peer](lambda _: None, tick_seconds=0)
