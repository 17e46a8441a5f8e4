"""What somebody does in private shows nowhere: not in a number that rises, and not in marks after a block."""

import asyncio
from typing import Any

import pytest
from tests.support.device import Device
from tests.support.people import Crowd, begin_group, log_in_device

from chinwag.domain.ids import ClientId, ConversationId, direct_id
from chinwag.wire.frames import Ack, Error, Read, Received, Send
from chinwag.wire.values import Delivered, Text
from chinwag.wire.values import Read as ReadEvent


async def asked(device: Device, method: str, path: str, json: object = None) -> Any:
    answer = await device.place.request(method, path, token=device.token, json=json)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def test_the_version_that_others_see_is_the_profile_s_alone(crowd: Crowd) -> None:
    ann, bob = await crowd.people("ann", "bob")
    seen = [(await asked(bob, "GET", f"/v1/users/{ann.account}"))["version"]]
    mine = [(await asked(ann, "GET", "/v1/me"))["version"]]

    async def shows() -> bool:
        seen.append((await asked(bob, "GET", f"/v1/users?id={ann.account}"))["items"][0]["version"])
        mine.append((await asked(ann, "GET", "/v1/me"))["version"])
        return bool(seen[-1] != seen[-2])

    another = await log_in_device(ann.place, ann.name)
    for method, path, body in (
        ("PUT", f"/v1/blocks/{bob.account}", None),
        ("DELETE", f"/v1/blocks/{bob.account}", None),
        ("PATCH", "/v1/me/settings", {"direct_from": "friends"}),
        ("DELETE", f"/v1/devices/{another.id}", None),
        ("PUT", f"/v1/friends/{bob.account}", None),
        ("POST", "/v1/conversations", {"title": "Tea", "members": []}),
    ):
        await asked(ann, method, path, body)
        assert not await shows(), path
    assert mine[-1] > mine[0], "its owner's own version does rise"
    await asked(ann, "PATCH", "/v1/me", {"about": "hello"})
    assert await shows()
    assert seen[-1] > seen[0]


@pytest.mark.parametrize("blocker", ["ann", "bob"])
async def test_after_a_block_no_mark_passes_between_the_two(crowd: Crowd, blocker: str) -> None:
    """Neither as an event, nor in a view, nor as a receipt, in either direction; one's own devices know all."""
    ann, bob = await crowd.people("ann", "bob")
    other_phone = await crowd.another(bob)
    direct = direct_id(ann.account, bob.account)
    group = await begin_group(ann, bob)
    sent = [await ann.ask(Send(ClientId(f"m{number}"), Text("hello"), direct)) for number in range(3)]
    last = sent[-1]
    assert isinstance(last, Ack)
    bob.send(Read(direct, 1))
    await ann.until(lambda: marks(ann, direct), "the first mark")
    who, whom = (ann, bob) if blocker == "ann" else (bob, ann)
    await asked(who, "PUT", f"/v1/blocks/{whom.account}")
    await declined(whom, direct)
    shown_before = await shown(ann, bob, direct, last.number)
    before = len(marks(ann, direct))
    await bob.reach_head()
    bob.send(Received(bob.position))
    bob.send(Read(direct, last.number))
    await other_phone.until(lambda: marks(other_phone, direct)[-1:] == [last.number], "its own mark")
    own = await asked(bob, "GET", f"/v1/conversations/{direct}")
    assert (own["read"], own["unread"]) == (last.number, 0)
    # In a group that both are in, all goes on; what is told there was told after all that was withheld.
    in_group = await ann.ask(Send(ClientId("g1"), Text("hello"), group))
    assert isinstance(in_group, Ack)
    bob.send(Read(group, in_group.number))
    await ann.until(lambda: marks(ann, group), "a mark in the group")
    assert len(marks(ann, direct)) == before
    assert await shown(ann, bob, direct, last.number) == shown_before
    await asked(who, "DELETE", f"/v1/blocks/{whom.account}")
    await accepted(whom, direct)
    # What was read meanwhile is not told afterwards either; the next thing that is read is.
    assert await shown(ann, bob, direct, last.number) == shown_before
    new = await ann.ask(Send(ClientId("m9"), Text("hello again"), direct))
    assert isinstance(new, Ack)
    bob.send(Read(direct, new.number))
    await ann.until(lambda: marks(ann, direct)[-1:] == [new.number], "a mark again")
    view = await asked(ann, "GET", f"/v1/conversations/{direct}")
    assert [one["read"] for one in view["members"] if one["account"] == bob.account] == [new.number]


def marks(device: Device, conversation: str) -> list[int]:
    """The numbers of the other's marks, and of one's own, as they came as events."""
    return [
        one.event.number
        for one in device.seen
        if isinstance(one.event, ReadEvent | Delivered) and one.event.conversation == conversation
    ]


async def shown(reader: Device, of: Device, direct: ConversationId, number: int) -> list[Any]:
    """All that shows of somebody's marks in a direct conversation."""
    view = await asked(reader, "GET", f"/v1/conversations/{direct}")
    page = await asked(reader, "GET", "/v1/conversations")
    listed = [one for one in page["conversations"] if one["id"] == direct]
    receipts = [await asked(reader, "GET", f"/v1/conversations/{direct}/messages/{n}/receipts") for n in (1, number)]
    members = [one for found in (view, *listed) for one in found["members"] if one["account"] == of.account]
    return [members, receipts]


async def declined(device: Device, direct: ConversationId, code: str = "recipient_refuses") -> None:
    """Wait until the conversation knows of the block. What is tried is never placed: it answers what is not there."""
    async with asyncio.timeout(60):
        for number in range(10_000):
            name = ClientId(f"{code}{number}")
            answer = await device.ask(Send(name, Text("?"), direct, reply_to=1_000_000))
            assert isinstance(answer, Error)
            if answer.code == code:
                return
            await asyncio.sleep(0.05)


async def accepted(device: Device, direct: ConversationId) -> None:
    """Wait until the conversation knows that the block is over."""
    await declined(device, direct, "bad_reply")
