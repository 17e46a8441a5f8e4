"""What a damage to a record is, and the tools to make one: see `damages_*.py` beside this file."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec
from prove.facts import (
    AnyFact,
    Began,
    HistoryMessage,
    HistoryNotice,
    SeenAccount,
    SeenMark,
    SeenMessage,
    SeenNotice,
)

Facts = list[AnyFact]


class Damage(NamedTuple):
    """What is done to a record, and the promise that it breaks."""

    promise: str
    do: Callable[[Facts], None]

    def __str__(self) -> str:
        return f"{self.promise}-{self.do.__name__}"


DAMAGES: Final[list[Damage]] = []


def breaks(promise: str) -> Callable[[Callable[[Facts], None]], Callable[[Facts], None]]:
    """The function below is a damage that breaks this promise."""

    def note(do: Callable[[Facts], None]) -> Callable[[Facts], None]:
        DAMAGES.append(Damage(promise, do))
        return do

    return note


READINGS: Final = (SeenMessage, SeenNotice, HistoryMessage, HistoryNotice)
TALK, TEA = "d~ann~ben", "g~2"


def find(facts: Facts, kind: type | tuple[type, ...], /, **fields: object) -> list[int]:
    """Where facts of that kind with those fields stand: at least one."""
    found = [
        at
        for at, fact in enumerate(facts)
        if isinstance(fact, kind) and all(getattr(fact, name, None) == value for name, value in fields.items())
    ]
    assert found, f"no {kind} with {fields}"
    return found


def one(facts: Facts, kind: type, /, **fields: object) -> Any:
    """The first of those."""
    return facts[find(facts, kind, **fields)[0]]


def drop(facts: Facts, at: Iterable[int]) -> None:
    """They were never written."""
    for index in sorted(at, reverse=True):
        del facts[index]


def change(facts: Facts, at: Iterable[int], /, **fields: object) -> None:
    """They say something else."""
    for index in at:
        facts[index] = msgspec.structs.replace(facts[index], **fields)


def after(facts: Facts, fact: AnyFact, kind: type, /, **fields: object) -> None:
    """One more, after the last of those."""
    facts.insert(find(facts, kind, **fields)[-1] + 1, fact)


def session(facts: Facts, device: str, turn: int = 0) -> int:
    """The number of the device's session, of its first or a later one."""
    fact = facts[find(facts, Began, device=device)[turn]]
    assert isinstance(fact, Began)
    return fact.session


def events(facts: Facts, number: int) -> list[int]:
    """Where the events of a session stand."""
    return find(facts, (SeenMessage, SeenNotice, SeenMark, SeenAccount), session=number)


def shift(facts: Facts, at: Iterable[int], beyond: int) -> None:
    """Positions beyond one are one less."""
    for index in at:
        position = facts[index].position  # type: ignore[union-attr]
        if position > beyond:
            change(facts, [index], position=position - 1)


def placed(facts: Facts, text: str) -> Any:
    """A message as it stands at the end."""
    return one(facts, HistoryMessage, text=text)


def trade(facts: Facts, first: HistoryMessage, second: HistoryMessage) -> None:
    """Two messages change their places, for everybody who reads them; what was acked stays."""
    found = [find(facts, READINGS, conversation=one.conversation, number=one.number) for one in (first, second)]
    for message, where in zip((second, first), found, strict=True):
        change(facts, where, sender=message.sender, device=message.device, id=message.id, text=message.text)
