"""Keys and values of the embedded stores, by law."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chinwag.adapters.embedded import keys, values
from chinwag.domain.conversation import START, Conversation, Position, SendKey
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.inbox import Inline, Run
from chinwag.ports.message_store import KeyName

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
few = st.text("1~\x00\x01\x02é", max_size=4)
numbers = st.integers(0, 2**64 - 1)


@given(few, few, few, few, few, few)
def test_different_names_have_different_keys(a: str, b: str, c: str, d: str, e: str, f: str) -> None:
    one = KeyName(ConversationId(a), DeviceId(b), ClientId(c))
    other = KeyName(ConversationId(d), DeviceId(e), ClientId(f))
    assert (keys.send_key(one) == keys.send_key(other)) == (one == other)


@given(few, few, numbers)
def test_no_row_of_one_name_begins_with_the_prefix_of_another(one: str, other: str, number: int) -> None:
    row = keys.inbox(AccountId(one)) + keys.number(number)
    assert row.startswith(keys.inbox(AccountId(other))) == (one == other)


@given(names, numbers, numbers)
def test_rows_lie_in_the_order_of_their_numbers(name: str, one: int, other: int) -> None:
    prefix = keys.events(ConversationId(name))
    assert (prefix + keys.number(one) < prefix + keys.number(other)) == (one < other)


entries = st.one_of(
    st.builds(Inline, st.just(0), st.binary(max_size=50)),
    st.builds(Run, st.just(0), names.map(ConversationId), st.integers(1, 2**63), st.integers(1, 1000)),
)


@given(st.lists(entries, max_size=8), st.integers(0, 1000), st.integers(0, 2**48))
def test_a_chunk_gives_back_its_entries_at_their_positions(given: list[Run | Inline], before: int, at: int) -> None:
    stored = values.chunk(at)
    position = before + 1
    expected: list[Run | Inline] = []
    for entry in given:
        if isinstance(entry, Inline):
            stored += values.inline(entry.event)
            expected.append(Inline(position, entry.event))
        else:
            stored += values.run(entry.conversation, entry.first, entry.count)
            expected.append(Run(position, entry.conversation, entry.first, entry.count))
        position += entry.count
    assert values.entries(stored, position - 1) == expected
    assert values.posted_at(stored) == at


def test_a_state_of_format_1_is_read_with_its_history_open_from_the_beginning() -> None:
    written = Conversation(ConversationId("g~9"), False, {}, head=7, title="Chess", history_from=3)
    now = msgspec.to_builtins(written)
    before = {name: value for name, value in now.items() if name != "history_from"}
    assert len(before) == len(now) - 1
    assert values.state(values.sealed(now)) == written
    read = values.state(values.sealed(before))
    assert read == Conversation(ConversationId("g~9"), False, {}, head=7, title="Chess", applied=START)
    assert read.history_from == 1


def test_who_declines_is_read_from_rows_of_every_version() -> None:
    state = Conversation(ConversationId("1~2"), direct=True, members={}, declining=(AccountId("1"),))
    stored = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(stored)["refusing"] == ["1"]
    assert msgspec.msgpack.decode(stored, type=Conversation) == state


def test_a_send_key_of_format_1_is_read_without_a_digest() -> None:
    assert values.send_key(values.sealed([[1, 2, 0], 7, 500])) == SendKey(Position(1, 2, 0), 7, 500, b"")
    now = SendKey(Position(1, 2, 0), 7, 500, b"12345678")
    assert values.send_key(values.sealed(now)) == now
