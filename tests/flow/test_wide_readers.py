"""What members of a wide group see and may do: as of any group, but for lists of all and what others have read."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Join, Leave, React, Remove, Send, SetRole, SetSettings
from chinwag.domain.conversation import Conversation, GroupSettings, Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import ConversationView
from chinwag.flow import wide_senders
from chinwag.flow.accept import AcceptRules
from chinwag.flow.acquaintances import Acquaintances
from chinwag.flow.clock import system_clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.history import History
from chinwag.flow.marks import MarkFlow
from chinwag.flow.membership_of import all_members, members_of
from chinwag.flow.own_conversations import OwnConversations
from chinwag.flow.presence_audience import Audience
from chinwag.flow.push.badge import badges
from chinwag.flow.wide_senders import WideSenders
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer
from chinwag.ports.message_store import KeyName

RULES = AcceptRules(group_members=4, large_group_members=20, wide_above=4, large_above=7, large_seconds=0)
OPEN = GroupSettings(join="open", large=True)
OWNER, ADMIN, PLAIN = "1", "2", "3"


@asynccontextmanager
async def wide(
    data: Path, settings: GroupSettings = OPEN, rules: AcceptRules = RULES, members: int = 5
) -> AsyncIterator[tuple[Backstage, ConversationId]]:
    """A group that is wide: an owner, an admin, and others who joined; nobody of them is a friend of another."""
    async with backstage(data, rules=rules) as stage:
        everybody = [str(one) for one in range(1, 12)]
        await stage.people(*everybody)
        tea = await stage.group(OWNER, "Tea", settings, ADMIN, PLAIN)
        await stage.do(OWNER, tea, SetRole(AccountId(ADMIN), Role.ADMIN))
        for one in everybody[3:members]:
            await stage.do(one, tea, Join())
        await stage.states.load([tea])  # what is held else may be a second old
        yield stage, tea


def _views(stage: Backstage) -> Conversations:
    return Conversations(stage.embedded.message_store, stage.embedded.mark_store, stage.embedded.inbox)


async def _view(stage: Backstage, account: str, conversation: ConversationId) -> ConversationView:
    view = await _views(stage).view(AccountId(account), conversation)
    (listed,) = (await _views(stage).page(AccountId(account), None, 10)).conversations
    assert listed == view
    return view


async def _state(stage: Backstage, conversation: ConversationId) -> Conversation:
    (state,) = await stage.states.load([conversation])
    assert state is not None
    return state


async def _refused(
    stage: Backstage, account: str, conversation: ConversationId, action: Action, name: str = ""
) -> Refused:
    with pytest.raises(Refused) as refused:
        await stage.do(account, conversation, action, name)
    return refused.value


async def test_a_member_whom_the_state_does_not_know_sees_the_group(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        answer = await stage.do(PLAIN, tea, Send(Text("hello")))
        seen = await _view(stage, PLAIN, tea)
        assert (seen.role, seen.wide, seen.large, seen.member_count) == (Role.MEMBER, True, False, 5)
        assert (seen.head, seen.read, seen.unread) == (answer.number, answer.number, 0)
        assert [(one.account, one.role, one.read) for one in seen.members] == [
            (OWNER, Role.OWNER, 0),
            (ADMIN, Role.ADMIN, 0),
        ]
        other = await _view(stage, "4", tea)
        assert (other.role, other.unread, b"hello" in bytes(other.last)) == (Role.MEMBER, 1, True)


async def test_what_an_admin_wrote_it_has_read(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        await stage.do(PLAIN, tea, Send(Text("hello")))
        answer = await stage.do(ADMIN, tea, Send(Text("hello yourself")))
        seen = await _view(stage, ADMIN, tea)
        assert (seen.read, seen.unread) == (answer.number, 0)


async def test_who_left_has_read_what_it_wrote(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        answer = await stage.do(PLAIN, tea, Send(Text("bye")))
        left = await stage.do(PLAIN, tea, Leave())
        seen = await _view(stage, PLAIN, tea)
        assert (seen.role, seen.head, seen.read, seen.unread) == (None, left.number, answer.number, 0)
        assert (await _refused(stage, PLAIN, tea, Send(Text("again")))).code is Code.NOT_MEMBER


async def test_of_those_who_come_and_go_each_sees_itself_alone(tmp_path: Path) -> None:
    async with wide(tmp_path / "data", GroupSettings(join="open", large=True, history="joined")) as (stage, tea):
        said = await stage.do(OWNER, tea, Send(Text("secret")))
        came = await stage.do("6", tea, Join())
        seen, before = await _view(stage, "6", tea), await _view(stage, PLAIN, tea)
        assert (seen.first, seen.shown, seen.at) == (came.number, came.number, came.sent_at)
        assert msgspec.json.decode(seen.last)["number"] == came.number
        assert (before.shown, before.at) == (said.number, said.sent_at)


async def test_members_are_as_of_the_head_of_the_state(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        before = await _state(stage, tea)
        await stage.do("6", tea, Join())
        await stage.do("4", tea, Leave())
        store = stage.embedded.message_store
        for state, expected in (
            (before, ["1", "2", "3", "4", "5"]),
            (await _state(stage, tea), ["1", "2", "3", "5", "6"]),
        ):
            named = [(state, AccountId(one)) for one in ("1", "2", "3", "4", "5", "6", "7")]
            found = await members_of(store, named)
            assert [one for (_, one), member in zip(named, found, strict=True) if member is not None] == expected
            assert [one async for some in all_members(store, state) for one, _ in some] == expected


async def test_members_read_history_and_strangers_do_not(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        said = await stage.do(OWNER, tea, Send(Text("hello")))
        history = History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)
        page = await history.page_before(AccountId(PLAIN), tea, None, 1)
        assert [msgspec.json.decode(event)["number"] for event in page.events] == [said.number]
        assert await history.pins(AccountId(PLAIN), tea) == []
        with pytest.raises(Refused) as refused:
            await history.page_before(AccountId("9"), tea, None, 1)
        assert refused.value.code is Code.NO_CONVERSATION
        with pytest.raises(Refused) as refused:
            await history.receipts(AccountId(PLAIN), tea, said.number, 10)
        assert refused.value.code is Code.NOT_ALLOWED


async def test_one_s_own_marks_move_and_nobody_else_is_told(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        said = await stage.do(OWNER, tea, Send(Text("hello")))
        inbox = stage.embedded.inbox
        before = (await inbox.bounds(AccountId(OWNER))).head
        store, marks = stage.embedded.message_store, stage.embedded.mark_store
        flow = MarkFlow(store, marks, inbox, stage.states, system_clock)
        flow.read(AccountId(PLAIN), tea, said.number)
        flow.read(AccountId("9"), tea, said.number)  # a stranger
        await flow.apply()
        mine, strange = await marks.marks([(tea, AccountId(PLAIN)), (tea, AccountId("9"))])
        assert (mine.read.number, mine.read.ordinal, strange.read.number) == (said.number, 1, 0)
        assert (await inbox.bounds(AccountId(OWNER))).head == before
        assert (await _view(stage, PLAIN, tea)).unread == 0


async def test_badges_count_what_members_have_not_read(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        await stage.do(PLAIN, tea, Send(Text("one")))
        await stage.do(OWNER, tea, Send(Text("two")))
        store, marks = stage.embedded.message_store, stage.embedded.mark_store
        accounts = [AccountId(one) for one in (OWNER, ADMIN, PLAIN, "4")]
        counts = await badges(stage.directory, store, marks, accounts, system_clock())
        assert [counts[one][0] for one in accounts] == [0, 2, 1, 2]


async def test_nobody_has_met_all_of_a_wide_group(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, _):
        store = stage.embedded.message_store
        met = Acquaintances(OwnConversations(store, stage.embedded.inbox))
        assert (await met.of(AccountId(PLAIN)), await met.of(AccountId(OWNER))) == ((), ())

        async def no_friends(_: AccountId) -> tuple[AccountId, ...]:
            return ()

        audience = Audience(store, no_friends)
        assert await audience.of(AccountId(OWNER)) == {AccountId(OWNER)}
        assert await audience.may_ask(AccountId(PLAIN), [AccountId("4"), AccountId("9")]) == {AccountId("4")}


async def test_a_plain_member_adds_nobody_who_takes_no_strangers(tmp_path: Path) -> None:
    settings = GroupSettings(join="open", large=True, invite="members")
    async with wide(tmp_path / "data", settings) as (stage, tea):
        assert (await _refused(stage, PLAIN, tea, Add(AccountId("99")))).code is Code.NO_ACCOUNT
        await stage.do(PLAIN, tea, Add(AccountId("9")))
        assert (await _view(stage, "9", tea)).member_count == 6


async def test_a_group_takes_one_message_of_a_member_in_so_many_seconds(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        await stage.do(OWNER, tea, SetSettings(GroupSettings(join="open", large=True, slow=3600)))
        await stage.states.load([tea])  # what is held is a second old at most
        await stage.do(PLAIN, tea, Send(Text("one")), "one")
        refused = await _refused(stage, PLAIN, tea, Send(Text("two")))
        assert refused.code is Code.SLOW_DOWN
        assert refused.retry_after is not None
        assert 3500 < refused.retry_after <= 3600
        again = await stage.do(PLAIN, tea, Send(Text("one")), "one")  # the answer to what was placed is no message
        for count in range(2):  # of admins it asks nothing, and of others nothing on behalf of this one
            await stage.do(ADMIN, tea, Send(Text(f"of an admin {count}")))
        later = await stage.do("4", tea, Send(Text("another's")))
        assert again.number < later.number
    # What is kept says so to whoever opens it again.
    async with backstage(tmp_path / "data", 2, RULES) as stage:
        assert (await _refused(stage, PLAIN, tea, Send(Text("two")))).code is Code.SLOW_DOWN


async def test_in_a_large_group_everybody_waits_a_second(tmp_path: Path) -> None:
    rules = msgspec.structs.replace(RULES, large_seconds=1800.0)
    async with wide(tmp_path / "data", rules=rules, members=8) as (stage, tea):
        assert (await _view(stage, OWNER, tea)).large
        await stage.do(OWNER, tea, Send(Text("one")))
        assert (await _refused(stage, OWNER, tea, Send(Text("two")))).code is Code.SLOW_DOWN
        await stage.do(PLAIN, tea, Send(Text("three")))
        assert (await _refused(stage, "9", tea, Send(Text("of a stranger")))).code is Code.NO_CONVERSATION


async def test_only_a_message_that_is_placed_counts_as_one(tmp_path: Path) -> None:
    """Whoever is refused, or sends again what is placed, has said nothing new, and waits an hour for nothing."""
    async with wide(tmp_path / "data") as (stage, tea):
        first = await stage.do(PLAIN, tea, Send(Text("of before")), "first")
        await stage.do(OWNER, tea, SetSettings(GroupSettings(join="open", large=True, slow=3600)))
        await stage.states.load([tea])
        # as of somebody who wrote long ago, and of whom nothing is held
        stage.accept._clock = lambda: first.sent_at + 7_200_000
        senders = stage.accept._wide = WideSenders(stage.embedded.message_store, stage.accept._clock)
        assert (await _refused(stage, PLAIN, tea, Send(Text("which?"), reply_to=99))).code is Code.BAD_REPLY
        assert (await stage.do(PLAIN, tea, Send(Text("of before")), "first")).number == first.number
        await stage.do(PLAIN, tea, Send(Text("one")), "one")
        assert (await _refused(stage, PLAIN, tea, Send(Text("two")))).code is Code.SLOW_DOWN
        await stage.do(PLAIN, tea, Send(Text("of before")), "first")
        assert (await _refused(stage, PLAIN, tea, Send(Text("two")))).code is Code.SLOW_DOWN
        assert len(senders) == 1


async def test_a_message_that_was_not_stored_may_be_sent_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        await stage.do(OWNER, tea, SetSettings(GroupSettings(join="open", large=True, slow=3600)))
        await stage.states.load([tea])
        with monkeypatch.context() as broken:

            async def commit(*_: object) -> None:
                raise OSError("the disk is full")

            broken.setattr(stage.embedded.message_store, "commit", commit)
            broken.setattr(stage.embedded.message_store, "reopen", commit)
            assert (await _refused(stage, PLAIN, tea, Send(Text("one")))).code is Code.UNAVAILABLE
            assert (await _refused(stage, "4", tea, Send(Text("mine")), "mine")).code is Code.UNAVAILABLE
            # What waits in the log may be placed yet: of another message one is told to wait.
            assert (await _refused(stage, "4", tea, Send(Text("more")), "more")).code is Code.SLOW_DOWN
        mine = None
        while mine is None:  # the worker takes over anew
            with contextlib.suppress(Refused):
                mine = await stage.do("4", tea, Send(Text("mine")), "mine")
        assert (await stage.do("4", tea, Send(Text("mine")), "mine")).number == mine.number
        assert (await _refused(stage, "4", tea, Send(Text("more")), "more")).code is Code.SLOW_DOWN


async def test_while_it_is_not_known_what_becomes_of_a_message_the_next_is_put_off_for_a_moment(tmp_path: Path) -> None:
    async with wide(tmp_path / "data", settings=GroupSettings(join="open", large=True, slow=3600)) as (stage, tea):
        state, plain = await _state(stage, tea), AccountId(PLAIN)
        senders = WideSenders(stage.embedded.message_store, system_clock)
        member = await senders.member(state, plain)
        assert member is not None
        first, second = [Wish(plain, DEVICE, tea, ClientId(one), Send(Text(one))) for one in ("first", "second")]
        await senders.take(state, first, member)
        await senders.take(state, first, member)
        with pytest.raises(Refused) as early:
            await senders.take(state, second, member)
        assert early.value.code is Code.SLOW_DOWN
        assert early.value.retry_after is not None
        assert early.value.retry_after <= 1
        senders.answered(first, Answer(1, KeyName(tea, DEVICE, first.id), refused=Code.BAD_REPLY))
        await senders.take(state, second, member)
        assert len(senders.turns) == 1
        senders.answered(second, Answer(2, KeyName(tea, DEVICE, second.id), 9, system_clock()))
        assert len(senders.turns) == 0


async def test_a_clock_that_is_put_back_keeps_nobody_from_writing(tmp_path: Path) -> None:
    async with wide(tmp_path / "data", members=8) as (stage, tea):
        state, owner, now = await _state(stage, tea), AccountId(OWNER), [7_200_000]
        assert state.large
        senders = WideSenders(stage.embedded.message_store, lambda: now[0], 1.0)
        member = await senders.member(state, owner)

        def wish() -> Wish:
            return Wish(owner, DEVICE, tea, ClientId(stage.ids.next(system_clock())), Send(Text("hello")))

        assert member is not None
        await senders.take(state, wish(), member)
        now[0] -= 300  # as the clocks of two processes differ
        with pytest.raises(Refused):
            await senders.take(state, wish(), member)
        now[0] -= 3_600_000
        await senders.take(state, wish(), member)
        now[0] += 500
        with pytest.raises(Refused) as early:
            await senders.take(state, wish(), member)
        assert early.value.retry_after == pytest.approx(0.5)
        now[0] += 500
        await senders.take(state, wish(), member)


async def test_a_message_of_a_wide_group_takes_so_many_different_reactions_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joined pictographs are more than anybody could count: with each reaction the row of all of them is written."""
    monkeypatch.setattr(wide_senders, "SHOWN", 3)
    rules = msgspec.structs.replace(RULES, reactions=Rate(1000.0, 1000))
    async with wide(tmp_path / "data", rules=rules, members=8) as (stage, tea):
        number = (await stage.do(OWNER, tea, Send(Text("look")))).number
        three = ["\U0001f600", "\U0001f601", "\U0001f600\u200d\U0001f600"]
        for count, one in enumerate(three):
            await stage.do(PLAIN, tea, React(number, one), f"plain {count}")
        other = "\U0001f600\u200d\U0001f601"
        for who in (PLAIN, "4"):
            refused = await _refused(stage, who, tea, React(number, other), f"{who} other")
            assert refused.code is Code.TOO_MANY
        for one in (*three, three[0] + "\ufe0f"):
            await stage.do("4", tea, React(number, one))
        await stage.do(PLAIN, tea, React(number, three[0]), "plain 0")  # the answer stays
        await stage.do(PLAIN, tea, React(number, other, on=False))
        (counts,) = await stage.embedded.message_store.reaction_counts([(tea, number)])
        assert counts is not None
        assert dict(counts.counts) == dict.fromkeys(three, 2)
        for who in (PLAIN, "4"):
            await stage.do(who, tea, React(number, three[2], on=False))
        assert (await _refused(stage, "4", tea, React(number, other), "4 other")).code is Code.TOO_MANY
        await stage.do("4", tea, React(number, other))
        assert (await _refused(stage, "4", tea, React(number, "no emoji"))).code is Code.BAD_REACTION


async def test_who_was_removed_a_moment_ago_is_told_so(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        await stage.do(PLAIN, tea, Send(Text("hello")))
        await stage.do(ADMIN, tea, Remove(AccountId(PLAIN)))
        assert (await _refused(stage, PLAIN, tea, Send(Text("again")))).code is Code.NOT_MEMBER
        assert (await _refused(stage, PLAIN, tea, Join())).code is Code.GROUP_CLOSED
