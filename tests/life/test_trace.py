"""`chinwag trace` says, member by member, how far one message has come."""

from pathlib import Path

import msgspec
from tests.life.commands import chinwag
from tests.support.people import Crowd, begin_group

from chinwag.domain.events import Read as ReadEvent
from chinwag.domain.tracing import Trace
from chinwag.wire.frames import Ack, Read, Received, Send
from chinwag.wire.values import ClientId, Text


async def test_a_message_is_followed_to_each_member(crowd: Crowd, tmp_path: Path) -> None:
    ann, bob, cyd = await crowd.people("ann", "bob", "cyd")
    group = await begin_group(ann, bob, cyd)
    await cyd.disconnect()
    placed = await ann.ask(Send(id=ClientId("m1"), conversation=group, body=Text("not to be shown")))
    assert isinstance(placed, Ack)
    await bob.reach_head()
    bob.send(Received(bob.position))
    bob.send(Read(group, placed.number))
    await ann.until(lambda: any(isinstance(seen.event, ReadEvent) for seen in ann.seen), "bob's read mark")

    ran = await chinwag("trace", group, placed.number, "--json", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    assert "not to be shown" not in ran.out
    trace = msgspec.json.decode(ran.out, type=Trace)
    assert (trace.number, trace.kind, trace.sender) == (placed.number, "message", ann.account)
    members = {member.account: member for member in trace.members}
    assert set(members) == {ann.account, bob.account, cyd.account}
    assert all(member.position is not None for member in trace.members)
    assert [one.device for one in members[bob.account].sessions] == [bob.id]
    assert members[bob.account].read
    assert members[bob.account].delivered
    assert not members[cyd.account].sessions
    assert not members[cyd.account].delivered
    assert not members[ann.account].behind

    ran = await chinwag("trace", group, placed.number + 5, "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 1
    assert "no event of that number" in ran.err
