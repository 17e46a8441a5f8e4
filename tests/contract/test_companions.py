"""What the port of messages promises about who shares presence with whom, over every adapter."""

import msgspec
from tests.contract.harness import ANN, BEN, CYD, PAIR, Stores, commit

from chinwag.domain.conversation import LARGE, Closing, Conversation, Span, companions
from chinwag.domain.ids import AccountId, ConversationId, group_id
from chinwag.ports.message_store import Commit

TEA, CROWD = group_id("8"), group_id("9")
PEOPLE = [AccountId(str(number)) for number in range(100, 100 + LARGE)]


def begun(conversation: ConversationId, *members: AccountId) -> Commit:
    made = commit(1, 1, conversation, members)
    return msgspec.structs.replace(made, regrouped=companions(made.state))


def changed(before: Commit, gone: tuple[AccountId, ...] = (), **fields: object) -> Commit:
    """The next commit of a conversation, whose state has other `fields`, and which some have left."""
    number = before.state.head + 1
    at = msgspec.structs.replace(before.state.applied, sequence=number)
    state: Conversation = msgspec.structs.replace(before.state, head=number, applied=at, **fields)
    closing = Closing("", number, 1, number, number)
    spans = [Span(one, state.id, 1, number, closing) for one in gone]
    spans += [Span(one, state.id, number) for one in state.members if one not in before.state.members]
    return Commit(state, [], [], [], spans, regrouped=(*companions(before.state), *companions(state)))


def without(before: Commit, one: AccountId) -> Commit:
    return changed(before, (one,), members={each: it for each, it in before.state.members.items() if each != one})


async def test_members_of_small_conversations_are_and_strangers_are_not(stores: Stores) -> None:
    await stores.store.commit([begun(PAIR, ANN, BEN), begun(TEA, ANN, CYD, PEOPLE[0])])
    assert await stores.store.companions(ANN, 99) == {ANN, BEN, CYD, PEOPLE[0]}
    assert await stores.store.companions(BEN, 99) == {ANN, BEN}
    assert await stores.store.companions(PEOPLE[1], 99) == set()
    assert await stores.store.companions(AccountId(""), 99) == set()


async def test_whoever_comes_is_and_whoever_goes_is_not_any_more(stores: Stores) -> None:
    tea = begun(TEA, ANN, BEN)
    await stores.store.commit([tea])
    more = changed(tea, members=tea.state.members | {CYD: tea.state.members[ANN]})
    await stores.store.commit([more])
    assert await stores.store.companions(ANN, 99) == await stores.store.companions(CYD, 99) == {ANN, BEN, CYD}
    less = without(more, BEN)
    await stores.store.commit([less])
    assert await stores.store.companions(ANN, 99) == {ANN, CYD}
    assert await stores.store.companions(BEN, 99) == set()
    await stores.stop()
    await stores.start()
    assert await stores.store.companions(CYD, 99) == {ANN, CYD}


async def test_whoever_declines_the_others_messages_is_not_until_it_takes_them(stores: Stores) -> None:
    pair = begun(PAIR, ANN, BEN)
    refusing = changed(pair, declining=(BEN,))
    await stores.store.commit([pair])
    await stores.store.commit([refusing])
    for one in (ANN, BEN):
        assert await stores.store.companions(one, 99) == set()
    await stores.store.commit([changed(refusing, declining=())])
    for one in (ANN, BEN):
        assert await stores.store.companions(one, 99) == {ANN, BEN}


async def test_members_of_a_large_group_are_not_until_it_is_small_again(stores: Stores) -> None:
    crowd = begun(CROWD, ANN, *PEOPLE)
    await stores.store.commit([crowd, begun(PAIR, ANN, BEN)])
    assert await stores.store.companions(ANN, 999) == {ANN, BEN}
    assert await stores.store.companions(PEOPLE[0], 999) == set()
    less = without(crowd, PEOPLE[0])
    await stores.store.commit([less])
    assert await stores.store.companions(PEOPLE[0], 999) == set()
    assert await stores.store.companions(PEOPLE[1], 999) == {ANN, *PEOPLE[1:]}
    assert await stores.store.companions(ANN, 999) == {ANN, BEN, *PEOPLE[1:]}
    await stores.store.commit([changed(less, members=less.state.members | {PEOPLE[0]: less.state.members[ANN]})])
    assert await stores.store.companions(PEOPLE[1], 999) == set()
    await stores.store.commit([changed(less, wide=True, count=LARGE)])
    assert await stores.store.companions(PEOPLE[1], 999) == set(), "of a wide group the state knows admins alone"


async def test_no_more_come_than_are_asked_for(stores: Stores) -> None:
    await stores.store.commit([begun(CROWD, ANN, *PEOPLE[1:]), begun(TEA, ANN, BEN, CYD)])
    some = await stores.store.companions(ANN, 50)
    assert len(some) == 50
    assert some <= {ANN, BEN, CYD, *PEOPLE}


async def test_whoever_is_forgotten_has_none(stores: Stores) -> None:
    tea = begun(TEA, ANN, BEN, CYD)
    await stores.store.commit([tea])
    await stores.store.commit([without(tea, ANN)])
    await stores.store.forget(ANN, [])
    assert await stores.store.companions(ANN, 99) == set()
    assert await stores.store.companions(BEN, 99) == {BEN, CYD}
