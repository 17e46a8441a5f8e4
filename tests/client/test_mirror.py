"""A mirror kept by events equals one loaded afresh, whatever overlaps and however often (P11)."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chinwag.client.events import decode_numbered
from chinwag.client.membership import Mirrored
from chinwag.client.mirror import Mirror
from chinwag.domain import command as c
from chinwag.domain.account_change import PreferencesChanged
from chinwag.domain.body import Text, Withheld
from chinwag.domain.conversation import Conversation, GroupSettings, Position, Role, Span
from chinwag.domain.decide import Numbered, decide
from chinwag.domain.events import AccountEvent, Delivered, Edited, Joined, Message, Notice, NumberedEvent, Read
from chinwag.domain.facts import NOTHING, Facts, named, target_of
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.marks import Mark, Marks, merge, read_up_to, unread
from chinwag.domain.mentions import ALL, Mention, unread_mentions
from chinwag.domain.preferences import Preferences, Preferred
from chinwag.domain.views import ConversationView, GroupHead, MemberView

from .scripted import ME, TALK, YOU, message

ACCOUNTS = [ME, YOU, AccountId("3"), AccountId("4")]
GROUP = ConversationId("g~7")

_account = st.sampled_from(ACCOUNTS)
_text = st.builds(Text, st.sampled_from(["hi", "ho"]), st.sampled_from([(), (ME,), (YOU,), (ALL,), (ME, ALL)]))
_number = st.integers(1, 12)
_action = st.one_of(
    st.builds(c.Send, _text),
    st.builds(c.Send, _text),
    st.builds(c.Edit, _number, _text),
    st.builds(c.Delete, _number),
    st.builds(c.Add, _account),
    st.builds(c.Remove, _account),
    st.builds(c.Leave),
    st.builds(c.Join),
    st.builds(c.SetRole, _account, st.sampled_from(Role)),
    st.builds(c.SetTitle, st.sampled_from(["one", "two"])),
    st.builds(
        c.SetSettings,
        st.builds(GroupSettings, st.sampled_from(["all", "joined"]), st.sampled_from(["open", "closed"])),
    ),
)
_step = st.tuples(_account, st.one_of(_action, st.just("read")))


class World:
    """One group as a server keeps it, and what goes to the inbox of ME."""

    def __init__(self) -> None:
        self.state: Conversation | None = None
        self.events: list[NumberedEvent] = []
        self.rows: dict[int, NumberedEvent] = {}
        self.mentions: dict[tuple[AccountId, int], Mention] = {}
        self.spans: dict[tuple[AccountId, int], Span] = {}
        self.marks: dict[AccountId, Marks] = {}
        self.inbox: list[NumberedEvent | Read | Delivered] = []
        self.commands = 0
        self.do(ME, c.Create("zero", (YOU,), GroupSettings(history="all", join="open")))

    def do(self, account: AccountId, action: c.Action) -> None:
        """One command; refused ones leave no trace."""
        self.commands += 1
        wish = c.Command(GROUP, account, DeviceId("9"), ClientId(str(self.commands)), self.commands, action)
        decided = decide(self.state, wish, Position(1, self.commands, 0), facts=self._facts(wish))
        if isinstance(decided, Numbered):
            self.state = decided.state
            self.events.append(decided.event)
            self.rows |= {event.number: event for event in (decided.event, *(one.event for one in decided.rewrites))}
            self.mentions |= {(one.account, one.number): one for one in decided.mentions}
            self.spans |= {(span.account, span.first): span for span in decided.spans}
            if ME in decided.audience:
                self.inbox.append(decided.event)

    def _facts(self, wish: c.Command) -> Facts:
        row = self.rows.get(named(wish))
        if not isinstance(row, Message):
            return NOTHING
        edits = tuple(one.number for one in self.events if isinstance(one, Edited) and one.target == row.number)
        deleted = row.deleted.number if row.deleted is not None else 0
        edit = self.rows[edits[-1]] if edits else None
        return Facts(
            msgspec.structs.replace(target_of(row), body="text", edits=edits, deleted=deleted),
            row,
            edit if isinstance(edit, Edited) else None,
            tuple(span for span in self.spans.values() if span.account == wish.account),
        )

    def read(self, account: AccountId) -> None:
        """`account` reads all that there is."""
        assert self.state is not None
        if account not in self.state.members:
            return
        old = self.marks.get(account, Marks())
        mark = Mark(self.state.head, self.state.ordinal, 1)
        self.marks[account] = merge(old, Marks(read=mark))
        covered = any(
            isinstance(event, Message) and event.sender == ME and old.read.number < event.number
            for event in self.events
        )
        if account == ME or (covered and ME in self.state.members):
            event = Read(conversation=GROUP, account=account, number=mark.number, at=1, ordinal=mark.ordinal)
            self.inbox.append(event)

    def own_numbers(self) -> list[int]:
        """The messages of ME."""
        return [event.number for event in self.events if isinstance(event, Message) and event.sender == ME]

    def view(self) -> ConversationView:
        """The group as ME would load it now."""
        state = self.state
        assert state is not None
        mine = [span for span in self.spans.values() if span.account == ME]
        marks = self.marks.get(ME, Marks())
        first = min(span.first for span in mine)
        member = state.members.get(ME)
        if member is not None:
            members = []
            for account, one in state.members.items():
                held = self.marks.get(account, Marks())
                read = read_up_to(held.read, one)[0]
                members.append(MemberView(account, one.role, read, 0, max(read, held.delivered.number), 0))
            return self._view(
                first,
                state.head,
                state,
                members,
                read_up_to(marks.read, member)[0],
                unread(state.ordinal, marks.read, member),
            )
        last = max(mine, key=lambda span: span.last or 0)
        closing = last.closing
        assert closing is not None
        assert last.last is not None
        read, ordinal = max((marks.read.number, marks.read.ordinal), (closing.read, closing.read_ordinal))
        then = msgspec.structs.replace(
            state, title=closing.title, ordinal=closing.ordinal, at=closing.at, settings=closing.settings
        )
        return self._view(first, last.last, then, None, read, closing.ordinal - ordinal)

    def _view(
        self, first: int, head: int, state: Conversation, members: list[MemberView] | None, read: int, not_read: int
    ) -> ConversationView:
        ours = [one for one in self.mentions.values() if one.account in (ME, ALL) and one.since]
        return ConversationView(
            id=GROUP,
            kind="group",
            role=state.members[ME].role if members is not None else None,
            title=state.title,
            settings=state.settings,
            members=members or [],
            first=first,
            head=head,
            ordinal=state.ordinal,
            at=state.at,
            read=read,
            unread=not_read,
            mentions=unread_mentions(ours, read, head),
            last=msgspec.Raw(msgspec.json.encode(self.rows[min(head, state.last_shown)])),
        )


def _take(mirror: Mirror, world: World, event: NumberedEvent | Read | Delivered) -> None:
    missing = mirror.apply(event)
    if missing is not None:
        mirror.put(world.view())
        assert mirror.apply(event) is None


def _loaded(world: World) -> Mirror:
    mirror = Mirror(ME)
    mirror.put(world.view())
    return mirror


@settings(max_examples=300, deadline=None)
@given(st.lists(_step, max_size=30), st.data())
def test_kept_equals_loaded(steps: list[tuple[AccountId, c.Action | str]], data: st.DataObject) -> None:
    world, live, late = World(), Mirror(ME), Mirror(ME)
    loaded_at = data.draw(st.integers(0, len(steps)))
    seen = 0
    for n, (account, action) in enumerate(steps):
        if isinstance(action, str):
            world.read(account)
        else:
            world.do(account, action)
        for event in world.inbox[seen:]:
            _take(live, world, event)
        seen = len(world.inbox)
        if n == loaded_at:
            late.put(world.view())
    for event in world.inbox[seen:]:
        _take(live, world, event)
    own = {GROUP: world.own_numbers()}
    expected = _loaded(world).comparable(own)
    assert live.comparable(own) == expected
    # A mirror that was loaded somewhere on the way takes all events, also those from before.
    for event in world.inbox:
        _take(late, world, event)
    assert late.comparable(own) == expected
    # And once more, from anywhere: nothing changes.
    for event in data.draw(st.permutations(world.inbox)):
        assert live.apply(event) is None
    assert live.comparable(own) == expected


def test_a_direct_conversation_begins_with_its_first_event() -> None:
    mirror = Mirror(ME)
    assert mirror.apply(message(1)) is None
    held = mirror.conversations[TALK]
    assert (held.kind, held.role, set(held.members), held.unread) == ("direct", Role.MEMBER, {ME, YOU}, 1)
    assert mirror.apply(message(2, sender=ME)) is None
    assert held.unread == 0


def test_a_hole_is_loaded_and_not_passed_over() -> None:
    mirror = Mirror(ME)
    mirror.apply(message(1))
    assert mirror.apply(message(3)) == TALK
    assert mirror.conversations[TALK].head == 1


def test_the_cache_is_bounded_and_knows_what_it_lacks() -> None:
    mirror = Mirror(ME)
    for number in range(1, 301):
        mirror.apply(message(number))
    held = mirror.conversations[TALK]
    assert sorted(held.messages) == list(range(101, 301))
    cached = mirror.cached(TALK, before=301, limit=50)
    assert cached is not None
    assert [event.number for event in cached] == list(range(251, 301))
    assert mirror.cached(TALK, before=120, limit=50) is None


def test_who_joins_a_wide_group_pushes_no_message_out_of_the_cache() -> None:
    mirror, tea = Mirror(ME), ConversationId("g~tea")
    mirror.conversations[tea] = Mirrored(id=tea, kind="group", role=Role.MEMBER, wide=True, head=1, count=900)
    mirror.keep(tea, [msgspec.structs.replace(message(1), conversation=tea)])
    for number in range(2, 402):
        who = AccountId(str(1000 + number))
        notice = Notice(
            conversation=tea,
            number=number,
            ordinal=1,
            sender=who,
            device=DeviceId("9"),
            id=ClientId("c"),
            sent_at=1,
            change=Joined(who),
        )
        assert mirror.apply(notice) is None
    held = mirror.conversations[tea]
    assert (list(held.messages), held.loaded, held.head, held.count) == ([1], [(1, 401)], 401, 1300)
    assert mirror.cached(tea, 402, 20) == [held.messages[1]]


def test_unread_mentions_are_kept_without_the_messages() -> None:
    mirror = Mirror(ME)
    mirror.put(World().view())
    held = mirror.conversations[GROUP]

    def take(number: int, target: int = 0, *speaks: AccountId) -> None:
        common = {
            "conversation": GROUP,
            "number": number,
            "ordinal": number,
            "from": YOU,
            "device": "d",
            "id": str(number),
        }
        if target:
            content = {"kind": "edited", "shown": number - 1, "target": target, "replaced": 99, "mentioned": speaks}
        else:
            content = {"kind": "message", "body": {"type": "text", "text": "hi"}, "mentioned": speaks}
        assert mirror.apply(decode_numbered(msgspec.json.encode({**common, "sent_at": number, **content}))) is None

    take(2, 0, ME)
    take(3, 0, ALL)
    take(4, 0, YOU)
    assert held.mentions == {2, 3}
    held.messages.clear()
    take(5, 4, YOU, ME)
    take(6, 2)
    assert held.mentions == {3, 4}
    mirror.apply(Read(conversation=GROUP, account=ME, number=3, at=1, ordinal=3))
    assert held.mentions == {4}
    take(7, 3, ME)
    assert held.mentions == {4}, "what is read does not become unread by being changed"


@pytest.mark.parametrize("by", ["the notice", "a view"])
def test_what_was_heard_of_beyond_a_removal_counts_for_nothing(by: str) -> None:
    """Of a large group a nudge may be ahead of one's own removal."""
    mirror, world = Mirror(ME), World()
    world.do(ME, c.SetRole(YOU, Role.OWNER))
    mirror.put(msgspec.structs.replace(world.view(), wide=True, large=True))
    assert mirror.moved(GroupHead(GROUP, 90, 90, 90, 90, large=True)) is not None
    assert mirror.conversations[GROUP].unread == 90
    world.do(YOU, c.Remove(ME))
    if by == "a view":
        mirror.put(world.view())
    else:
        mirror.apply(world.inbox[-1])
    held = mirror.conversations[GROUP]
    assert (held.role, held.unread, held.mentions, held.behind) == (None, 0, set(), False)


@pytest.mark.parametrize("replaced", [0, 9])
def test_what_an_untold_edit_took_away_does_not_stay(replaced: int) -> None:
    """The edit that follows may come when one is out; and a page that was asked for before may come after it."""
    mirror = Mirror(ME)
    mirror.put(World().view())
    held = mirror.conversations[GROUP]
    common = {"conversation": GROUP, "ordinal": 2, "from": YOU, "device": "d", "id": "i", "sent_at": 5}
    said = {**common, "kind": "message", "number": 2, "body": {"type": "text", "text": "hunter2"}}
    before = decode_numbered(msgspec.json.encode(said))
    mirror.apply(before)
    untold = {**common, "kind": "edited", "number": 3, "shown": 2, "target": 2, "replaced": replaced}
    mirror.apply(decode_numbered(msgspec.json.encode(untold)))
    mirror.keep(GROUP, [before], head=2)
    kept = held.messages[2]
    assert isinstance(kept, Message)
    assert isinstance(kept.body, Withheld)
    assert 2 in held.stale
    follows = {**untold, "number": 9, "replaced": 0, "body": {"type": "text", "text": "mended"}}
    held.head = 8
    mirror.apply(decode_numbered(msgspec.json.encode(follows)))
    kept = held.messages[2]
    assert isinstance(kept, Message)
    assert kept.body == Text("mended")
    assert 2 not in held.stale


def test_of_preferences_the_higher_version_holds() -> None:
    def told(version: int, muted_until: int) -> AccountEvent:
        return AccountEvent(change=PreferencesChanged(TALK, Preferences(muted_until=muted_until), version))

    mirror = Mirror(ME)
    assert mirror.preferences(TALK) == Preferences()
    assert mirror.apply(told(4, 40)) is None, "nothing need be loaded for it"
    mirror.apply(told(3, 30))
    mirror.prefer(Preferred(TALK, Preferences(muted_until=20), 2))
    assert mirror.preferences(TALK).muted_until == 40
    mirror.prefer(Preferred(TALK, Preferences(), 5))
    assert mirror.preferences(TALK) == Preferences()
    mirror.apply(told(4, 40))
    assert mirror.preferences(TALK) == Preferences(), "again, and late"
    mirror.clear()
    mirror.apply(told(1, 10))
    assert mirror.preferences(TALK).muted_until == 10, "a restored server counts from where it was"
