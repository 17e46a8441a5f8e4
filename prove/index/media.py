"""Conversations in which people send media and are pushed to: who might read what, as the record goes on."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from prove.facts import Deleted, HasRead, MediaAsked, Membership, Pushed, PushesWaited, Sent, Subscribed

Place = tuple[str, str]
"""Conversation and account."""
Key = tuple[str, int]
"""Conversation and number."""


class Asked(NamedTuple):
    """An answer about media, and what was so when it was asked for."""

    fact: MediaAsked
    sent: Sent | None
    may: bool
    deleted: bool


class Media:
    """What the record says of all such conversations."""

    def __init__(self) -> None:
        self.sent: dict[Key, Sent] = {}
        self.deleted: dict[Key, Deleted] = {}
        self.asked: list[Asked] = []
        self.subscribed: dict[str, Subscribed] = {}
        """By device."""
        self.pushed: list[Pushed] = []
        self.read: dict[Place, list[HasRead]] = defaultdict(list)
        self.spans: dict[Place, list[list[Membership]]] = defaultdict(list)
        """Of each place when somebody came, and when it went, if it did."""
        self.awaited: list[tuple[PushesWaited, list[Subscribed]]] = []
        """Messages of which it was waited for the pushes, and who was to have one."""

    def membership(self, fact: Membership) -> None:
        """Somebody came or went."""
        spans = self.spans[fact.conversation, fact.account]
        if fact.joined:
            spans.append([fact])
        elif spans:
            spans[-1].append(fact)

    def ask(self, fact: MediaAsked) -> None:
        """Media were asked for."""
        key = (fact.conversation, fact.number)
        may = self.may_read(fact.reader, *key)
        self.asked.append(Asked(fact, self.sent.get(key), may, key in self.deleted))

    def waited(self, fact: PushesWaited, revoked: Collection[str]) -> None:
        """It was waited for pushes. revoked: devices that were by then."""
        sent = self.sent.get((fact.conversation, fact.number))
        if sent is None:
            return
        to = [
            one
            for one in self.subscribed.values()
            if one.device not in revoked and one.account != sent.sender and one.at < sent.asked
            if self.may_read(one.account, fact.conversation, fact.number)
        ]
        self.awaited.append((fact, to))

    def may_read(self, account: str, conversation: str, number: int) -> bool:
        """Whether it was in at that number, as far as the record goes."""
        spans = self.spans.get((conversation, account), ())
        return any(span[0].number <= number and (len(span) == 1 or number <= span[1].number) for span in spans)

    def out_since(self, account: str, conversation: str) -> int | None:
        """Since when it is out; None for who is in, or never was."""
        spans = self.spans.get((conversation, account), ())
        return spans[-1][1].at if spans and len(spans[-1]) > 1 else None

    def read_at(self, account: str, conversation: str, number: int) -> int | None:
        """Since when it has read that number."""
        return min((one.at for one in self.read.get((conversation, account), ()) if one.number >= number), default=None)
