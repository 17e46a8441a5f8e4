"""What a page of history brings beside its messages: reactions and quoted messages, exact for many, and bounded."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.flow.test_shown_rows import ANN, PAIR, history_of, made
from tests.support.backstage import Backstage, backstage

from chinwag.adapters.embedded import open_embedded
from chinwag.client.events import decode_numbered
from chinwag.client.mirror import Mirror
from chinwag.domain.body import TEXT_CHARACTERS, Text
from chinwag.domain.command import React, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.events import Message, Reaction
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.reactions import LISTED, Reacted
from chinwag.domain.views import EventPage
from chinwag.flow import quotes, reactions
from chinwag.flow.ask import ask
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.quotes import QUOTED_BYTES
from chinwag.flow.states import States
from chinwag.flow.wish import Wish

OWNER = AccountId("1")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Backstage]:
    async with backstage(tmp_path / "data") as opened:
        yield opened


def _history(stage: Backstage) -> History:
    return History(stage.embedded.message_store, stage.embedded.mark_store, States(stage.embedded.message_store))


def _messages(page: EventPage) -> list[Message]:
    return [one for one in map(decode_numbered, page.events) if isinstance(one, Message)]


async def _loaded(stage: Backstage, account: AccountId, conversation: ConversationId) -> Mirror:
    """What a device has that loads afresh."""
    stores = stage.embedded
    mirror = Mirror(account)
    mirror.put(await Conversations(stores.message_store, stores.mark_store, stores.inbox).view(account, conversation))
    page = await _history(stage).page_before(account, conversation, None, 100)
    mirror.keep(conversation, map(decode_numbered, page.events), page.head)
    return mirror


async def test_thirty_people_put_one_emoji_on_and_all_devices_agree(stage: Backstage) -> None:
    people = [str(number) for number in range(1, 31)]
    for one in people:
        await stage.people(one)
    group = await stage.group(OWNER, "Chess", GroupSettings(), *people[1:])
    target = (await stage.do(OWNER, group, Send(Text("who comes?")))).number
    there = await _loaded(stage, AccountId("2"), group)
    for one in people:
        await ask(stage.accept, Wish(AccountId(one), DeviceId(f"d{one}"), group, ClientId("r"), React(target, "👍")))
        if one == "7":
            # The same person from another device: that is no second one, and takes no number.
            head = (await stage.state(group)).head
            wish = Wish(AccountId(one), DeviceId("tablet"), group, ClientId("again"), React(target, "👍\ufe0f"))
            assert (await ask(stage.accept, wish)).number == head
            assert (await stage.state(group)).head == head
    for raw in (await _history(stage).changes(AccountId("2"), group, target, 100)).events:
        event = decode_numbered(raw)
        assert isinstance(event, Reaction)
        assert there.apply(event) is None
        there.apply(event)
    afresh = await _loaded(stage, AccountId("2"), group)
    assert there.reactions(group) == afresh.reactions(group) == {target: {"👍": (30, True)}}
    [stands] = afresh.conversations[group].reactions[target].on.values()
    [kept] = there.conversations[group].reactions[target].on.values()
    assert stands.by == kept.by == tuple(map(AccountId, people[:LISTED]))
    listed = await _history(stage).reactions(AccountId("2"), group, target, 0, 200)
    assert [one.account for one in listed.reactions] == people
    assert [one.number for one in listed.reactions] == list(range(target + 1, target + 31)), "each is a real one more"


async def test_a_page_with_very_many_reactions_is_shorter_and_paging_misses_nothing(tmp_path: Path) -> None:
    # Four messages with 1,700 people each: two of them are 3,400 rows, three are more than a page reads.
    embedded = await open_embedded(tmp_path / "data")
    each = reactions.ROWS * 34 // 100
    commit, numbers = made("aaaa")
    on = [
        (number, AccountId(f"x{person}"), Reacted().then(number, "👍", on=True))
        for number in numbers
        for person in range(each)
    ]
    await embedded.message_store.commit([msgspec.structs.replace(commit, reactions=on)])
    history = history_of(embedded)
    pages = []
    before: int | None = None
    while found := _messages(await history.page_before(ANN, PAIR, before, 100)):
        pages.append([one.number for one in found])
        assert [one.reactions[0].count for one in found] == [each] * len(found)
        before = found[0].number
    assert pages == [numbers[2:], numbers[:2]]
    after: list[list[int]] = []
    while found := _messages(await history.page_after(ANN, PAIR, after[-1][-1] if after else 0, 100)):
        after.append([one.number for one in found])
    assert after == [numbers[:2], numbers[2:]]
    around = [one.number for one in _messages(await history.page_around(ANN, PAIR, numbers[1], 100))]
    assert numbers[1] in around
    assert len(around) == 2
    await embedded.close()


async def test_one_message_has_all_that_people_put_on_it(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path / "data")
    commit, [number] = made("a")
    people = reactions.ROWS + 1
    on = [(number, AccountId(f"x{one}"), Reacted().then(number, "👍", on=True)) for one in range(people)]
    await embedded.message_store.commit([msgspec.structs.replace(commit, reactions=on)])
    [found] = _messages(await history_of(embedded).page_before(ANN, PAIR, None, 100))
    assert found.reactions[0].count == people
    await embedded.close()


async def test_what_replies_answer_fills_a_mebibyte_at_most(stage: Backstage) -> None:
    await stage.people("1", "2")
    group = await stage.group(OWNER, "Chess", GroupSettings(), "2")
    long = 3 * quotes.STEP // 2
    first = [
        (await stage.do("1", group, Send(Text("x" * TEXT_CHARACTERS)))).number
        for _ in range(QUOTED_BYTES // TEXT_CHARACTERS + 4)
    ]
    short = [(await stage.do("2", group, Send(Text("short")))).number for _ in range(long)]
    for number in [*first, *short]:
        await stage.do("2", group, Send(Text("yes"), reply_to=number))
    page = await _history(stage).page_before(OWNER, group, None, len(first) + len(short))
    quoted = [decode_numbered(one).number for one in page.quoted]
    fit = QUOTED_BYTES // (TEXT_CHARACTERS + 200)
    assert quoted == [*first[-fit - 1 :], *short], "those answered last, and the one that fills it"
    assert QUOTED_BYTES <= sum(len(bytes(one)) for one in page.quoted) < QUOTED_BYTES + TEXT_CHARACTERS + 1_000
    event, _ = await _history(stage).one(OWNER, group, first[0])
    assert decode_numbered(event).number == first[0], "the others are there one by one"
