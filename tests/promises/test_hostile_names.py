"""One person's odd names are that person's trouble: whatever a frame is called, everybody else goes on talking."""

import pytest
from tests.support.device import Device, texts
from tests.support.people import Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Read, Send, Typing
from chinwag.wire.values import ConversationId, Text
from chinwag.wire.values import Read as ReadEvent

WIDE = "\u8a9e"  # three bytes in UTF-8


async def _talk(anna: Device, berta: Device) -> int:
    answer = await anna.ask(Send(ClientId("plain"), Text("hello"), to=berta.account))
    assert isinstance(answer, Ack), answer
    await berta.reach_head()
    assert texts(berta) == ["hello"]
    return answer.number


@pytest.mark.parametrize(
    ("name", "after"),
    [(WIDE * 128, None), ("m", WIDE * 128), ("m", "x" * 300), ("m", "\0"), ("m", "")],
    ids=["wide id", "wide after", "long after", "after that cannot be printed", "empty after"],
)
async def test_a_send_with_an_odd_name_is_refused_alone(crowd: Crowd, name: str, after: str | None) -> None:
    anna, berta, mallory = await crowd.people("anna", "berta", "mallory")
    named = None if after is None else ClientId(after)
    refused = await mallory.ask(Send(ClientId(name), Text("odd"), to=berta.account, after=named))
    assert isinstance(refused, Error)
    assert refused.code == "bad_request"
    await _talk(anna, berta)


async def test_marks_of_odd_conversations_keep_nobody_elses_back(crowd: Crowd) -> None:
    anna, berta, mallory = await crowd.people("anna", "berta", "mallory")
    number = await _talk(anna, berta)
    direct = next(iter(berta.held.mirror.conversations))
    # Before and after it, so that it shares its round with them.
    mallory.send(Read(ConversationId(WIDE * 200), 1))
    mallory.send(Typing(ConversationId(WIDE * 200)))
    berta.send(Read(direct, number))
    mallory.send(Read(ConversationId(WIDE * 199), 1))
    await anna.until(
        lambda: any(isinstance(one.event, ReadEvent) and one.event.number == number for one in anna.seen),
        "the mark of the one who reads",
    )
