"""The record of a test's run, kept in memory: devices write into it what they do and see, in order."""

import time

import msgspec
from prove.facts import Acked, AnyFact, Attempt, ChangeTried, Refused, Retry, Reused, Run
from prove.index.sends import NOT_FOR_EVER
from prove.record import VERSION
from prove.wire import text_of

from chinwag.wire.frames import Ack, ClientFrame, Delete, Edit, Error, React, Send
from chinwag.wire.frames import Change as ChangeFrame
from chinwag.wire.values import (
    AccountId,
    Add,
    GroupAction,
    Join,
    Leave,
    Pin,
    Remove,
    SetRole,
    SetSettings,
    Text,
    direct_id,
)

Key = tuple[str, str, str]
"""Device, conversation, client id."""

VARIATION = "\ufe0f"
"""What asks for a character's picture: the server keeps reactions without it."""


class Notes:
    """The facts of one run. Sessions are numbered over all of it."""

    def __init__(self) -> None:
        self.facts: list[AnyFact] = [Run(VERSION, 0, "a test")]
        self._sessions = 0
        self._wishes: dict[Key, object] = {}
        """What was first asked under each key."""
        self._answered: set[Key] = set()
        """Those that have their answer for ever."""
        self._asked: dict[tuple[str, str], tuple[Key, bool]] = {}
        """By device and id: under which key it was asked last, and whether for something else than before."""

        self._on: dict[tuple[str, str, int], set[str]] = {}
        """What accounts have put on messages."""
        self._reacting: dict[tuple[str, str], tuple[set[str], str, bool]] = {}
        self._nothing_new: set[tuple[str, str]] = set()
        """Reactions that change nothing: their answer names an event of somebody else, and is no fact."""

    def session(self) -> int:
        """The number of a new session."""
        self._sessions += 1
        return self._sessions

    def write(self, fact: AnyFact) -> None:
        """One more."""
        self.facts.append(fact)

    def sent(self, device: str, account: str, session: int, frame: ClientFrame) -> None:
        """A frame is about to be written: a first try, a retry, something else under a used id, or nothing that a
        record tells. An answer is taken for that to what was asked last under its id."""
        if not isinstance(frame, Send | ChangeFrame | Edit | Delete | React):
            return
        conversation = frame.conversation or direct_id(AccountId(account), AccountId(getattr(frame, "to", None) or ""))
        key, wish = (device, conversation, frame.id), _wish(frame)
        other = key in self._answered and self._wishes[key] != wish
        if isinstance(frame, React) and key not in self._wishes:
            on = self._on.setdefault((account, conversation, frame.number), set())
            reaction = frame.reaction.replace(VARIATION, "")
            if (reaction in on) == frame.on:
                self._nothing_new.add((device, frame.id))
                return
            self._reacting[device, frame.id] = on, reaction, frame.on
        self._asked[device, frame.id] = key, other
        if other:
            return  # the answer is the fact
        if key in self._wishes:
            after = None if isinstance(frame, ChangeFrame) else frame.after or ""
            self.write(Retry(device, conversation, frame.id, session, now(), after))
        elif isinstance(frame, Send):
            words, after = text_of(frame.body), frame.after or ""
            mentions = _mentions(frame.body)
            self.write(Attempt(device, account, conversation, frame.id, words, after, now(), mentions, frame.reply_to))
        elif isinstance(frame, Edit | Delete):
            change, words = ("edited", text_of(frame.body)) if isinstance(frame, Edit) else ("deleted", "")
            mentions = _mentions(frame.body) if isinstance(frame, Edit) else ()
            number, after = str(frame.number), frame.after or ""
            self.write(
                ChangeTried(device, account, conversation, frame.id, change, (number,), now(), words, after, mentions)
            )
        elif isinstance(frame, React):
            number, after = str(frame.number), frame.after or ""
            words = _switched(frame.on) + frame.reaction.replace(VARIATION, "")  # as it is told
            self.write(ChangeTried(device, account, conversation, frame.id, "reaction", (number,), now(), words, after))
        else:
            change, subjects = asked(frame.change, account)
            words = _switched(frame.change.on) if isinstance(frame.change, Pin) else ""
            self.write(ChangeTried(device, account, conversation, frame.id, change, subjects, now(), words))
        self._wishes.setdefault(key, wish)

    def answered(self, device: str, session: int, frame: Ack | Error) -> None:
        """An answer came."""
        if isinstance(frame, Ack):
            self.acked(device, frame.conversation, frame.id, frame.number, frame.sent_at, session)
        elif frame.id is not None and (device, frame.id) in self._asked:
            self.refused(device, frame.id, frame.code, retryable=frame.retryable)

    def acked(self, device: str, conversation: str, name: str, number: int, sent_at: int, session: int = 0) -> None:
        """An answer with a number came. session: 0 for a request of its own."""
        if (device, name) in self._nothing_new:
            return
        if (reacting := self._reacting.pop((device, name), None)) is not None:
            on, reaction, put_on = reacting
            (on.add if put_on else on.discard)(reaction)
        key, other = self._asked.get((device, name), ((device, conversation, name), False))
        if other:
            self.write(Reused(*key, code="", retryable=False, at=now()))
        else:
            self._answered.add((device, conversation, name))
            self.write(Acked(device, conversation, name, number, sent_at, session, now()))

    def refused(self, device: str, name: str, code: str, *, retryable: bool = False) -> None:
        """An answer without one came."""
        key, other = self._asked[device, name]
        conversation = key[1]
        if not (other or retryable or code in NOT_FOR_EVER):
            self._answered.add(key)
        fact = Reused if other else Refused
        self.write(fact(device, conversation, name, code, retryable, now()))


def _wish(frame: Send | ChangeFrame | Edit | Delete | React) -> object:
    """What a frame asks for, by which two under one id are the same or not."""
    if isinstance(frame, Send):
        return frame.body, frame.reply_to
    return frame.change if isinstance(frame, ChangeFrame) else msgspec.structs.replace(frame, after=None)


def now() -> int:
    """Milliseconds of a clock that never jumps."""
    return time.monotonic_ns() // 1_000_000


def asked(action: GroupAction, account: str) -> tuple[str, tuple[str, ...]]:
    """The kind of notice that a change becomes, and whom it concerns."""
    match action:
        case Add():
            return "joined", (action.account,)
        case Join():
            return "joined", (account,)
        case Leave():
            return "left", (account,)
        case Remove():
            return "removed", (action.account,)
        case SetRole():
            return "role", (action.account,)
        case SetSettings():
            return "settings", ()
        case Pin():
            return "pinned", (str(action.number),)
        case _:
            return "title", ()


def _mentions(body: object) -> tuple[str, ...]:
    return body.mentions if isinstance(body, Text) else ()


def _switched(on: bool) -> str:
    return "+" if on else "-"


def text(state: object) -> str:
    """A state as a text that is equal if and only if the state is."""
    return msgspec.json.encode(state, order="deterministic").decode()
