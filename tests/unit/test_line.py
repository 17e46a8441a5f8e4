"""The line before the hashing: its bounds, its turns, and that no place is lost."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.account import NameKey
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import Claimant, stranger
from chinwag.flow.access.line import OF_NAME, OF_NETWORK, WAITING_KNOWN, Line, Turn


def person(number: int, address: str) -> Claimant:
    return stranger(NameKey(f"name{number}"), address)


def entered(line: Line, claimants: list[Claimant]) -> list[Turn]:
    """The turns of those who found a place."""
    turns = []
    for claimant in claimants:
        with contextlib.suppress(Refused):
            turns.append(line.enter(claimant))
    return turns


@pytest.mark.parametrize(
    ("addresses", "most"),
    [
        ([f"2001:db8::{number:x}" for number in range(400)], OF_NETWORK),
        ([f"2001:db8:0:{number % 256:x}::1" for number in range(400)], OF_NETWORK * 2),
        ([f"2001:db8:0:{number * 256 % 65536:x}::1" for number in range(400)], OF_NETWORK * 4),
        ([f"192.0.2.{number % 250}" for number in range(400)], OF_NETWORK * 2),
        ([f"2001:db8:{number:x}::1" for number in range(400)], 258),
    ],
)
async def test_networks_have_a_share_of_the_places(addresses: list[str], most: int) -> None:
    turns = entered(Line(2), [person(number, address) for number, address in enumerate(addresses)])
    assert len(turns) == min(most, 258)


async def test_a_name_has_a_share_of_the_places_and_its_owner_places_of_its_own() -> None:
    line = Line(2)
    ann = NameKey("ann")
    assert len(entered(line, [stranger(ann, f"2001:db8:{number:x}::1") for number in range(50)])) == OF_NAME
    owner = Claimant(ann, ("2001:db8:1::/64",), "device 1")
    assert len(entered(line, [owner] * 50)) == OF_NAME


async def test_strangers_take_no_place_of_those_who_were_here_before() -> None:
    line = Line(2)
    entered(line, [person(number, f"2001:db8:{number:x}::1") for number in range(400)])
    with pytest.raises(Refused) as refused:
        line.enter(person(9, "198.51.100.1"))
    assert refused.value.code is Code.OVERLOADED
    known = [Claimant(NameKey(f"name{n}"), (f"198.51.{n}.1",), f"device {n}") for n in range(100)]
    assert len(entered(line, known)) == WAITING_KNOWN


async def test_networks_take_turns() -> None:
    line = Line(1)
    working = line.enter(person(0, "192.0.2.1"))
    many = entered(line, [person(number, "192.0.2.1") for number in range(1, 20)])
    one, other = line.enter(person(30, "198.51.100.1")), line.enter(person(31, "203.0.113.1"))
    order = []
    waiting = [*many, one, other]
    while waiting:
        line.leave(working)
        [working] = [turn for turn in waiting if turn.come.done()]
        waiting.remove(working)
        order.append(working)
    assert set(order[:3]) == {many[0], one, other}
    assert order[3:] == many[1:]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), max_size=80))
def test_no_place_is_lost_and_none_is_given_twice(steps: list[tuple[int, int, bool]]) -> None:
    """People come, are done, and give up, in any order."""

    async def run() -> None:
        line = Line(2, waiting=6)
        inside: list[Turn] = []
        for what, which, known in steps:
            if what < 2:
                name = NameKey(f"name{which}")
                inside += entered(line, [Claimant(name, (f"net{which % 3}",), f"device {which}" if known else "")])
            elif inside:
                turn = inside.pop(which % len(inside))
                if what == 3 and not turn.come.done():
                    turn.come.cancel()
                line.leave(turn)
            working = [turn for turn in inside if turn.come.done()]
            assert len(working) == min(2, len(inside))
        for turn in tuple(inside):
            line.leave(turn)
        assert not line._counts
        assert not line._queues
        assert line._free == 2

    asyncio.run(run())
