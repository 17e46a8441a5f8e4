"""The outbox against a model of the server: whatever is refused, lost or restarted, order holds (P4)."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chinwag.client.errors import ApiError, OutboxFull
from chinwag.client.outbox import Frame, Outbox
from chinwag.client.store import DeviceStore
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Change, Send
from chinwag.wire.values import ClientId, ConversationId, Leave, Text

from .scripted import TALK

FINAL = ApiError("text_too_long", "no")
LATER = ApiError("unavailable", "not now", retryable=True)
OUT_OF_TURN = ApiError("out_of_turn", "not yet", retryable=True)
FOREVER = 1e9


class Server:
    """Takes sends in order, refuses what is out of turn, and loses answers when told to."""

    def __init__(self) -> None:
        self.placed: list[ClientId] = []

    def answer(self, outbox: Outbox, frame: Frame, fault: str) -> None:
        """Deal with one frame."""
        after = frame.after if isinstance(frame, Send) else None
        if fault == "later" or (fault == "final" and frame.id in self.placed):
            outbox.refused(TALK, frame.id, LATER, 0.0)
        elif frame.id not in self.placed and fault == "final":
            outbox.refused(TALK, frame.id, FINAL, 0.0)
        elif frame.id not in self.placed and after is not None and after not in self.placed:
            outbox.refused(TALK, frame.id, OUT_OF_TURN, 0.0)
        else:
            if frame.id not in self.placed:
                self.placed.append(frame.id)
            if fault != "lost":
                placed = Placed(TALK, self.placed.index(frame.id) + 1, 0)
                outbox.answered(placed, frame.id)


_faults = st.sampled_from(["none", "none", "none", "final", "later", "lost"])
_plan = st.lists(st.one_of(st.just("add"), st.just("write"), st.just("cut"), st.just("restart")), max_size=60)


@settings(max_examples=200, deadline=None)
@given(_plan, st.data())
def test_order_holds(plan: list[str], data: st.DataObject) -> None:
    async def run() -> None:
        store, server = DeviceStore(), Server()
        outbox = Outbox(store)
        sent: list[ClientId] = []
        wire: list[Frame] = []  # written, not arrived
        for step in [*plan, "write", "calm"]:
            if step == "add":
                sent.append(ClientId(f"s{len(sent)}"))
                outbox.add(TALK, Send(sent[-1], Text("x"), TALK))
            elif step == "write":
                wire += outbox.due(FOREVER)
                arriving: int = data.draw(st.integers(0, len(wire)))
                for _ in range(arriving):
                    server.answer(outbox, wire.pop(0), data.draw(_faults))
            elif step == "cut":
                # What is on the wire may have arrived, unanswered.
                arrived: int = data.draw(st.integers(0, len(wire)))
                for frame in wire[:arrived]:
                    server.answer(Outbox(DeviceStore()), frame, "lost")
                wire.clear()
                outbox.disconnected()
            elif step == "restart":
                wire.clear()
                outbox = Outbox(store)
        wire.clear()
        outbox.disconnected()
        while len(outbox):
            for frame in list(outbox.due(FOREVER)):
                server.answer(outbox, frame, "none")
        assert server.placed == [one for one in sent if one in server.placed]
        assert not store.waiting()

    asyncio.run(run())


@pytest.mark.asyncio
async def test_a_change_goes_alone() -> None:
    outbox = Outbox(DeviceStore())
    outbox.add(TALK, Send(ClientId("a"), Text("x"), TALK))
    outbox.add(TALK, Change(ClientId("b"), TALK, Leave()))
    outbox.add(TALK, Send(ClientId("c"), Text("x"), TALK))
    assert [frame.id for frame in outbox.due(0.0)] == ["a"]
    outbox.answered(Placed(TALK, 1, 0), ClientId("a"))
    assert [frame.id for frame in outbox.due(0.0)] == ["b"]
    assert not list(outbox.due(0.0))
    outbox.answered(Placed(TALK, 2, 0), ClientId("b"))
    assert [frame.id for frame in outbox.due(0.0)] == ["c"]


@pytest.mark.asyncio
async def test_retry_after_lets_the_lane_rest() -> None:
    outbox = Outbox(DeviceStore())
    outbox.add(TALK, Send(ClientId("a"), Text("x"), TALK))
    assert list(outbox.due(100.0))
    outbox.refused(TALK, ClientId("a"), ApiError("rate_limited", "slow", retryable=True, retry_after=5.0), 100.0)
    assert not list(outbox.due(104.9))
    due = outbox.next_due(100.0)
    assert due is not None
    assert 105.0 <= due <= 106.0
    assert list(outbox.due(due))


@pytest.mark.asyncio
async def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("chinwag.client.outbox.CAPACITY", 2)
    outbox = Outbox(DeviceStore(tmp_path / "device.sqlite3"))
    for name in ("a", "b"):
        outbox.add(TALK, Send(ClientId(name), Text("x"), TALK))
    with pytest.raises(OutboxFull):
        outbox.add(TALK, Send(ClientId("c"), Text("x"), TALK))


OTHER = ConversationId("d~1~3")


@pytest.mark.asyncio
async def test_a_refusal_means_the_conversation_that_it_names() -> None:
    outbox = Outbox(DeviceStore())
    here = outbox.add(TALK, Send(ClientId("a"), Text("x"), TALK))
    there = outbox.add(OTHER, Send(ClientId("a"), Text("x"), OTHER))
    assert [frame.conversation for frame in outbox.due(0.0)] == [TALK]
    outbox.refused(OTHER, ClientId("a"), FINAL, 0.0)
    assert not here.placed.done()
    assert not there.placed.done()
    outbox.refused(TALK, ClientId("a"), FINAL, 0.0)
    assert isinstance(here.placed.exception(), ApiError)
    assert [frame.conversation for frame in outbox.due(0.0)] == [OTHER]
    outbox.answered(Placed(OTHER, 1, 0), ClientId("a"))
    assert there.placed.result().number == 1


@pytest.mark.asyncio
async def test_a_refusal_without_a_conversation_means_the_only_one_in_flight() -> None:
    outbox = Outbox(DeviceStore())
    here = outbox.add(TALK, Send(ClientId("a"), Text("x"), TALK))
    there = outbox.add(OTHER, Send(ClientId("a"), Text("x"), OTHER))
    assert len(list(outbox.due(0.0))) == 1
    outbox.refused(None, ClientId("a"), FINAL, 0.0)
    assert here.placed.done()
    assert not there.placed.done()


@pytest.mark.asyncio
async def test_what_is_never_placed_is_given_up_and_the_rest_chained_anew() -> None:
    outbox = Outbox(DeviceStore())
    lost = outbox.add(TALK, Send(ClientId("lost"), Text("x"), TALK))
    rest = [outbox.add(TALK, Send(ClientId(f"r{n}"), Text("x"), TALK)) for n in range(3)]
    placed: list[ClientId] = []
    for _ in range(100):
        for frame in list(outbox.due(FOREVER)):
            assert isinstance(frame, Send)
            if frame.id == "lost":
                continue  # this server never answers it
            if frame.after is None or frame.after in placed:
                placed.append(frame.id)
                outbox.answered(Placed(TALK, len(placed), 0), frame.id)
            else:
                outbox.refused(TALK, frame.id, OUT_OF_TURN, 0.0)
        if not len(outbox):
            break
    assert placed == [one.id for one in rest]
    failure = lost.placed.exception()
    assert isinstance(failure, ApiError)
    assert failure.code == "out_of_turn"


@pytest.mark.asyncio
async def test_there_is_room_again_when_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chinwag.client.outbox.CAPACITY", 1)
    outbox = Outbox(DeviceStore())
    assert outbox.room.is_set()
    outbox.add(TALK, Send(ClientId("a"), Text("x"), TALK))
    assert not outbox.room.is_set()
    outbox.answered(Placed(TALK, 1, 0), ClientId("a"))
    assert outbox.room.is_set()
