"""Named points of the way at which a test can kill the process, stop it, or let a call fail. Off unless the
environment turns them on.

`CHINWAG_FAIL_POINT=deliver.decided:37` kills this process (SIGKILL, by itself) the 37th time that it passes
`deliver.decided`. `NAME[:PASSING][=ACTION]`: ACTION is `kill`, `pause` (SIGSTOP) or `error` (OSError, as a full
disk raises it). `@PATH` reads the same words from a file, and again whenever that file is another one; counting
begins anew then. Each point acts once.

The code says `passing("deliver.decided")`, where one batch passes and never one message: off, that is one look at a
name that is None. What each point is for: docs/fail-points.md.
"""

import errno
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

import msgspec

VARIABLE: Final = "CHINWAG_FAIL_POINT"

Action = Literal["kill", "pause", "error"]
Phase = Literal["serving", "pushing", "media", "collect", "start", "stop", "move"]
T = TypeVar("T")


class Point(msgspec.Struct, frozen=True):
    """What is done and what is not when a process passes. phase: when that happens at all."""

    meaning: str
    phase: Phase = "serving"


POINTS: Final[Mapping[str, Point]] = {
    "start.begun": Point("the stores are open and a new epoch is stored; nothing is served yet", "start"),
    "accept.appended": Point("commands wait in the log; no worker has looked at them"),
    "deliver.decided": Point("a batch is decided; nothing of it is given to the store"),
    "store.writing": Point("the writer thread holds a group of commits; nothing of it is written"),
    "store.synced": Point("the group is written and synced; nobody knows yet"),
    "deliver.committed": Point("the worker knows that its batch is durable; no answer is given"),
    "deliver.answered": Point("answers are on their way; the checkpoint stands before their batch"),
    "accept.answered": Point("acks are queued for their sessions; none is written"),
    "fan_out.begun": Point("events are readable in inboxes; no session is told"),
    "fan_out.half": Point("half of what became readable is queued for its sessions"),
    "gateway.half": Point("half of the sessions with something to write have it in their sockets"),
    "gateway.written": Point("acks and events are in the sockets"),
    "catch_up.half": Point("a session that is behind has been given a stretch of its inbox, and reads on"),
    "marks.gathered": Point("marks have gathered; none is applied"),
    "marks.applied": Point("marks and what they post are durable; nobody is told"),
    "relay.read": Point("an account change is in the outbox; it is not posted"),
    "relay.posted": Point("an account change is posted; its outbox row is still there"),
    "directory.committed": Point("the directory has committed a transaction; whoever asked is not answered"),
    "following.read": Point("a follower has read events of the streams; what it makes of them is not stored"),
    "push.read": Point("it is known what is to be pushed; neither that nor how far was read is stored", "pushing"),
    "push.taken": Point("pushes are taken by their lease; none is weighed", "pushing"),
    "push.sending": Point("a push is weighed; nothing of it is sent", "pushing"),
    "push.sent": Point("a push service has answered; what became of the push is not stored", "pushing"),
    "collect.forgotten": Point("uploads that no message shows are forgotten; their blobs are there", "collect"),
    "collect.doomed": Point("blobs that nobody needs are marked dying; none is deleted", "collect"),
    "collect.deleted": Point("a dying blob is deleted; its row is still there", "collect"),
    "media.received": Point("bytes of an upload are durable; whoever sent them is not answered", "media"),
    "media.put": Point("what an upload became is in the media store; the directory does not say so", "media"),
    "media.ready": Point("an upload is ready; its parts are still there", "media"),
    "media.expired": Point("an upload that nobody finished is forgotten; its parts are still there", "media"),
    "stop.drained": Point("a stop in good order has said goodbye; marks wait, stores are open", "stop"),
    "move.begun": Point("a data folder says that it is being moved; the database does not know of it yet", "move"),
    "move.batch": Point("a piece of a table is in the database, and how far that has come", "move"),
    "move.copied": Point("everything is in the database; nothing is compared", "move"),
    "move.marked": Point("the data folder says that it has moved; the database is half moved still", "move"),
    "move.opened": Point("a database says that it is whole; of two the other does not yet", "move"),
}
"""Every point that the code passes."""


class FailPointError(ValueError):
    """What stands in the environment names no point, or makes no sense."""


class Plan(msgspec.Struct):
    """One point that acts, once, at a passing counted from 1."""

    name: str
    at: int
    action: Action
    passed: int = 0


class Armed:
    """The plans in force. words: as in the environment. Raises `FailPointError`."""

    def __init__(self, words: str) -> None:
        self._file = Path(words[1:]) if words.startswith("@") else None
        self._read: tuple[int, int] | None = None
        self.plans = () if self._file is not None else parse(words)

    def reach(self, name: str) -> None:
        """This process passes `name`."""
        if self._file is not None:
            self._look(self._file)
        for plan in self.plans:
            if plan.name == name:
                plan.passed += 1
                if plan.passed == plan.at:
                    _act(plan)

    def _look(self, file: Path) -> None:
        try:
            found = file.stat()
            if (found.st_ino, found.st_mtime_ns) != self._read:
                self._read = (found.st_ino, found.st_mtime_ns)
                self.plans = parse(file.read_text())
        except OSError:
            self.plans = ()  # not there: nothing is to happen


def parse(words: str) -> tuple[Plan, ...]:
    """The plans that `words` name, separated by commas. Raises `FailPointError`."""
    return tuple(_plan(word.strip()) for word in words.split(",") if word.strip())


def _plan(word: str) -> Plan:
    rest, _, action = word.partition("=")
    name, _, passing_number = rest.partition(":")
    if name not in POINTS:
        raise FailPointError(f"{VARIABLE}: no fail point is called {name!r}; there are {', '.join(POINTS)}")
    if action not in ("", *get_args(Action)):
        raise FailPointError(f"{VARIABLE}: {action!r} is none of {', '.join(get_args(Action))}")
    if passing_number and not (passing_number.isdecimal() and int(passing_number)):
        raise FailPointError(f"{VARIABLE}: {passing_number!r} is no count of passings, which begins at 1")
    return Plan(name, int(passing_number or 1), msgspec.convert(action or "kill", Action))


def _act(plan: Plan) -> None:
    # Unbuffered and without the logs: nothing may come between here and the end.
    os.write(2, b'{"event":"fail_point","point":"%b","action":"%b"}\n' % (plan.name.encode(), plan.action.encode()))
    if plan.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif plan.action == "pause":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        raise OSError(errno.ENOSPC, f"fail point {plan.name}")


def _from_environment() -> Armed | None:
    words = os.environ.get(VARIABLE)
    try:
        return Armed(words) if words else None
    except FailPointError as error:
        raise SystemExit(f"chinwag: {error}") from None


armed: Armed | None = _from_environment()
"""None where nothing is to happen: everywhere but in tests."""


def passing(name: str) -> None:
    """The process passes the point `name`, a key of `POINTS`. Raises `OSError` where that is what is asked for."""
    if armed is not None:
        armed.reach(name)


def passing_half_way(name: str, items: Sequence[T]) -> Sequence[T] | Iterator[T]:
    """`items`, one after the other; the process passes the point `name` when half of them are done."""
    return items if armed is None else _halved(name, items)


def _halved(name: str, items: Sequence[T]) -> Iterator[T]:
    half = len(items) // 2
    for count, item in enumerate(items):
        if count == half:
            passing(name)
        yield item
