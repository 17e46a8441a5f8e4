"""What a process remembers of what arrived: references to events, all of a stretch or none of it."""

import msgspec

from chinwag.adapters.given import Given
from chinwag.domain.body import Text
from chinwag.domain.events import AccountEvent, Delivered, Message, Read
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.inbox import Arrival, Run

ANN, BEN = AccountId("1"), AccountId("2")
TEA, WAY = ConversationId("tea"), ConversationId("way")


def message(conversation: ConversationId, number: int) -> bytes:
    return msgspec.json.encode(
        Message(
            conversation=conversation,
            number=number,
            ordinal=number,
            sender=BEN,
            device=DeviceId("9"),
            id=ClientId(f"m{number}"),
            sent_at=7,
            body=Text('{"kind":"read"}'),
        )
    )


def mark(number: int) -> bytes:
    return msgspec.json.encode(Read(conversation=TEA, account=BEN, number=number, at=7, ordinal=number))


def test_what_arrived_is_told_as_references_and_marks_of_others_are_none() -> None:
    given = Given()
    given.note([Arrival(ANN, 5, [message(TEA, 8), mark(8)], 1), Arrival(ANN, 7, [message(WAY, 3)], 1)])
    given.note([Arrival(ANN, 8, [msgspec.json.encode(Delivered(conversation=TEA, account=BEN, number=9, at=7))], 1)])
    assert given.between(ANN, 4, 8) == [Run(5, TEA, 8, 1), Run(7, WAY, 3, 1)]
    assert given.between(ANN, 5, 7) == [Run(7, WAY, 3, 1)]
    assert given.between(ANN, 4, 5) == [Run(5, TEA, 8, 1)]


def test_a_stretch_of_which_something_is_missing_is_not_remembered() -> None:
    given = Given()
    given.note([Arrival(ANN, 5, [message(TEA, 8)], 1), Arrival(ANN, 7, [message(TEA, 10)], 1), Arrival(ANN, 9, (), 1)])
    assert given.between(ANN, 3, 5) is None, "what lies before"
    assert given.between(ANN, 4, 7) is None, "what lies between"
    assert given.between(ANN, 6, 8) is None, "what was said to be there, and not told"
    assert given.between(BEN, 4, 5) is None
    given.note([Arrival(BEN, 1, [b"no event"], 1), Arrival(BEN, 2, [message(TEA, 11)], 1)])
    assert given.between(BEN, 0, 2) is None, "what cannot be read"
    assert given.between(BEN, 1, 2) == [Run(2, TEA, 11, 1)]


def test_positions_of_another_epoch_are_forgotten() -> None:
    given = Given()
    given.note([Arrival(ANN, 5, [message(TEA, 8)], 1)])
    given.note([Arrival(BEN, 1, [message(TEA, 8)], 2)])
    assert given.between(ANN, 4, 5) is None
    assert given.between(BEN, 0, 1) == [Run(1, TEA, 8, 1)]


def test_it_is_bounded_and_forgets_what_came_first() -> None:
    given = Given(kept=100)
    for position in range(1, 1_001):
        given.note([Arrival(ANN, position, [message(TEA, position)], 1)])
    held = [after for after in range(1_000) if given.between(ANN, after, after + 1) is not None]
    assert 100 <= len(held) <= 202
    assert held[-1] == 999
    assert [run.first for run in given.between(ANN, 900, 1_000) or ()] == list(range(901, 1_001))


def test_other_kinds_of_events_are_no_references() -> None:
    assert AccountEvent.__struct_config__.tag == "account"
    given = Given()
    given.note([Arrival(ANN, 1, [b'{"kind":"account","number":7,"conversation":"tea"}'], 1)])
    assert given.between(ANN, 0, 1) == []
