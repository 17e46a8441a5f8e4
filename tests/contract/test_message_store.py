"""The contract of the `MessageStore` port, over every adapter."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Literal

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, Stores, commit, entries, event, name

from chinwag.domain.conversation import Position, SendKey, Span
from chinwag.domain.facts import Target
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.domain.mentions import ALL, Mention
from chinwag.domain.reactions import Reacted, Step
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.as_read import content
from chinwag.ports.inbox import Arrival, Posting
from chinwag.ports.message_store import Changed, Commit, Fanout, KeyName, Row


async def test_a_commit_is_readable_when_it_returns(stores: Stores) -> None:
    batch = commit(1, 3)
    await stores.store.commit([batch])
    assert await stores.store.states([PAIR]) == [batch.state]
    assert await stores.store.events(PAIR, 1, 3) == [event(1), event(2), event(3)]
    assert await stores.store.keys([name(2)]) == [SendKey(Position(1, 2, 0), 2, 1002)]
    assert await stores.store.spans(ANN, PAIR) == [Span(ANN, PAIR, 1)]
    assert await entries(stores, BEN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]


async def test_a_commit_is_there_after_a_restart(stores: Stores) -> None:
    batch = commit(1, 3)
    await stores.store.commit([batch])
    await stores.stop()
    await stores.start()
    assert await stores.store.states([PAIR]) == [batch.state]
    assert await stores.store.events(PAIR, 1, 9) == [event(1), event(2), event(3)]
    assert (await stores.store.keys([name(3)]))[0] is not None
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]
    await stores.store.commit([commit(4, 4)])
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3, 4)]


async def test_what_was_never_written_is_answered_as_such(stores: Stores) -> None:
    await stores.store.commit([commit(1, 1)])
    other = group_id("77")
    assert await stores.store.states([other, PAIR, other]) == [None, commit(1, 1).state, None]
    assert await stores.store.states([]) == []
    assert await stores.store.keys([]) == []
    assert await stores.store.keys([name(2)]) == [None]
    assert await stores.store.events(other, 1, 10) == []
    assert await stores.store.events(PAIR, 2, 10) == []
    assert await stores.store.events(PAIR, 2, 1) == []
    assert await stores.store.spans(CYD, PAIR) == []
    assert await stores.store.memberships(CYD) == []


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 50), (40, 60), (500, 1000), (1000, 1000), (990, 2000)])
async def test_a_range_of_events_is_exact(stores: Stores, first: int, last: int) -> None:
    await stores.store.commit([commit(1, 1000)])
    assert await stores.store.events(PAIR, first, last) == [event(n) for n in range(first, min(last, 1000) + 1)]


async def test_texts_of_any_length_and_script_come_back_as_they_were(stores: Stores) -> None:
    texts = ["x" * 99_999, "\U0001f600" * 99_999, "שלום नमस्ते 你好 \u202e", "\\u0000 ~ \n"]
    batch = msgspec.structs.replace(
        commit(1, len(texts)), events=[(number, event(number, text)) for number, text in enumerate(texts, 1)]
    )
    await stores.store.commit([batch])
    stored = await stores.store.events(PAIR, 1, len(texts))
    assert [msgspec.json.decode(content(one))["text"] for one in stored] == texts


async def test_writing_the_same_rows_again_changes_nothing_but_inboxes(stores: Stores) -> None:
    batch = commit(1, 2)
    await stores.store.commit([batch])
    before = (
        await stores.store.states([PAIR]),
        await stores.store.events(PAIR, 1, 9),
        await stores.store.keys([name(1), name(2)]),
        await stores.store.memberships(ANN),
    )
    await stores.store.commit([batch])
    after = (
        await stores.store.states([PAIR]),
        await stores.store.events(PAIR, 1, 9),
        await stores.store.keys([name(1), name(2)]),
        await stores.store.memberships(ANN),
    )
    assert before == after
    first, again = 2 * [[f"{PAIR}#1", f"{PAIR}#2"]]
    assert await entries(stores, ANN) in (first, first + again)  # posting is at least once


async def test_many_conversations_in_one_batch(stores: Stores) -> None:
    groups = [group_id(str(n)) for n in range(300)]
    await stores.store.commit([commit(1, 1, group, (ANN, AccountId(f"a{n}"))) for n, group in enumerate(groups)])
    states = await stores.store.states(groups)
    assert [state.id for state in states if state is not None] == groups
    assert await entries(stores, ANN) == [f"{group}#1" for group in groups]
    assert {span.conversation for span in await stores.store.memberships(ANN)} == set(groups)


async def test_mentions_are_read_newest_first_and_removed(stores: Stores) -> None:
    tea = group_id("9")
    rows = [Mention(one, number, number) for number in (1, 2, 255, 256, 70_000) for one in (ANN, ALL)]
    other = [Mention(ANN, 3, 3), Mention(BEN, 4, 4)]
    spoken = msgspec.structs.replace(commit(1, 1), mentions=rows)
    await stores.store.commit([spoken, msgspec.structs.replace(commit(1, 1, tea), mentions=other)])
    read = stores.store.mentions
    assert set(await read([ANN, ALL], PAIR, 0, 9)) == set(rows)
    assert set(await read([ANN, ALL], PAIR, 2, 9)) == {row for row in rows if row.number > 2}
    assert await read([ANN], PAIR, 1, 2) == [Mention(ANN, 70_000, 70_000), Mention(ANN, 256, 256)]
    assert await read([ANN], PAIR, 70_000, 9) == await read([BEN], PAIR, 0, 9) == await read([], PAIR, 0, 9) == []
    assert await read([ANN, BEN, CYD], tea, 0, 9) == other
    await stores.store.commit([spoken])
    assert set(await read([ANN, ALL], PAIR, 0, 9)) == set(rows), "written again, they are the same"
    changed = [Mention(ANN, 2, 0), Mention(ALL, 256, 0), Mention(BEN, 5, 0), Mention(ANN, 1, 2), Mention(BEN, 2, 2)]
    await stores.store.commit([msgspec.structs.replace(commit(2, 2), mentions=changed)])
    gone = [Mention(ANN, 2, 2), Mention(ALL, 256, 256), Mention(ANN, 1, 1)]
    now = {row for row in rows if row not in gone} | {Mention(ANN, 1, 2), Mention(BEN, 2, 2)}
    assert set(await read([ANN, BEN, ALL], PAIR, 0, 9)) == now
    assert await read([ANN, BEN, CYD], tea, 0, 9) == other


async def test_memberships_are_read_some_conversations_at_a_time(stores: Stores) -> None:
    groups = [group_id(name) for name in ("1", "2", "10", "11", "é", "100")]
    await stores.store.commit([commit(1, 1, group, (ANN, CYD)) for group in reversed(groups)])
    everything = await stores.store.memberships(ANN)
    # The same in every store: a client that is half way through its list does not notice a move.
    assert [span.conversation for span in everything] == groups
    for limit in (1, 2, 4, 99):
        found: list[Span] = []
        after = ConversationId("")
        while some := await stores.store.memberships_after(ANN, after, limit):
            assert len({span.conversation for span in some}) <= limit
            found += some
            after = some[-1].conversation
        assert found == everything
    assert await stores.store.memberships_after(BEN, ConversationId(""), 9) == []
    # One that is named need not be there any more: what follows is what followed when it was.
    gone = group_id("5")
    await stores.store.commit([commit(1, 1, gone, (CYD,))])
    with_it = [span.conversation for span in await stores.store.memberships(CYD)]
    rest = await stores.store.memberships_after(ANN, gone, 9)
    assert [span.conversation for span in rest] == with_it[with_it.index(gone) + 1 :]


async def test_all_conversations_are_walked_through_whatever_begins_meanwhile(stores: Stores) -> None:
    groups = [group_id(name) for name in ("1", "2", "10", "11", "é", "100")]
    await stores.store.commit([commit(1, 1, group) for group in [PAIR, *groups]])
    everything = await stores.store.conversations(ConversationId(""), 99)
    assert sorted(everything) == sorted([PAIR, *groups])
    for limit in (1, 2, 7):
        found: list[ConversationId] = []
        while some := await stores.store.conversations(found[-1] if found else ConversationId(""), limit):
            assert len(some) <= limit
            found += some
            if len(found) < 6:
                await stores.store.commit([commit(1, 1, group_id(f"new{limit}-{len(found)}"))])
        assert [name for name in found if "new" not in name] == everything
        assert len(set(found)) == len(found)
    # Where one walked to need not be a conversation.
    middle = await stores.store.conversations(ConversationId("g~1a"), 99)
    assert set(middle) < set(await stores.store.conversations(ConversationId(""), 99))


async def test_the_audience_may_change_within_a_batch(stores: Stores) -> None:
    batch = msgspec.structs.replace(
        commit(1, 5),
        fanouts=[Fanout(1, 1, (ANN,)), Fanout(2, 2, (ANN,)), Fanout(3, 4, (ANN, BEN)), Fanout(5, 5, (BEN, CYD))],
    )
    await stores.store.commit([batch])
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3, 4)]
    assert await entries(stores, BEN) == [f"{PAIR}#{n}" for n in (3, 4, 5)]
    assert await entries(stores, CYD) == [f"{PAIR}#5"]


async def test_a_commit_without_events_stores_the_state(stores: Stores) -> None:
    batch = msgspec.structs.replace(commit(1, 1), events=[], fanouts=[], keys=[], spans=[])
    await stores.store.commit([batch])
    assert await stores.store.states([PAIR]) == [batch.state]
    assert await entries(stores, ANN) == []


@pytest.mark.parametrize("last", [4, 200, 70_000])
async def test_of_two_spans_of_one_name_in_a_batch_the_later_holds(stores: Stores, last: int) -> None:
    """Somebody leaves and comes back at once, or comes and leaves, and may read from the same number on each time."""
    base = commit(1, 1)
    left, came = Span(ANN, PAIR, 1, last), Span(ANN, PAIR, 1)
    await stores.store.commit([msgspec.structs.replace(base, spans=[left, came])])
    assert await stores.store.spans(ANN, PAIR) == [came]
    left, came = Span(BEN, PAIR, 1, last), Span(BEN, PAIR, 1)
    await stores.store.commit([msgspec.structs.replace(commit(2, 2), spans=[came, left])])
    assert await stores.store.spans(BEN, PAIR) == [left]


async def test_spans_are_overwritten_by_their_first_number_and_rise(stores: Stores) -> None:
    base = commit(1, 1)
    spans = [Span(ANN, PAIR, 300), Span(ANN, PAIR, 2, 9), Span(ANN, PAIR, 1, 4), Span(BEN, PAIR, 1)]
    await stores.store.commit([msgspec.structs.replace(base, spans=spans)])
    await stores.store.commit([msgspec.structs.replace(base, spans=[Span(ANN, PAIR, 300, 400)])])
    assert await stores.store.spans(ANN, PAIR) == [
        Span(ANN, PAIR, 1, 4),
        Span(ANN, PAIR, 2, 9),
        Span(ANN, PAIR, 300, 400),
    ]


async def test_memberships_are_grouped_by_conversation(stores: Stores) -> None:
    groups = [group_id(str(n)) for n in (1, 10, 2, 100)]
    for group in groups:
        spans = [Span(ANN, group, 1, 5), Span(ANN, group, 300)]
        await stores.store.commit([msgspec.structs.replace(commit(1, 1, group), spans=spans)])
    found = await stores.store.memberships(ANN)
    order = list(dict.fromkeys(span.conversation for span in found))
    assert sorted(order) == sorted(groups)
    assert found == [span for group in order for span in (Span(ANN, group, 1, 5), Span(ANN, group, 300))]


async def test_what_is_refused_or_noted_keeps_its_key_and_posts_nothing(stores: Stores) -> None:
    await stores.store.commit([commit(1, 1)])
    after = commit(1, 1, sequence=9).state
    keys = [
        (name(8), SendKey(Position(1, 8, 0), 0, 1008, b"12345678", Code.RECIPIENT_REFUSES)),
        (name(9), SendKey(Position(1, 9, 0), 1, 1009)),
    ]
    for _ in range(2):  # a replay changes nothing
        await stores.store.commit([Commit(after, [], [], keys, [])])
    await stores.stop()
    await stores.start()
    assert await stores.store.keys([name(8), name(9), name(1)]) == [keys[0][1], keys[1][1], commit(1, 1).keys[0][1]]
    assert await stores.store.states([PAIR]) == [after]
    assert await entries(stores, ANN) == [f"{PAIR}#1"]
    await stores.store.forget(ANN, [keys[0][0].device])
    assert await stores.store.keys([name(8), name(9)]) == [None, None]


async def test_long_texts_reach_very_many(stores: Stores) -> None:
    """What takes the most room of all: escaped text, many members, and all of it in one batch."""
    members = tuple(AccountId(f"m{n}") for n in range(500))
    text = event(1, '\\"\n\u0001' * 25_000)
    batch = msgspec.structs.replace(commit(1, 3, PAIR, members), events=[(n, text) for n in (1, 2, 3)])
    await stores.store.commit([batch])
    assert await stores.store.states([PAIR]) == [batch.state]
    assert await stores.store.events(PAIR, 1, 3) == [text] * 3
    for member in (members[0], members[-1]):
        assert await entries(stores, member) == [f"{PAIR}#{n}" for n in (1, 2, 3)]


async def test_no_name_reaches_into_another(stores: Stores) -> None:
    """Ids that begin alike, hold separators, or are put together from others' parts stay apart."""
    ids = ["1", "10", "100", "d~1~2", "d~1~20", "d~", "~", "g~é", "g~e\u0301", "\U0001f600", "a\tb", " "]
    ids += ["\0", "\0\0", "a\0b", "*", ">", ".", "a.*.>", "%", "_", "\\", "\\x00", "'", '"', "{}", "NULL", "null", ","]
    ids += ["A", "a", "\u0130", "\xad", "e" * 255, "e" * 254, "\u00e9" * 127, "\U0001f600" * 63]
    for number, one in enumerate(ids):
        conversation = ConversationId(one)
        batch = commit(1, 1, conversation, (AccountId(one),), sequence=number + 1)
        key = (KeyName(conversation, DeviceId(one), ClientId(one)), SendKey(Position(1, number, 0), number, 0))
        await stores.store.commit([msgspec.structs.replace(batch, events=[(1, one.encode())], keys=[key])])
    for number, one in enumerate(ids):
        conversation, account = ConversationId(one), AccountId(one)
        assert await stores.store.events(conversation, 1, 10) == [one.encode()]
        assert await stores.store.memberships(account) == [Span(account, conversation, 1)]
        assert await entries(stores, account) == [f"{one}#1"]
        found = await stores.store.keys([KeyName(conversation, DeviceId(one), ClientId(one))])
        assert found == [SendKey(Position(1, number, 0), number, 0)]
    shifted = KeyName(ConversationId("1"), DeviceId("0"), ClientId("10"))
    assert await stores.store.keys([shifted]) == [None]


async def test_an_impossible_name_is_refused_and_harms_nobody(stores: Stores) -> None:
    for one in ("x" * 300, "\ud800"):
        with pytest.raises(Refused) as refused:
            await stores.store.commit([commit(1, 1), commit(1, 1, ConversationId(one))])
        assert refused.value.code is Code.BAD_REQUEST
        with pytest.raises(Refused):
            await stores.store.events(ConversationId(one), 1, 1)
    await stores.store.commit([commit(1, 1)])
    assert await entries(stores, ANN) == [f"{PAIR}#1"]


async def test_commits_that_overlap_all_arrive_and_inboxes_stay_dense(stores: Stores) -> None:
    groups = [group_id(str(n)) for n in range(40)]
    stores.fault.hold()
    writes = stores.fault.writes
    waiting = [asyncio.create_task(stores.store.commit([commit(1, 2, group, (ANN, BEN))])) for group in groups]
    waiting += [asyncio.create_task(stores.inbox.post([Posting(ANN, b"{}")])) for _ in groups]
    await asyncio.sleep(0)
    stores.fault.go()
    await asyncio.gather(*waiting)
    if stores.shares_writes:
        assert stores.fault.writes - writes <= 2  # all that waited shared one write
    found = await entries(stores, ANN)
    assert sorted(found) == sorted([f"{group}#{n}" for group in groups for n in (1, 2)] + ["{}"] * len(groups))
    assert await entries(stores, BEN) == [f"{group}#{n}" for group in groups for n in (1, 2)]


async def test_nothing_is_readable_before_it_is_durable(stores: Stores) -> None:
    stores.fault.hold()
    waiting = asyncio.create_task(stores.store.commit([commit(1, 1)]))
    await asyncio.sleep(0)
    assert await stores.store.states([PAIR]) == [None]
    assert await stores.store.events(PAIR, 1, 1) == []
    assert (await stores.inbox.bounds(ANN)).head == 0
    stores.fault.go()
    await waiting
    assert (await stores.inbox.bounds(ANN)).head == 1


async def test_a_commit_whose_caller_has_gone_is_made_all_the_same(stores: Stores) -> None:
    stores.fault.hold()
    gone = asyncio.create_task(stores.store.commit([commit(1, 1)]))
    stays = asyncio.create_task(stores.store.commit([commit(1, 1, group_id("9"))]))
    await asyncio.sleep(0)
    gone.cancel()
    stores.fault.go()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await entries(stores, ANN) == [f"{PAIR}#1", f"{group_id('9')}#1"]


@pytest.mark.parametrize("where", ["before", "after"])
async def test_after_a_failed_commit_nothing_decided_before_is_committed(
    stores: Stores, where: Literal["before", "after"]
) -> None:
    await stores.store.commit([commit(1, 2)])
    stores.fault.fail = where
    stores.fault.hold()
    failing = [
        asyncio.create_task(stores.store.commit([commit(3, 3)])),
        asyncio.create_task(stores.store.commit([commit(1, 1, group_id("9"))])),
    ]
    await asyncio.sleep(0)
    stores.fault.go()
    for outcome in await asyncio.gather(*failing, return_exceptions=True):
        assert isinstance(outcome, Refused)
        assert outcome.code is Code.UNAVAILABLE
    stores.fault.fail = ""
    with pytest.raises(Refused, match="unavailable"):
        await stores.store.commit([commit(4, 4)])
    await stores.store.reopen()

    state = (await stores.store.states([PAIR]))[0]
    assert state is not None
    assert state.head in (2, 3)
    # A store that does not write a commit at once may hold a part of it above the head, which nobody asks for.
    assert await stores.store.events(PAIR, 1, state.head) == [event(n) for n in range(1, state.head + 1)]
    await stores.store.commit([commit(state.head + 1, 5)])
    assert await stores.store.events(PAIR, 1, 9) == [event(n) for n in range(1, 6)]
    mine = [one for one in await entries(stores, BEN) if one.startswith(PAIR)]
    assert mine == [f"{PAIR}#{n}" for n in range(1, 6)]


async def test_a_failed_commit_is_all_there_or_not_at_all_for_a_conversation(stores: Stores) -> None:
    """No state names an event that is not stored, and no send key a number that the state does not reach."""
    stores.fault.fail = "before"
    with pytest.raises(Refused):
        await stores.store.commit([commit(1, 3)])
    stores.fault.fail = ""
    await stores.store.reopen()
    state = (await stores.store.states([PAIR]))[0]
    assert state is None
    await stores.store.commit([commit(1, 3)])
    assert await entries(stores, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]


async def test_reading_goes_on_after_a_failed_commit(stores: Stores) -> None:
    await stores.store.commit([commit(1, 2)])
    stores.fault.fail = "before"
    with pytest.raises(Refused):
        await stores.store.commit([commit(3, 3)])
    assert await stores.store.events(PAIR, 1, 2) == [event(1), event(2)]
    assert await entries(stores, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


async def test_a_disk_that_stays_full_refuses_again_and_again_and_then_serves(stores: Stores) -> None:
    stores.fault.fail = "before"
    for _ in range(3):
        with pytest.raises(Refused, match="unavailable"):
            await stores.store.commit([commit(1, 1)])
        with contextlib.suppress(Refused):  # not before it can be known what became of that commit
            await stores.store.reopen()
    stores.fault.fail = ""
    await stores.store.reopen()
    await stores.store.commit([commit(1, 1)])
    assert await entries(stores, ANN) == [f"{PAIR}#1"]


async def test_checking_tells_whether_a_commit_would_fail(stores: Stores) -> None:
    await stores.store.check()
    stores.fault.fail = "before"
    with pytest.raises(Refused):
        await stores.store.commit([commit(1, 1)])
    with pytest.raises(Refused, match="unavailable"):
        await stores.store.check()
    stores.fault.fail = ""
    await stores.store.reopen()
    await stores.store.check()
    await stores.store.commit([commit(1, 1)])


async def test_reopening_without_need_changes_nothing(stores: Stores) -> None:
    await stores.store.commit([commit(1, 1)])
    await asyncio.gather(stores.store.reopen(), stores.store.reopen())
    await stores.store.commit([commit(2, 2)])
    assert await entries(stores, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


async def test_the_failure_of_a_posting_also_ends_what_was_decided(stores: Stores) -> None:
    """Where writes are shared, whoever decides reads states again after any that failed: it cannot know what else that
    one held. Elsewhere a posting has nothing to do with commits."""
    stores.fault.fail = "before"
    with pytest.raises(Refused):
        await stores.inbox.post([Posting(ANN, b"{}")])
    stores.fault.fail = ""
    await stores.inbox.post([Posting(ANN, b"{}")])
    if stores.shares_writes:
        with pytest.raises(Refused):
            await stores.store.commit([commit(1, 1)])
        await stores.store.reopen()
    await stores.store.commit([commit(1, 1)])
    assert await entries(stores, ANN) == ["{}", f"{PAIR}#1"]


async def test_a_direct_conversation_has_one_name(stores: Stores) -> None:
    await stores.store.commit([commit(1, 1, direct_id(BEN, ANN))])
    assert await stores.store.events(direct_id(ANN, BEN), 1, 1) == [event(1)]


async def test_a_row_is_rewritten_with_what_is_kept_beside_it(stores: Stores) -> None:
    await stores.store.commit([commit(1, 3)])
    target = Target("message", ANN, 1001, "text", (4,), 5)
    changed = Changed(event(2, "now"), target)
    rewrites: list[tuple[int, Row]] = [(3, event(3, "less")), (2, changed)]
    batch = msgspec.structs.replace(commit(4, 5), rewrites=rewrites)
    for _ in range(2):  # a replay changes nothing
        await stores.store.commit([batch])
        assert await stores.store.events(PAIR, 1, 9) == [
            event(1),
            changed,
            event(3, "less"),
            event(4),
            event(5),
        ]
    await stores.stop()
    await stores.start()
    names = [(PAIR, 2), (PAIR, 9), (PAIR, 1), (group_id("9"), 1), (PAIR, 2)]
    assert await stores.store.rows(names) == [changed, None, event(1), None, changed]
    assert await stores.store.rows([]) == []


async def test_what_is_placed_and_changed_at_once_is_stored_as_changed_and_told_as_placed(stores: Stores) -> None:
    told: list[bytes] = []
    whole = asyncio.Event()

    def tell(arrivals: Sequence[Arrival]) -> None:
        told.extend(one for arrival in arrivals for one in arrival.events)
        if len(told) == 3:
            whole.set()

    stores.inbox.hold(ANN)
    stores.inbox.feed(tell)
    changed = Changed(event(2, "now"), Target("message", ANN, 1001, "text", (3,)))
    batch = msgspec.structs.replace(commit(1, 3), rewrites=[(2, changed)])
    await stores.store.commit([batch])
    assert await stores.store.events(PAIR, 1, 3) == [event(1), changed, event(3)]
    async with asyncio.timeout(60):
        await whole.wait()
    assert told == [event(1), event(2), event(3)]


async def test_reactions_are_kept_for_each_account_and_go_with_their_message(stores: Stores) -> None:
    tea = group_id("9")
    first, then = Reacted((Step(2, "👍", True),)), Reacted((Step(2, "👍", True), Step(5, "👍", False)))
    rows = [(number, one, first) for number in (1, 2, 3, 255, 256) for one in (ANN, BEN)]
    there = msgspec.structs.replace(commit(1, 1), reactions=rows)
    await stores.store.commit([there, msgspec.structs.replace(commit(1, 1, tea), reactions=[(2, CYD, first)])])
    read, names = stores.store.reactions, [(PAIR, 2, BEN), (PAIR, 4, BEN), (tea, 2, CYD), (tea, 2, ANN)]
    assert await stores.store.reacted(names) == [first, None, first, None]
    assert await stores.store.reacted([]) == []
    assert sorted(await read(PAIR, 0, 1 << 53, 99)) == sorted(rows)
    assert [number for number, _, _ in await read(PAIR, 2, 255, 99)] == [2, 2, 3, 3, 255, 255]
    assert [number for number, _, _ in await read(PAIR, 2, 255, 3)] == [2, 2, 3]
    assert await read(PAIR, 4, 254, 99) == await read(PAIR, 3, 2, 99) == []
    assert await read(tea, 1, 9, 99) == [(2, CYD, first)]
    # What is written in the very commit that clears its message goes as well.
    changed = [(1, ANN, then), (2, ANN, then), (2, CYD, then)]
    await stores.store.commit([msgspec.structs.replace(commit(2, 2), reactions=changed, cleared=[2, 7])])
    rest = [(number, one, row) for number, one, row in rows if number != 2]
    assert sorted(await read(PAIR, 0, 1 << 53, 99)) == sorted([(1, ANN, then), *rest[1:]])
    assert await read(tea, 1, 9, 99) == [(2, CYD, first)]
    await stores.stop()
    await stores.start()
    assert await stores.store.reacted([(PAIR, 1, ANN), (PAIR, 2, ANN)]) == [then, None]
    many = [(9, AccountId(f"a{number}"), first) for number in range(600)]
    await stores.store.commit([msgspec.structs.replace(commit(3, 3), reactions=many)])
    assert sorted(await stores.store.reactions(PAIR, 9, 9, 9_999)) == sorted(many)
    assert len(await stores.store.reactions(PAIR, 9, 9, 300)) == 300


async def test_of_two_keys_of_one_name_the_later_holds(stores: Stores) -> None:
    batch = commit(1, 1)
    first = SendKey(Position(1, 1, 0), 1, 1001, b"12345678")
    later = msgspec.structs.replace(first, digest=b"")
    await stores.store.commit([msgspec.structs.replace(batch, keys=[(name(1), first), (name(1), later)])])
    assert await stores.store.keys([name(1)]) == [later]
