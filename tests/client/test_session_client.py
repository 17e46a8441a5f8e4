"""What the client sends and gets in sessions with a server that misbehaves: cut lines, gaps, lost answers, resets."""

import asyncio
import stat
from pathlib import Path

import msgspec
import pytest

from chinwag.client import Client, LoadAfresh, Online, StoreInUse, Unknown
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Ack, Error, Received, Reset, Send
from chinwag.wire.frames import Read as ReadFrame
from chinwag.wire.values import ClientId, Message, Read, Text, Typing

from .conftest import client_of
from .scripted import ME, TALK, YOU, Peer, ScriptedServer, message

pytestmark = pytest.mark.asyncio


def _ack(peer: Peer, send: Send, number: int) -> None:
    peer.send(Ack(send.id, TALK, number, 5))


def _text(send: Send) -> str:
    assert isinstance(send.body, Text)
    return send.body.text


async def _next_event(client: Client) -> object:
    async with asyncio.timeout(60):
        async for event in client.events():
            return event
    raise AssertionError("no event")


async def test_send_is_answered_with_its_place(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        hello = await peer.welcome()
        assert (hello.token, hello.cursor) == ("access-1", "1.0")
        sending = asyncio.create_task(client.send("hello", to=YOU))
        frame = await peer.take(Send)
        assert (frame.to, frame.after) == (YOU, None)
        _ack(peer, frame, 7)
        assert await sending == Placed(TALK, 7, 5)
        assert client.waiting == 0


async def test_unacked_sends_go_again_in_order_with_their_ids(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        handles = [client.post(text, conversation=TALK) for text in ("one", "two", "three")]
        first = [await peer.take(Send) for _ in range(3)]
        assert [frame.after for frame in first] == [None, first[0].id, first[1].id]
        _ack(peer, first[0], 1)
        await handles[0].answer()
        peer.cut()  # the answers to the others are lost
        peer = await scripted.peer()
        await peer.welcome()
        again = [await peer.take(Send) for _ in range(2)]
        assert [frame.id for frame in again] == [frame.id for frame in first[1:]]
        assert [frame.after for frame in again] == [None, again[0].id]
        for number, frame in enumerate(again, 2):
            _ack(peer, frame, number)
        assert [(await handle.answer()).number for handle in handles] == [1, 2, 3]


async def test_after_a_refusal_the_next_is_chained_to_the_last_that_was_not_refused(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        one, two, three = (client.post(text, conversation=TALK) for text in ("one", "two", "three"))
        frames = [await peer.take(Send) for _ in range(3)]
        peer.send(Error("text_too_long", "no", id=frames[1].id))
        peer.send(Error("out_of_turn", "no", retryable=True, id=frames[2].id))
        again = await peer.take(Send)
        assert (_text(again), again.id, again.after) == ("three", frames[2].id, frames[0].id)
        _ack(peer, frames[0], 1)
        _ack(peer, again, 2)
        assert (await one.answer()).number == 1
        assert (await three.answer()).number == 2
        with pytest.raises(Exception, match="no"):
            await two.answer()


async def test_a_cancelled_send_is_sent_all_the_same(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        sending = asyncio.create_task(client.send("still", to=YOU))
        peer = await scripted.peer()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await peer.welcome()
        assert _text(await peer.take(Send)) == "still"


async def test_a_gap_ends_the_session_and_the_cursor_fills_it(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        peer.event(1, message(1))
        peer.event(3, message(3))
        assert await _next_event(client) == message(1)
        await peer.gone()
        peer = await scripted.peer()
        hello = await peer.welcome()
        begin = int((hello.cursor or "").split(".")[1])
        for position in range(begin + 1, 5):
            peer.event(position, message(position))
        numbers = []
        async with asyncio.timeout(60):
            async for event in client.events():
                assert isinstance(event, Message)
                numbers.append(event.number)
                if event.number == 4:
                    break
        assert numbers == [2, 3, 4]


async def test_received_is_said_only_after_the_application_took_the_event(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        peer.event(1, message(1))
        peer.event(2, message(2))
        events = client.events()
        await anext(events)
        await anext(events)  # asking for the second says that the first is done
        assert await peer.take(Received) == Received(1)


async def test_the_cursor_survives_a_restart_and_nothing_is_skipped(scripted: ScriptedServer, tmp_path: Path) -> None:
    async with client_of(scripted, tmp_path / "device") as client:
        peer = await scripted.peer()
        await peer.welcome()
        for position in (1, 2, 3):
            peer.event(position, message(position))
        events = client.events()
        for _ in range(3):
            await anext(events)
    async with Client.resume(tmp_path / "device"):
        hello = await (await scripted.peer()).welcome()
        assert hello.cursor == "1.2"  # the third was given, but never done with


async def test_the_outbox_on_disk_survives_a_restart_in_order(scripted: ScriptedServer, tmp_path: Path) -> None:
    client = client_of(scripted, tmp_path)
    ids = [client.post(text, conversation=TALK).id for text in ("one", "two")]
    await client.close()
    async with Client.resume(tmp_path) as client:
        client.post("three", conversation=TALK)
        peer = await scripted.peer()
        await peer.welcome()
        frames = [await peer.take(Send) for _ in range(3)]
        assert [_text(frame) for frame in frames] == ["one", "two", "three"]
        assert [frame.id for frame in frames[:2]] == ids
        assert [frame.after for frame in frames] == [None, ids[0], ids[1]]


async def test_files_are_for_their_owner_alone_and_for_one_process(scripted: ScriptedServer, tmp_path: Path) -> None:
    client = client_of(scripted, tmp_path / "device")
    for file in (tmp_path / "device").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE((tmp_path / "device").stat().st_mode) == 0o700
    with pytest.raises(StoreInUse):
        client_of(scripted, tmp_path / "device")
    await client.close()


async def test_reset_is_given_to_the_application_and_events_go_on_after_it(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        peer.send(Reset("epoch", 2, 40))
        peer.event(41, message(9))
        assert await _next_event(client) == LoadAfresh("epoch", Cursor(2, 40))
        assert await _next_event(client) == message(9)
        assert await client.cursor() == Cursor(2, 40)


async def test_unknown_events_are_kept_and_unknown_frames_passed_over(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        peer.send(b'{"type":"hologram","size":3}')
        peer.event(1, b'{"kind":"poll","conversation":"d~1~2","number":1,"ordinal":1,"from":"2","options":["a"]}')
        event = await _next_event(client)
        assert isinstance(event, Unknown)
        assert (event.kind, event.number, event.sender) == ("poll", 1, YOU)
        assert msgspec.json.decode(event.raw)["options"] == ["a"]


async def test_read_is_said_again_until_it_comes_back(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        client.read(TALK, 3)
        assert await peer.take(ReadFrame) == ReadFrame(TALK, 3)
        peer.cut()
        peer = await scripted.peer()
        await peer.welcome()
        assert await peer.take(ReadFrame) == ReadFrame(TALK, 3)
        peer.event(1, Read(conversation=TALK, account=ME, number=3, at=1, ordinal=3))
        await _next_event(client)
        peer.cut()
        peer = await scripted.peer()
        await peer.welcome()
        client.post("next", conversation=TALK)
        frame = await peer.take()
        while isinstance(frame, Received):
            frame = await peer.take()
        assert isinstance(frame, Send)


async def test_signals_reach_the_application(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        peer.send(b'{"type":"signal","signal":{"type":"typing","conversation":"d~1~2","account":"2"}}')
        updates = client.updates()
        assert await anext(updates) == Online()
        assert await anext(updates) == Typing(TALK, YOU)


async def test_a_reader_that_lags_behind_loses_nothing_and_acks_still_come(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chinwag.client.feed.EVENTS", 3)
    async with client_of(scripted) as client:
        peer = await scripted.peer()
        await peer.welcome()
        for position in range(1, 9):
            peer.event(position, message(position))
        pending = client.post("while behind", conversation=TALK)
        _ack(peer, await peer.take(Send), 9)
        await pending.answer()
        events = client.events()
        numbers = []

        async def read_on() -> None:
            async for event in events:
                assert isinstance(event, Message)
                numbers.append(event.number)
                if len(numbers) == 8:
                    return

        reading = asyncio.create_task(read_on())
        while not reading.done():
            serving = asyncio.create_task(scripted.peer())
            await asyncio.wait({reading, serving}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                serving.cancel()
                break
            peer = serving.result()
            begin = int(((await peer.welcome()).cursor or "").split(".")[1])
            for position in range(begin + 1, 9):
                peer.event(position, message(position))
        await reading
        assert numbers == list(range(1, 9))


async def test_ids_make_a_repeated_send_one(scripted: ScriptedServer) -> None:
    async with client_of(scripted) as client:
        client.post("x", conversation=TALK, id="same")
        with pytest.raises(ValueError, match="waits already"):
            client.post("x", conversation=TALK, id="same")
        peer = await scripted.peer()
        await peer.welcome()
        assert (await peer.take(Send)).id == ClientId("same")
