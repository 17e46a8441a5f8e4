"""What a device of a storm notes of its sends: each try as it is written, also where it had to wait for its lane."""

import asyncio
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prove.facts import (
    Acked,
    AnyFact,
    Attempt,
    ChangeTried,
    HistoryEnd,
    HistoryMessage,
    HistoryNotice,
    Quiet,
    Refused,
    Retry,
)
from prove.index.index import Index
from prove.promises.p4_own_order import own_order
from prove.record import Recorder, read
from prove.storm.lanes import Flight
from prove.storm.outbox import Outbox
from prove.storm.world import World

from chinwag.wire.frames import ClientFrame, Error
from chinwag.wire.values import AccountId, ClientId, ConversationId, DeviceId

ANN, PHONE, TALK = AccountId("ann"), DeviceId("phone"), ConversationId("d~ann~ben")
WAITING = [
    Flight("m3", "and this"),
    Flight("e3", "said better", "edited", 1),
    Flight("d3", "", "deleted", 1),
    Flight("r3", "+\N{PARTY POPPER}", "reaction", 1),
]


class _Link:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.frames: list[ClientFrame] = []
        self.written = asyncio.Event()

    def send(self, frame: ClientFrame) -> None:
        self.frames.append(frame)
        self.written.set()


class _Phone(SimpleNamespace):
    """Ann's, as far as its outbox knows it."""

    session: int

    def __init__(self, world: World) -> None:
        super().__init__(world=world, account=ANN, id=PHONE, link=_Link(), online=True, session=1)
        self.outbox = Outbox(cast("Any", self))
        self.outbox.flowing = False

    def connect(self) -> None:
        self.outbox.disconnected()
        self.link, self.session = _Link(), self.session + 1
        self.outbox.connected()

    def refused(self, name: str, code: str, retry_after: float | None = None) -> None:
        retryable = retry_after is not None
        self.world.write(Refused(PHONE, TALK, name, code, retryable, self.world.now()))
        self.outbox.refused(Error(code, "", retryable, retry_after, ClientId(name)))


def _after(fact: AnyFact) -> tuple[str, str] | None:
    return (fact.id, fact.after or "") if isinstance(fact, Attempt | ChangeTried | Retry) else None


async def _stormy(folder: Path, waiting: Flight) -> tuple[list[ClientFrame], list[AnyFact]]:
    """What a phone writes and notes: of its two sends the server has placed the first and refused the second for ever,
    and the answers went with the connection. On the next one the first is refused at the door, as there were too many,
    and the second gets its answer. In between it says one more, which waits."""
    path = folder / "storm.record"
    with Recorder(path, 1, "made up") as recorder:
        phone = _Phone(World(recorder, 1))
        phone.outbox.begin(TALK, Flight("m1", "one"))
        phone.outbox.begin(TALK, Flight("d2", "", "deleted", 9))
        frames = phone.link.frames
        phone.connect()
        frames += phone.link.frames
        phone.refused("m1", "rate_limited", 0.001)
        phone.outbox.begin(TALK, copy(waiting))
        phone.link.written.clear()
        phone.refused("d2", "no_message")
        async with asyncio.timeout(10):
            await phone.link.written.wait()
        frames += phone.link.frames[2:]
    return frames, list(read(path))


@pytest.mark.parametrize("waiting", WAITING, ids=lambda one: one.change or "message")
async def test_each_try_is_noted_with_the_one_before_it_that_is_written(tmp_path: Path, waiting: Flight) -> None:
    frames, facts = await _stormy(tmp_path, waiting)
    written = [(one.id, one.after or "") for one in frames]  # type: ignore[union-attr]
    assert [tried for fact in facts if (tried := _after(fact)) is not None] == written
    assert written[-2:] == [("m1", ""), (waiting.id, "m1")]


@pytest.mark.parametrize("waiting", WAITING, ids=lambda one: one.change or "message")
async def test_what_waited_while_the_one_before_it_was_refused_for_ever_is_in_order(
    tmp_path: Path, waiting: Flight
) -> None:
    _, facts = await _stormy(tmp_path, waiting)
    facts += _placed(waiting)
    assert [str(one) for one in own_order(Index(facts))] == []


async def test_a_wrong_order_is_told_with_what_is_known_of_both(tmp_path: Path) -> None:
    _, facts = await _stormy(tmp_path, WAITING[0])
    before = HistoryMessage("ben", TALK, 2, 2, ANN, PHONE, "m1", "one")
    late = HistoryMessage("ben", TALK, 1, 1, ANN, PHONE, "m3", "and this")
    facts += [Acked(PHONE, TALK, "m3", 1, 0, 1, 9), Quiet((), 9), late, before, HistoryEnd("ben", TALK, 2)]
    assert next(own_order(Index(facts))).what == (
        f"send m3 of phone stands at 1 of {TALK}, and not after m1, as it was sent "
        "(m3: tried once, acked as 1; m1: tried 3 times, refused, and never acked, stands at 2)"
    )


def _placed(waiting: Flight) -> list[AnyFact]:
    """The first and what waited, as they stand at the end."""
    end: list[AnyFact] = [HistoryMessage("ben", TALK, 1, 1, ANN, PHONE, "m1", "one")]
    if waiting.change:
        end.append(HistoryNotice("ben", TALK, 2, 1, ANN, PHONE, waiting.id, waiting.change, ("1",), "", waiting.text))
    else:
        end.append(HistoryMessage("ben", TALK, 2, 2, ANN, PHONE, waiting.id, waiting.text))
    acks = [Acked(PHONE, TALK, name, number, 0, 2, 9) for number, name in enumerate(("m1", waiting.id), 1)]
    return [*acks, Quiet((), 9), *end, HistoryEnd("ben", TALK, 2)]
