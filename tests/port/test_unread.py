"""What is not read and what is not whole is bounded: by account, and in all."""

import asyncio

import pytest
from tests.port.house import TEXT, Client, House, Start

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.port.listener import SocketLimits
from chinwag.roles.port.unread import Unread, UnreadLimits
from chinwag.roles.port.weights import HALVES, UNREAD, WeightLimits, Weights

KIB = 1 << 10


class Pipe(asyncio.Transport):
    """A transport of whose bytes so many wait."""

    def __init__(self, waiting: int) -> None:
        super().__init__()
        self.waiting = waiting

    def get_write_buffer_size(self) -> int:
        return self.waiting


def _refusal(unread: Unread, owner: str) -> Code | None:
    try:
        unread.check(owner)
    except Refused as refused:
        return refused.code
    return None


def test_answers_wait_for_an_account_up_to_a_bound() -> None:
    unread = Unread(UnreadLimits(per_owner=100, in_all=1000))
    pipes = [Pipe(50), Pipe(50), Pipe(1)]
    for pipe in pipes[:2]:
        unread.note("ann", pipe)
    assert _refusal(unread, "ann") is None
    unread.note("ann", pipes[2])
    assert _refusal(unread, "ann") is Code.RATE_LIMITED
    assert _refusal(unread, "ben") is None
    pipes[0].waiting = 0
    assert _refusal(unread, "ann") is None


def test_answers_wait_in_all_up_to_a_bound_and_who_has_read_is_forgotten() -> None:
    unread = Unread(UnreadLimits(per_owner=100, in_all=150))
    pipes = [Pipe(80), Pipe(80)]
    for owner, pipe in zip(("ann", "ben"), pipes, strict=True):
        unread.note(owner, pipe)
    assert unread.waiting() == 160
    assert {_refusal(unread, owner) for owner in ("ann", "ben", "carl")} == {Code.OVERLOADED}
    for pipe in pipes:
        pipe.waiting = 0
    assert _refusal(unread, "carl") is None
    assert unread.waiting() == 0
    assert not unread._waiting


def test_of_a_piece_all_is_kept_while_its_end_waits() -> None:
    """The last bytes of many long answers wait in the server, the rest in the kernel: all of each is in memory."""
    unread = Unread(UnreadLimits(per_owner=100, in_all=1000))
    pipes = [Pipe(1) for _ in range(3)]
    for pipe in pipes[:2]:
        unread.note("ann", pipe, 50)
    assert (unread.waiting(), _refusal(unread, "ann")) == (100, None)
    unread.note("ann", pipes[2], 50)
    assert (unread.waiting(), _refusal(unread, "ann")) == (150, Code.RATE_LIMITED)
    for pipe in pipes:
        pipe.waiting = 0
    assert (unread.waiting(), _refusal(unread, "ann")) == (0, None)


def test_who_reads_along_on_one_connection_is_not_held_to_have_kept_all() -> None:
    unread = Unread(UnreadLimits(per_owner=100, in_all=1000))
    pipe = Pipe(20)
    for _ in range(50):
        unread.note("ann", pipe, 10)
    assert (unread.waiting(), _refusal(unread, "ann")) == (30, None)


async def _counted(weights: Weights, sockets: int) -> None:
    """Wait until so many are counted."""
    while len(weights) != sockets:  # noqa: ASYNC110 - the port tells nobody
        await asyncio.sleep(0)


async def test_parts_of_messages_are_bounded_by_owner(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    halves = house.port.sockets.halves
    monkeypatch.setattr(halves, "limits", WeightLimits(free=64 * KIB, per_owner=600 * KIB, in_all=HALVES.in_all))
    pairs = [await house.socket() for _ in range(3)]
    for (_, peer), owner in zip(pairs, ("ann", "ann", "ben"), strict=True):
        peer.socket.admitted(owner)
    pairs[0][0].write(_part(300 * KIB))
    pairs[2][0].write(_part(300 * KIB))
    await _counted(halves, 2)
    pairs[1][0].write(_part(400 * KIB))
    assert await pairs[1][0].close_code() == 1013
    # The others end what they have begun, and nothing is counted any more.
    for client, _ in (pairs[0], pairs[2]):
        client.send(0, b"")
        assert (await client.read())[0] == TEXT
    await _counted(halves, 0)
    assert halves.total == 0


async def test_parts_of_messages_are_bounded_in_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    halves = house.port.sockets.halves
    monkeypatch.setattr(halves, "limits", WeightLimits(free=64 * KIB, per_owner=HALVES.per_owner, in_all=600 * KIB))
    pairs = [await house.socket() for _ in range(2)]
    for (_, peer), owner in zip(pairs, ("ann", "ben"), strict=True):
        peer.socket.admitted(owner)
    pairs[0][0].write(_part(300 * KIB))
    await _counted(halves, 1)
    pairs[1][0].write(_part(400 * KIB))
    assert await pairs[1][0].close_code() == 1013


def _part(size: int) -> bytes:
    """A message of so many bytes that does not end, in short fragments: a parser takes room for a long one."""
    first, *others = [b"x" * 4 * KIB] * (size // (4 * KIB))
    return Client.frame(TEXT, first, fin=False) + b"".join(Client.frame(0, other, fin=False) for other in others)


@pytest.mark.parametrize("bound", ["owner", "all"])
async def test_what_waits_for_sockets_is_bounded_by_owner_and_in_all(
    start: Start, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    house = await start(socket_limits=SocketLimits(high_water=64 * KIB, low_water=16 * KIB))
    unread = house.port.sockets.unread
    assert unread.limits == UNREAD
    most = 512 * KIB
    limits = WeightLimits(per_owner=most) if bound == "owner" else WeightLimits(in_all=most)
    monkeypatch.setattr(unread, "limits", limits)
    pairs = [await house.socket() for _ in range(3)]
    for number, (client, peer) in enumerate(pairs):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        peer.socket.owner = "ann" if bound == "owner" else f"person-{number}"
    written = 0
    while not any(peer.socket.too_much for _, peer in pairs):
        for _, peer in pairs:
            peer.socket.send(b"x" * 8000)
            written += 1
        await asyncio.sleep(0)
    waiting = sum(peer.socket.buffered for _, peer in pairs)
    assert most < waiting <= most + 3 * (64 * KIB + 8010)
    # Somebody else's is not too much while only an owner's is.
    _, other = await house.socket()
    other.socket.owner = "carl"
    assert not other.socket.too_much
    # Whoever reads may be written to again.
    for client, _ in pairs:
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    for client, _ in pairs:
        for _ in range(written // 3):
            assert (await client.read())[0] == TEXT
    for _, peer in pairs:
        await peer.until("resumed")
    assert len(unread) == 0
    assert unread.total == 0
    assert not any(peer.socket.too_much for _, peer in pairs)


async def test_a_socket_that_is_gone_waits_for_nothing(start: Start) -> None:
    house = await start(socket_limits=SocketLimits(high_water=64 * KIB, low_water=16 * KIB))
    client, peer = await house.socket()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    while not peer.pauses:
        peer.socket.send(b"x" * 8000)
        await asyncio.sleep(0)
    assert len(house.port.sockets.unread) == 1
    peer.socket.abort()
    await peer.until("closed")
    assert len(house.port.sockets.unread) == 0


async def test_of_a_long_text_all_is_kept_while_its_end_waits(start: Start) -> None:
    """Also where its reader has taken all but a little, at which it may be written to again."""
    house = await start(socket_limits=SocketLimits(high_water=64 * KIB, low_water=16 * KIB))
    unread, size = house.port.sockets.unread, 8 << 20
    client, peer = await house.socket()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    peer.socket.send(b"x" * size)
    await peer.until("paused")
    assert peer.socket.kept == unread.total >= size
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    await peer.until("resumed")
    assert peer.socket.kept in (0, size), "all of it, or by now nothing"
    assert (await client.read())[0] == TEXT
    peer.socket.send(b"x")
    while peer.socket.buffered:  # noqa: ASYNC110 - the port tells nobody
        await asyncio.sleep(0)
    assert (peer.socket.kept, peer.socket.too_much) == (0, False)
    assert unread.total == 0
