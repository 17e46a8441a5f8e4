"""The contract of the `MessageStore` port, over every adapter."""

import asyncio

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, Harness, commit, entries, event, name

from chinwag.domain.conversation import Position, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.inbox import Posting
from chinwag.ports.message_store import Fanout, KeyName


async def test_a_commit_is_readable_when_it_returns(ports: Harness) -> None:
    batch = commit(1, 3)
    await ports.store.commit([batch])
    assert await ports.store.states([PAIR]) == [batch.state]
    assert await ports.store.events(PAIR, 1, 3) == [event(1), event(2), event(3)]
    assert await ports.store.keys([name(2)]) == [SendKey(Position(1, 2, 0), 2, 1002)]
    assert await ports.store.spans(ANN, PAIR) == [Span(ANN, PAIR, 1)]
    assert await entries(ports.inbox, BEN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]


async def test_a_commit_is_there_after_a_restart(ports: Harness) -> None:
    batch = commit(1, 3)
    await ports.store.commit([batch])
    await ports.stop()
    await ports.start()
    assert await ports.store.states([PAIR]) == [batch.state]
    assert await ports.store.events(PAIR, 1, 9) == [event(1), event(2), event(3)]
    assert (await ports.store.keys([name(3)]))[0] is not None
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]
    await ports.store.commit([commit(4, 4)])
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3, 4)]


async def test_what_was_never_written_is_answered_as_such(ports: Harness) -> None:
    await ports.store.commit([commit(1, 1)])
    other = group_id("77")
    assert await ports.store.states([other, PAIR, other]) == [None, commit(1, 1).state, None]
    assert await ports.store.states([]) == []
    assert await ports.store.keys([]) == []
    assert await ports.store.keys([name(2)]) == [None]
    assert await ports.store.events(other, 1, 10) == []
    assert await ports.store.events(PAIR, 2, 10) == []
    assert await ports.store.events(PAIR, 2, 1) == []
    assert await ports.store.spans(CYD, PAIR) == []
    assert await ports.store.memberships(CYD) == []


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 50), (40, 60), (500, 1000), (1000, 1000), (990, 2000)])
async def test_a_range_of_events_is_exact(ports: Harness, first: int, last: int) -> None:
    await ports.store.commit([commit(1, 1000)])
    assert await ports.store.events(PAIR, first, last) == [event(n) for n in range(first, min(last, 1000) + 1)]


async def test_texts_of_any_length_and_script_come_back_as_they_were(ports: Harness) -> None:
    texts = ["x" * 99_999, "\U0001f600" * 99_999, "שלום नमस्ते 你好 \u202e", "\\u0000 ~ \n"]
    batch = msgspec.structs.replace(
        commit(1, len(texts)), events=[(number, event(number, text)) for number, text in enumerate(texts, 1)]
    )
    await ports.store.commit([batch])
    stored = await ports.store.events(PAIR, 1, len(texts))
    assert [msgspec.json.decode(one)["text"] for one in stored] == texts


async def test_writing_the_same_rows_again_changes_nothing_but_inboxes(ports: Harness) -> None:
    batch = commit(1, 2)
    await ports.store.commit([batch])
    before = (
        await ports.store.states([PAIR]),
        await ports.store.events(PAIR, 1, 9),
        await ports.store.keys([name(1), name(2)]),
        await ports.store.memberships(ANN),
    )
    await ports.store.commit([batch])
    after = (
        await ports.store.states([PAIR]),
        await ports.store.events(PAIR, 1, 9),
        await ports.store.keys([name(1), name(2)]),
        await ports.store.memberships(ANN),
    )
    assert before == after
    first, again = 2 * [[f"{PAIR}#1", f"{PAIR}#2"]]
    assert await entries(ports.inbox, ANN) in (first, first + again)  # posting is at least once


async def test_many_conversations_in_one_batch(ports: Harness) -> None:
    groups = [group_id(str(n)) for n in range(300)]
    await ports.store.commit([commit(1, 1, group, (ANN, AccountId(f"a{n}"))) for n, group in enumerate(groups)])
    states = await ports.store.states(groups)
    assert [state.id for state in states if state is not None] == groups
    assert await entries(ports.inbox, ANN) == [f"{group}#1" for group in groups]
    assert {span.conversation for span in await ports.store.memberships(ANN)} == set(groups)


async def test_memberships_are_read_some_conversations_at_a_time(ports: Harness) -> None:
    groups = [group_id(str(n)) for n in (1, 2, 10, 11, 100)]
    await ports.store.commit([commit(1, 1, group, (ANN, CYD)) for group in groups])
    everything = await ports.store.memberships(ANN)
    for limit in (1, 2, 4, 99):
        found: list[Span] = []
        after = ConversationId("")
        while some := await ports.store.memberships_after(ANN, after, limit):
            assert len({span.conversation for span in some}) <= limit
            found += some
            after = some[-1].conversation
        assert found == everything
    assert await ports.store.memberships_after(BEN, ConversationId(""), 9) == []
    # One that is named need not be there.
    gone = ConversationId("g~5")
    ordered = [span.conversation for span in everything]
    assert ordered == sorted(ordered, key=lambda one: (len(one), one))
    rest = await ports.store.memberships_after(ANN, gone, 9)
    assert [span.conversation for span in rest] == [one for one in ordered if (len(one), one) > (len(gone), gone)]


async def test_the_audience_may_change_within_a_batch(ports: Harness) -> None:
    batch = msgspec.structs.replace(
        commit(1, 5),
        fanouts=[Fanout(1, 1, (ANN,)), Fanout(2, 2, (ANN,)), Fanout(3, 4, (ANN, BEN)), Fanout(5, 5, (BEN, CYD))],
    )
    await ports.store.commit([batch])
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3, 4)]
    assert await entries(ports.inbox, BEN) == [f"{PAIR}#{n}" for n in (3, 4, 5)]
    assert await entries(ports.inbox, CYD) == [f"{PAIR}#5"]


async def test_a_commit_without_events_stores_the_state(ports: Harness) -> None:
    batch = msgspec.structs.replace(commit(1, 1), events=[], fanouts=[], keys=[], spans=[])
    await ports.store.commit([batch])
    assert await ports.store.states([PAIR]) == [batch.state]
    assert await entries(ports.inbox, ANN) == []


async def test_spans_are_overwritten_by_their_first_number_and_rise(ports: Harness) -> None:
    base = commit(1, 1)
    spans = [Span(ANN, PAIR, 300), Span(ANN, PAIR, 2, 9), Span(ANN, PAIR, 1, 4), Span(BEN, PAIR, 1)]
    await ports.store.commit([msgspec.structs.replace(base, spans=spans)])
    await ports.store.commit([msgspec.structs.replace(base, spans=[Span(ANN, PAIR, 300, 400)])])
    assert await ports.store.spans(ANN, PAIR) == [
        Span(ANN, PAIR, 1, 4),
        Span(ANN, PAIR, 2, 9),
        Span(ANN, PAIR, 300, 400),
    ]


async def test_memberships_are_grouped_by_conversation(ports: Harness) -> None:
    groups = [group_id(str(n)) for n in (1, 10, 2, 100)]
    for group in groups:
        spans = [Span(ANN, group, 1, 5), Span(ANN, group, 300)]
        await ports.store.commit([msgspec.structs.replace(commit(1, 1, group), spans=spans)])
    found = await ports.store.memberships(ANN)
    order = list(dict.fromkeys(span.conversation for span in found))
    assert sorted(order) == sorted(groups)
    assert found == [span for group in order for span in (Span(ANN, group, 1, 5), Span(ANN, group, 300))]


async def test_no_name_reaches_into_another(ports: Harness) -> None:
    """Ids that begin alike, hold separators, or are put together from others' parts stay apart."""
    ids = ["1", "10", "100", "d~1~2", "d~1~20", "d~", "~", "g~é", "g~e\u0301", "\U0001f600", "a\tb", " "]
    for number, one in enumerate(ids):
        conversation = ConversationId(one)
        batch = commit(1, 1, conversation, (AccountId(one),), sequence=number + 1)
        key = (KeyName(conversation, DeviceId(one), ClientId(one)), SendKey(Position(1, number, 0), number, 0))
        await ports.store.commit([msgspec.structs.replace(batch, events=[(1, one.encode())], keys=[key])])
    for number, one in enumerate(ids):
        conversation, account = ConversationId(one), AccountId(one)
        assert await ports.store.events(conversation, 1, 10) == [one.encode()]
        assert await ports.store.memberships(account) == [Span(account, conversation, 1)]
        assert await entries(ports.inbox, account) == [f"{one}#1"]
        found = await ports.store.keys([KeyName(conversation, DeviceId(one), ClientId(one))])
        assert found == [SendKey(Position(1, number, 0), number, 0)]
    shifted = KeyName(ConversationId("1"), DeviceId("0"), ClientId("10"))
    assert await ports.store.keys([shifted]) == [None]


async def test_an_impossible_name_is_refused_and_harms_nobody(ports: Harness) -> None:
    for one in ("x" * 300, "\ud800"):
        with pytest.raises(Refused) as refused:
            await ports.store.commit([commit(1, 1), commit(1, 1, ConversationId(one))])
        assert refused.value.code is Code.BAD_REQUEST
        with pytest.raises(Refused):
            await ports.store.events(ConversationId(one), 1, 1)
    await ports.store.commit([commit(1, 1)])
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#1"]


async def test_commits_that_overlap_all_arrive_and_inboxes_stay_dense(ports: Harness) -> None:
    groups = [group_id(str(n)) for n in range(40)]
    ports.fault.passing.clear()
    writes = ports.fault.writes
    waiting = [asyncio.create_task(ports.store.commit([commit(1, 2, group, (ANN, BEN))])) for group in groups]
    waiting += [asyncio.create_task(ports.inbox.post([Posting(ANN, b"{}")])) for _ in groups]
    await asyncio.sleep(0)
    ports.fault.passing.set()
    await asyncio.gather(*waiting)
    assert ports.fault.writes - writes <= 2  # all that waited shared one write
    found = await entries(ports.inbox, ANN)
    assert sorted(found) == sorted([f"{group}#{n}" for group in groups for n in (1, 2)] + ["{}"] * len(groups))
    assert await entries(ports.inbox, BEN) == [f"{group}#{n}" for group in groups for n in (1, 2)]


async def test_nothing_is_readable_before_it_is_durable(ports: Harness) -> None:
    ports.fault.passing.clear()
    waiting = asyncio.create_task(ports.store.commit([commit(1, 1)]))
    await asyncio.sleep(0)
    assert await ports.store.states([PAIR]) == [None]
    assert await ports.store.events(PAIR, 1, 1) == []
    assert (await ports.inbox.bounds(ANN)).head == 0
    ports.fault.passing.set()
    await waiting
    assert (await ports.inbox.bounds(ANN)).head == 1


async def test_a_commit_whose_caller_has_gone_is_made_all_the_same(ports: Harness) -> None:
    ports.fault.passing.clear()
    gone = asyncio.create_task(ports.store.commit([commit(1, 1)]))
    stays = asyncio.create_task(ports.inbox.post([Posting(ANN, b"{}")]))
    await asyncio.sleep(0)
    gone.cancel()
    ports.fault.passing.set()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#1", "{}"]


@pytest.mark.parametrize("where", ["before", "after"])
async def test_after_a_failed_commit_nothing_decided_before_is_committed(ports: Harness, where: str) -> None:
    await ports.store.commit([commit(1, 2)])
    ports.fault.fail = where
    ports.fault.passing.clear()
    failing = [
        asyncio.create_task(ports.store.commit([commit(3, 3)])),
        asyncio.create_task(ports.store.commit([commit(1, 1, group_id("9"))])),
    ]
    await asyncio.sleep(0)
    ports.fault.passing.set()
    for outcome in await asyncio.gather(*failing, return_exceptions=True):
        assert isinstance(outcome, Refused)
        assert outcome.code is Code.UNAVAILABLE
    ports.fault.fail = ""
    with pytest.raises(Refused, match="unavailable"):
        await ports.store.commit([commit(4, 4)])
    await ports.store.reopen()

    state = (await ports.store.states([PAIR]))[0]
    assert state is not None
    assert state.head in (2, 3)
    assert await ports.store.events(PAIR, 1, 9) == [event(n) for n in range(1, state.head + 1)]
    await ports.store.commit([commit(state.head + 1, 5)])
    assert await ports.store.events(PAIR, 1, 9) == [event(n) for n in range(1, 6)]
    mine = [one for one in await entries(ports.inbox, BEN) if one.startswith(PAIR)]
    assert mine == [f"{PAIR}#{n}" for n in range(1, 6)]


async def test_a_failed_commit_is_all_there_or_not_at_all_for_a_conversation(ports: Harness) -> None:
    """No state names an event that is not stored, and no send key a number that the state does not reach."""
    ports.fault.fail = "before"
    with pytest.raises(Refused):
        await ports.store.commit([commit(1, 3)])
    ports.fault.fail = ""
    await ports.store.reopen()
    state = (await ports.store.states([PAIR]))[0]
    assert state is None
    await ports.store.commit([commit(1, 3)])
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#{n}" for n in (1, 2, 3)]


async def test_reading_goes_on_after_a_failed_commit(ports: Harness) -> None:
    await ports.store.commit([commit(1, 2)])
    ports.fault.fail = "before"
    with pytest.raises(Refused):
        await ports.store.commit([commit(3, 3)])
    assert await ports.store.events(PAIR, 1, 2) == [event(1), event(2)]
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


async def test_a_disk_that_stays_full_refuses_again_and_again_and_then_serves(ports: Harness) -> None:
    ports.fault.fail = "before"
    for _ in range(3):
        with pytest.raises(Refused, match="unavailable"):
            await ports.store.commit([commit(1, 1)])
        await ports.store.reopen()
    ports.fault.fail = ""
    await ports.store.commit([commit(1, 1)])
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#1"]


async def test_checking_tells_whether_a_commit_would_fail(ports: Harness) -> None:
    await ports.store.check()
    ports.fault.fail = "before"
    with pytest.raises(Refused):
        await ports.store.commit([commit(1, 1)])
    with pytest.raises(Refused, match="unavailable"):
        await ports.store.check()
    ports.fault.fail = ""
    await ports.store.reopen()
    await ports.store.check()
    await ports.store.commit([commit(1, 1)])


async def test_reopening_without_need_changes_nothing(ports: Harness) -> None:
    await ports.store.commit([commit(1, 1)])
    await asyncio.gather(ports.store.reopen(), ports.store.reopen())
    await ports.store.commit([commit(2, 2)])
    assert await entries(ports.inbox, ANN) == [f"{PAIR}#1", f"{PAIR}#2"]


async def test_the_failure_of_a_posting_also_ends_what_was_decided(ports: Harness) -> None:
    """Whoever decides reads states again after any failed write: it cannot know what else that write held."""
    ports.fault.fail = "before"
    with pytest.raises(Refused):
        await ports.inbox.post([Posting(ANN, b"{}")])
    ports.fault.fail = ""
    await ports.inbox.post([Posting(ANN, b"{}")])
    with pytest.raises(Refused):
        await ports.store.commit([commit(1, 1)])
    await ports.store.reopen()
    await ports.store.commit([commit(1, 1)])
    assert await entries(ports.inbox, ANN) == ["{}", f"{PAIR}#1"]


async def test_a_direct_conversation_has_one_name(ports: Harness) -> None:
    await ports.store.commit([commit(1, 1, direct_id(BEN, ANN))])
    assert await ports.store.events(direct_id(ANN, BEN), 1, 1) == [event(1)]
