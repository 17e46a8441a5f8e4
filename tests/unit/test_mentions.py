"""To whom a message speaks, as decided: members named, the author of what is answered, and all."""

import pytest

from chinwag.domain.body import Text
from chinwag.domain.command import Command, Delete, Edit, Send
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Position, Role
from chinwag.domain.decide import Numbered, Rejected, decide
from chinwag.domain.events import Edited, Message
from chinwag.domain.facts import NOTHING, Facts, Target, target_of
from chinwag.domain.ids import AccountId, ClientId, DeviceId, group_id
from chinwag.domain.mentions import ALL, UNREAD, Mention, changed, unread_mentions
from chinwag.domain.refusal import Code

ANN, BEN, CAT, DAN = map(AccountId, "1234")
GROUP = group_id("9")
MEMBERS = {ANN: Member(Role.OWNER), BEN: Member(Role.MEMBER), CAT: Member(Role.MEMBER, joined=6, reads_from=6)}


def group(settings: GroupSettings | None = None) -> Conversation:
    return Conversation(id=GROUP, direct=False, members=MEMBERS, head=9, settings=settings or GroupSettings())


def said(author: AccountId, number: int, reply_to: int = 0, mentioned: tuple[AccountId, ...] = ()) -> Message:
    return Message(
        conversation=GROUP,
        number=number,
        ordinal=number,
        sender=author,
        device=DeviceId("phone"),
        id=ClientId("said"),
        sent_at=1_000,
        body=Text("said"),
        reply_to=reply_to,
        mentioned=mentioned,
    )


def facts_of(message: Message, answered: AccountId | None = None) -> Facts:
    return Facts(target_of(message), message, answered=answered)


def ask(
    account: AccountId, action: Send | Edit | Delete, facts: Facts = NOTHING, settings: GroupSettings | None = None
) -> Numbered | Code:
    command = Command(GROUP, account, DeviceId("d"), ClientId("c"), 1_001, action)
    decision = decide(group(settings), command, Position(1, 10, 0), facts=facts)
    if isinstance(decision, Rejected):
        return decision.code
    assert isinstance(decision, Numbered)
    return decision


def told(decision: Numbered | Code) -> tuple[AccountId, ...]:
    assert isinstance(decision, Numbered), decision
    assert isinstance(decision.event, Message | Edited)
    return decision.event.mentioned


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), ()),
        ((BEN,), (BEN,)),
        ((CAT, BEN, CAT), (CAT, BEN)),
        ((DAN, BEN), (BEN,)),  # who is no member
        ((ANN,), ()),  # oneself
        ((AccountId("nobody"),), ()),
    ],
)
def test_a_message_speaks_to_the_members_that_it_names(
    names: tuple[AccountId, ...], expected: tuple[AccountId, ...]
) -> None:
    decision = ask(ANN, Send(Text("hi", names)))
    assert told(decision) == expected
    assert isinstance(decision, Numbered)
    assert isinstance(decision.event, Message)
    assert decision.event.body == Text("hi", names)  # what was written stays as it was written


@pytest.mark.parametrize(
    ("account", "who", "allowed"),
    [(ANN, "admins", True), (BEN, "admins", False), (BEN, "members", True)],
)
def test_who_speaks_to_all(account: AccountId, who: str, allowed: bool) -> None:
    settings = GroupSettings(mention_all=who)  # type: ignore[arg-type]
    assert told(ask(account, Send(Text("hi", (ALL,))), settings=settings)) == ((ALL,) if allowed else ())


def test_a_reply_speaks_to_the_author_of_what_it_answers() -> None:
    assert told(ask(ANN, Send(Text("hi"), 7), facts_of(said(BEN, 7)))) == (BEN,)
    assert told(ask(ANN, Send(Text("hi", (BEN, CAT)), 7), facts_of(said(BEN, 7)))) == (BEN, CAT)
    assert told(ask(ANN, Send(Text("hi"), 7), facts_of(said(ANN, 7)))) == ()
    assert told(ask(ANN, Send(Text("hi"), 7), facts_of(said(DAN, 7)))) == ()  # who has gone


def test_a_reply_names_a_message_that_its_author_may_read() -> None:
    assert ask(ANN, Send(Text("hi"), 7)) is Code.BAD_REPLY
    assert ask(ANN, Send(Text("hi"), 7), Facts(Target("notice", BEN, 1))) is Code.BAD_REPLY
    assert ask(ANN, Send(Text("hi"), 10), facts_of(said(BEN, 10))) is Code.BAD_REPLY
    assert ask(CAT, Send(Text("hi"), 5), facts_of(said(BEN, 5))) is Code.BAD_REPLY
    assert told(ask(CAT, Send(Text("hi"), 6), facts_of(said(BEN, 6)))) == (BEN,)


def test_an_edit_speaks_to_whom_it_names_now_and_to_whom_it_answers() -> None:
    before = said(ANN, 7, reply_to=3, mentioned=(BEN, CAT))
    decision = ask(ANN, Edit(7, Text("now", (CAT,))), facts_of(before, answered=BEN))
    assert told(decision) == (CAT, BEN)
    assert isinstance(decision, Numbered)
    (row,) = decision.rewrites
    assert isinstance(row.event, Message)
    assert row.target is not None
    assert row.event.mentioned == row.target.mentioned == (CAT, BEN)
    assert decision.mentions == (), "it spoke to both before"


def test_a_message_has_a_row_for_each_whom_it_speaks_to() -> None:
    decision = ask(ANN, Send(Text("hi", (BEN, DAN, ALL)), 6), facts_of(said(CAT, 6)))
    assert isinstance(decision, Numbered)
    assert decision.mentions == (Mention(BEN, 10, 10), Mention(CAT, 10, 10), Mention(ALL, 10, 10))


def test_changing_a_message_moves_only_the_rows_that_differ() -> None:
    edited = ask(ANN, Edit(7, Text("now", (CAT,))), facts_of(said(ANN, 7, mentioned=(BEN, ALL))))
    assert isinstance(edited, Numbered)
    assert edited.mentions == (Mention(BEN, 7, 0), Mention(ALL, 7, 0), Mention(CAT, 7, 10))
    deleted = ask(ANN, Delete(7), facts_of(said(ANN, 7, mentioned=(BEN, CAT))))
    assert isinstance(deleted, Numbered)
    assert deleted.mentions == (Mention(BEN, 7, 0), Mention(CAT, 7, 0))
    assert changed(7, (BEN, CAT), (CAT, BEN), 11) == ()


def test_unread_mentions_are_the_newest_above_the_mark_as_of_the_head() -> None:
    rows = [Mention(who, number, number) for number in range(1, 301) for who in (BEN, ALL)]
    assert unread_mentions(rows, 10, 300) == list(range(301 - UNREAD, 301))
    assert unread_mentions(rows, 298, 300) == [299, 300]
    assert unread_mentions([Mention(BEN, 5, 9), Mention(ALL, 6, 8)], 1, 8) == [6], "an edit after the head"
