"""The record of a test's run, kept in memory: devices write into it what they do and see, in order."""

import time

import msgspec
from prove.facts import Acked, AnyFact, Attempt, ChangeTried, Refused, Retry, Run
from prove.record import VERSION
from prove.wire import text_of

from chinwag.wire.frames import Ack, ClientFrame, Error, Send
from chinwag.wire.frames import Change as ChangeFrame
from chinwag.wire.values import (
    AccountId,
    Add,
    GroupAction,
    Join,
    Leave,
    Remove,
    SetRole,
    SetSettings,
    direct_id,
)


class Notes:
    """The facts of one run. Sessions are numbered over all of it."""

    def __init__(self) -> None:
        self.facts: list[AnyFact] = [Run(VERSION, 0, "a test")]
        self._sessions = 0
        self._tried: dict[tuple[str, str], str] = {}

    def session(self) -> int:
        """The number of a new session."""
        self._sessions += 1
        return self._sessions

    def write(self, fact: AnyFact) -> None:
        """One more."""
        self.facts.append(fact)

    def sent(self, device: str, account: str, session: int, frame: ClientFrame) -> None:
        """A frame is about to be written: a first try, a retry, or nothing that a record tells."""
        if not isinstance(frame, Send | ChangeFrame):
            return
        conversation = frame.conversation or direct_id(AccountId(account), AccountId(getattr(frame, "to", None) or ""))
        key = (device, f"{conversation} {frame.id}")
        if key in self._tried:
            after = frame.after or "" if isinstance(frame, Send) else None
            self.write(Retry(device, conversation, frame.id, session, now(), after))
        elif isinstance(frame, Send):
            words, after = text_of(frame.body), frame.after or ""
            self.write(Attempt(device, account, conversation, frame.id, words, after, now()))
        else:
            change, subjects = asked(frame.change, account)
            self.write(ChangeTried(device, account, conversation, frame.id, change, subjects, now()))
        self._tried[key] = conversation
        self._tried[device, frame.id] = conversation

    def answered(self, device: str, session: int, frame: Ack | Error) -> None:
        """An answer came."""
        if isinstance(frame, Ack):
            self.write(Acked(device, frame.conversation, frame.id, frame.number, frame.sent_at, session, now()))
        elif frame.id is not None and (conversation := self._tried.get((device, frame.id))) is not None:
            self.write(Refused(device, conversation, frame.id, frame.code, frame.retryable, now()))


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
        case _:
            return "title", ()


def text(state: object) -> str:
    """A state as a text that is equal if and only if the state is."""
    return msgspec.json.encode(state, order="deterministic").decode()
