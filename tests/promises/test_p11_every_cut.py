"""P11 across edits and deletions: whoever comes back at any cut of its inbox holds what a cold load gives.

What it had seen is as it was then; what it missed comes as it is now, and may say what was changed before it left.
"""

from collections.abc import Sequence

from tests.support.device import Device, Seen
from tests.support.held import Loaded, get, load
from tests.support.people import Crowd, begin_group

from chinwag.client.events import decode_event
from chinwag.client.mirror import Mirror
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import ConversationView
from chinwag.wire.frames import Ack, Change, Delete, Edit, Send
from chinwag.wire.sync import SyncPage
from chinwag.wire.values import (
    Add,
    ClientId,
    ConversationId,
    GroupAction,
    GroupSettings,
    Message,
    Remove,
    SetSettings,
    Text,
)

GONE = ("a password", "a reworded password", "another secret")


class Talk:
    """What is said and done in one group, each under an id of its own."""

    def __init__(self, group: ConversationId) -> None:
        self._group = group
        self._made = 0

    async def says(self, who: Device, text: str) -> int:
        return await self._number(who, Send(self._name(), Text(text), self._group))

    async def edits(self, who: Device, number: int, text: str) -> int:
        return await self._number(who, Edit(self._name(), self._group, number, Text(text)))

    async def deletes(self, who: Device, number: int) -> int:
        return await self._number(who, Delete(self._name(), self._group, number))

    async def changes(self, who: Device, action: GroupAction) -> int:
        return await self._number(who, Change(self._name(), self._group, action))

    def _name(self) -> ClientId:
        self._made += 1
        return ClientId(f"c{self._made}")

    async def _number(self, who: Device, frame: Send | Edit | Delete | Change) -> int:
        answer = await who.ask(frame)
        assert isinstance(answer, Ack), answer
        return answer.number


async def test_whoever_comes_back_at_any_cut_holds_what_a_cold_load_gives(crowd: Crowd) -> None:
    ann, ben, cem = await crowd.people("ann", "ben", "cem")
    group = await begin_group(ann, ben, cem)
    talk = Talk(group)
    first = await talk.says(ann, "helo")
    await talk.edits(ann, first, "hello")
    password = await talk.says(ben, "a password")
    await talk.edits(ben, password, "a reworded password")
    await talk.edits(ann, first, "hello there")
    await talk.deletes(ben, password)
    secret = await talk.says(cem, "another secret")
    await talk.changes(ann, SetSettings(GroupSettings(history="joined")))
    await talk.changes(ann, Remove(cem.account))
    await talk.edits(ann, first, "behind the back of cem")
    await talk.changes(ann, Add(cem.account))
    await talk.edits(ann, first, "above the head of cem")
    await talk.deletes(ann, secret)
    last = await talk.says(ann, "the last word")
    await talk.edits(ann, last, "the very last word")
    for one in (ann, ben, cem):
        await one.reach_head()
        await _every_cut(one)


async def _every_cut(one: Device) -> None:
    loaded = await load(one.place, one.account, one.token)
    assert loaded.stable
    assert not _said(loaded) & {*GONE}
    own = loaded.own_numbers()
    there = loaded.held.mirror.comparable(own)
    begun = one.seen[0].position - 1
    given = await _given(one, begun)
    assert not {text for seen in given for text in GONE if text.encode() in seen.raw}
    for cut in range(begun, loaded.cursor.position + 1):
        mirror = Mirror(one.account)
        await _take(one, mirror, [seen for seen in one.seen if seen.position <= cut])
        await _take(one, mirror, [seen for seen in given if seen.position > cut])
        assert mirror.comparable(own) == there, cut
        for name, held in mirror.conversations.items():
            now = {event.number: event for event in loaded.numbered(name)}
            for number, event in held.messages.items():
                # Of some it was told that they have changed, and not how: those it would ask for.
                if isinstance(event, Message) and number not in held.stale:
                    assert event == now[number], cut


async def _take(one: Device, mirror: Mirror, events: Sequence[Seen]) -> None:
    for seen in events:
        if (missing := mirror.apply(seen.event)) is not None:
            # Who comes in again loads what it is in.
            mirror.put(await get(one.place, one.token, f"/v1/conversations/{missing}", ConversationView))
            assert mirror.apply(seen.event) is None


async def _given(one: Device, after: int) -> list[Seen]:
    """All after a position, as it is given now."""
    found: list[Seen] = []
    cursor = str(Cursor(one.epoch, after))
    while True:
        page = await get(one.place, one.token, f"/v1/sync?after={cursor}&limit=200", SyncPage)
        assert page.reset is None
        found += [Seen(each.position, bytes(each.event), decode_event(each.event)) for each in page.events]
        cursor = page.cursor
        if not page.more:
            return found


def _said(loaded: Loaded) -> set[str]:
    """All texts in what was loaded."""
    return {
        event.body.text
        for name in loaded.events
        for event in loaded.numbered(name)
        if isinstance(event, Message) and isinstance(event.body, Text)
    }
