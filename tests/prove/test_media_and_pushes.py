"""What a record says of media and of pushes: nothing is found in a right one, and each damage to it is named."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import pytest
from prove.facts import (
    AnyFact,
    Deleted,
    Fault,
    HasRead,
    MediaAsked,
    Membership,
    Pushed,
    PushesWaited,
    Revoked,
    Sent,
    Subscribed,
    Up,
)
from prove.index.index import Index
from prove.promises.media_kept import media_kept
from prove.promises.told_by_push import UNDER_WAY, told_by_push

TEA: Final = "g~1"
FILE: Final = "f00d"
LATE: Final = UNDER_WAY + 1


def right() -> list[AnyFact]:
    """Ann sends a file and texts; Ben reads, and is pushed on two phones, one of which is revoked; Cem is put out, and
    a text is deleted."""
    away = (("ben", "ben-1"), ("ben", "ben-2"), ("cem", "cem-1"))
    return [
        *(Membership(TEA, who, True, 1, 10) for who in ("ann", "ben", "cem")),
        *(Subscribed("ben", phone, 20) for phone in ("ben-1", "ben-2")),
        Subscribed("cem", "cem-1", 20),
        Subscribed("ann", "ann-1", 20),
        Sent(TEA, 2, "ann", "", FILE, 100, 110),
        MediaAsked("ben", TEA, 2, 200, FILE, 120),
        *(Pushed(who, phone, TEA, 2, "", 1_200) for who, phone in away),
        PushesWaited(TEA, 2, 1_300),
        Membership(TEA, "cem", False, 3, 2_000),
        MediaAsked("cem", TEA, 2, 200, FILE, 2_010),
        Sent(TEA, 4, "ann", "", FILE, 2_100, 2_110),
        MediaAsked("cem", TEA, 4, 404, "", 2_120),
        Revoked("ben", "ben-2", 2_200),
        Sent(TEA, 5, "ann", "hello", "", 2_300, 2_310),
        Pushed("ben", "ben-1", TEA, 5, "hello", 3_400),
        PushesWaited(TEA, 5, 3_500),
        HasRead("ben", TEA, 5, 3_600),
        Sent(TEA, 6, "ann", "a slip", "", 3_700, 3_710),
        Deleted(TEA, 6, 3_800),
        Deleted(TEA, 4, 3_900),
        MediaAsked("ben", TEA, 4, 410, "", 3_910),
        MediaAsked("ben", TEA, 2, 200, FILE, 3_920),
    ]


def _found(facts: Sequence[AnyFact]) -> list[tuple[str, str]]:
    index = Index(facts)
    return [(one.promise, one.what) for check in (media_kept, told_by_push) for one in check(index)]


def test_a_right_record_breaks_nothing() -> None:
    assert _found(right()) == []


def test_what_was_under_way_when_the_server_stopped_may_arrive_later() -> None:
    facts = right()
    facts += [Fault("kill", "", 1, 1, 3_650), Up(60_000)]
    facts += [Pushed("ben", "ben-1", TEA, 5, "hello", 60_000 + UNDER_WAY)]
    assert _found(facts) == []
    facts += [Pushed("ben", "ben-1", TEA, 5, "hello", 60_000 + LATE)]
    assert [promise for promise, _ in _found(facts)] == ["P10"]


def _answer(reader: str, number: int, **to: object) -> Callable[[list[AnyFact]], None]:
    def do(facts: list[AnyFact]) -> None:
        at = max(
            place
            for place, one in enumerate(facts)
            if isinstance(one, MediaAsked) and (one.reader, one.number) == (reader, number)
        )
        facts[at] = msgspec.structs.replace(facts[at], **to)

    return do


def _pushed(account: str, device: str, number: int, text: str, at: int) -> Callable[[list[AnyFact]], None]:
    return lambda facts: facts.append(Pushed(account, device, TEA, number, text, at))


def _none_to(device: str) -> Callable[[list[AnyFact]], None]:
    def do(facts: list[AnyFact]) -> None:
        facts[:] = [one for one in facts if not (isinstance(one, Pushed) and one.device == device)]

    return do


DAMAGES: Final = {
    "what is there is refused": ("P1", "and got 404", _answer("ben", 2, status=404, hash="")),
    "a former member does not keep its own": ("P1", "and got 404", _answer("cem", 2, status=404, hash="")),
    "another file comes": ("P1", "something else", _answer("ben", 2, hash="beef")),
    "what was deleted comes": ("P13", "was deleted", _answer("ben", 4, status=200, hash=FILE)),
    "a former member is given what came later": ("P10", "may not read", _answer("cem", 4, status=200, hash=FILE)),
    "a phone is never pushed": ("P12", "never pushed 2", _none_to("cem-1")),
    "the author is pushed": ("P10", "wrote itself", _pushed("ann", "ann-1", 5, "hello", 3_400)),
    "who is out is pushed": ("P10", "may not read", _pushed("cem", "cem-1", 5, "hello", 3_400)),
    "who left is pushed": ("P10", "had left", _pushed("cem", "cem-1", 2, "", 2_000 + LATE)),
    "a revoked phone is pushed": ("P10", "revoked", _pushed("ben", "ben-2", 5, "hello", 2_200 + LATE)),
    "what was read is pushed": ("P10", "been read", _pushed("ben", "ben-1", 5, "hello", 3_600 + LATE)),
    "what was deleted is pushed": ("P13", "was deleted", _pushed("ben", "ben-1", 6, "a slip", 3_800 + LATE)),
    "something else is pushed": ("P13", "another text", _pushed("ben", "ben-1", 5, "a slip", 3_450)),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_named(name: str) -> None:
    promise, what, damage = DAMAGES[name]
    facts = right()
    damage(facts)
    assert any(found == promise and what in said for found, said in _found(facts)), _found(facts)
