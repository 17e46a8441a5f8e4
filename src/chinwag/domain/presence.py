"""Who is online: what the reports about one account's sessions add up to, as pure functions.

Reports may come twice, late and out of order, so a state is a merge: whatever their order, the same reports give
the same state (as long as they come within the grace of each other, for which what has ended is remembered).
A session ends once: one that comes back has a new id. That its owner was merely not heard of is no end: a later
report takes it back. All times are milliseconds since 1970.
"""

from enum import IntEnum
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from chinwag.domain.ids import AccountId, DeviceId

GRACE_MS: Final = 30_000
"""How long after it was last heard a device counts as online, unless set otherwise; a shorter gap is invisible."""
PARTS: Final = 16
"""The parts in which presence may be kept, each by an owner of its own."""
SESSIONS_MAX: Final = 200
"""Sessions remembered of one account, ended ones included; of more, the one longest unheard of is forgotten."""


def part_of(account: AccountId) -> int:
    """The part of an account: the same in every process and for ever."""
    return crc32(account.encode("utf-8", "surrogatepass")) % PARTS


class Phase(IntEnum):
    """How far a session has come; it never goes back."""

    UP = 0
    DOWN = 1
    OUT = 2


class Report(msgspec.Struct, frozen=True, gc=False):
    """A gateway (`node`) says that a session of `device` came up, went down or logged out at `at`."""

    session: str
    device: DeviceId
    node: str
    stage: Phase
    at: int


class KnownSession(msgspec.Struct, frozen=True, gc=False):
    """What is known of one session.

    since, heard: the earliest and the latest time in its reports. noted: when the latest report arrived.
    ended_at: when it went down. missing_since: since when its node has not confirmed it.
    """

    device: DeviceId
    node: str
    since: int
    heard: int
    noted: int
    stage: Phase = Phase.UP
    ended_at: int = 0
    missing_since: int | None = None


class LogOut(NamedTuple):
    """A device logged out at `at`, reported at `noted`: its sessions from before `at` are over."""

    at: int
    noted: int


class State(msgspec.Struct, frozen=True):
    """One account.

    awaited_until: it was online when its presence was last stored; until then it may come back.
    grace: how long after it was last heard a device of it counts as online, in milliseconds.
    """

    sessions: dict[str, KnownSession] = {}
    outs: dict[DeviceId, LogOut] = {}
    last_active_at: int = 0
    awaited_until: int = 0
    grace: int = GRACE_MS


class PresenceOf(msgspec.Struct, frozen=True, gc=False):
    """Whether `account` is online, and when it was last active (0: never)."""

    account: AccountId
    online: bool
    last_active_at: int


class DeviceAt(msgspec.Struct, frozen=True, gc=False):
    """A device that is online through `node` since `since`."""

    device: DeviceId
    node: str
    since: int


NOBODY: Final = State()
"""An account of which nothing is known."""


def apply(state: State, report: Report, now: int) -> State:
    """`state` with what `report` adds. A time ahead of `now` is taken for `now`: clocks differ."""
    at = min(report.at, now)
    outs = state.outs
    if report.stage is Phase.OUT:
        earlier = outs.get(report.device, LogOut(0, 0))
        outs = outs | {report.device: LogOut(max(earlier.at, at), max(earlier.noted, now))}
    sessions = state.sessions | {report.session: _merged(state.sessions.get(report.session), report, at, now)}
    if len(sessions) > SESSIONS_MAX:
        del sessions[min(sessions, key=lambda name: (sessions[name].stage is Phase.UP, sessions[name].noted, name))]
    return State(sessions, outs, max(state.last_active_at, at), state.awaited_until, state.grace)


def recalled(state: State, online: bool, last_active_at: int, until: int) -> State:
    """`state` with what was stored of it before: if online then, it is awaited until `until`."""
    return State(
        state.sessions,
        state.outs,
        max(state.last_active_at, last_active_at),
        max(state.awaited_until, until) if online else state.awaited_until,
        state.grace,
    )


def node_gone(state: State, node: str, now: int) -> State:
    """`node` is dead: its sessions have the grace to come back, there or elsewhere."""
    return _missing(state, {name: now for name, session in state.sessions.items() if session.node == node})


def unconfirmed(state: State, since: int) -> State:
    """All sessions were asked for at `since`: those not reported after that have not been there since last heard."""
    return _missing(state, {name: known.heard for name, known in state.sessions.items() if known.noted < since})


def is_online(state: State, now: int) -> bool:
    """Whether any device is, or may still come back unnoticed."""
    return now < state.awaited_until or any(now < _held_until(state, session) for session in state.sessions.values())


def devices(state: State, now: int) -> list[DeviceAt]:
    """The devices online, in order of their ids, each by its newest session."""
    held = [session for session in state.sessions.values() if now < _held_until(state, session)]
    newest = {session.device: session for session in sorted(held, key=lambda session: session.since)}
    return [DeviceAt(device, newest[device].node, newest[device].since) for device in sorted(newest)]


def connected(state: State) -> list[DeviceId]:
    """The devices that are connected, as far as is known: not those that may come back unnoticed."""
    up = (session for session in state.sessions.values() if session.stage is Phase.UP and session.missing_since is None)
    return sorted({session.device for session in up if _covering(state, session) is None})


def settle(state: State, now: int) -> State:
    """`state` without what cannot matter any more; the same object if nothing went."""
    sessions = {name: session for name, session in state.sessions.items() if now < _forgotten_at(state, session)}
    outs = {device: out for device, out in state.outs.items() if now < out.noted + state.grace}
    awaited_until = state.awaited_until if now < state.awaited_until else 0
    if len(sessions) == len(state.sessions) and len(outs) == len(state.outs) and awaited_until == state.awaited_until:
        return state
    return State(sessions, outs, state.last_active_at, awaited_until, state.grace)


def is_empty(state: State) -> bool:
    """Whether a settled state says nothing beyond what is stored."""
    return not state.sessions and not state.outs and not state.awaited_until


def next_change(state: State, now: int) -> int | None:
    """The next time after `now` at which `is_online` or `settle` may say something else by itself."""
    times = [state.awaited_until, *(out.noted + state.grace for out in state.outs.values())]
    for session in state.sessions.values():
        times += (_held_until(state, session), _forgotten_at(state, session))
    return min((time for time in times if now < time < _NEVER), default=None)


_NEVER: Final = 1 << 62


def _merged(held: KnownSession | None, report: Report, at: int, now: int) -> KnownSession:
    ended_at = at if report.stage is Phase.DOWN else 0
    if held is None:
        return KnownSession(report.device, report.node, at, at, now, report.stage, ended_at)
    return KnownSession(
        held.device,
        held.node,
        min(held.since, at),
        max(held.heard, at),
        max(held.noted, now),
        max(held.stage, report.stage),
        max(held.ended_at, ended_at),
    )


def _missing(state: State, since: dict[str, int]) -> State:
    """Note since when sessions are missing, unless they have ended or are missing already."""
    lost = {
        name: msgspec.structs.replace(state.sessions[name], missing_since=time)
        for name, time in since.items()
        if state.sessions[name].stage is Phase.UP and state.sessions[name].missing_since is None
    }
    return msgspec.structs.replace(state, sessions=state.sessions | lost) if lost else state


def _held_until(state: State, session: KnownSession) -> int:
    """Until when `session` keeps its account online, whatever else happens."""
    if session.stage is Phase.OUT or _covering(state, session) is not None:
        return 0
    if session.stage is Phase.DOWN:
        return session.ended_at + state.grace
    return _NEVER if session.missing_since is None else session.missing_since + state.grace


def _forgotten_at(state: State, session: KnownSession) -> int:
    """When a session that is over need no longer be remembered against late copies of its reports."""
    if session.stage is not Phase.OUT and (out := _covering(state, session)) is not None:
        return out.noted + state.grace  # together with the log-out, without which it would count again
    if session.stage is not Phase.UP:
        return session.noted + state.grace
    return _NEVER if session.missing_since is None else session.missing_since + state.grace


def _covering(state: State, session: KnownSession) -> LogOut | None:
    """The log-out of its device that ends `session`."""
    out = state.outs.get(session.device)
    return out if out is not None and session.since <= out.at else None
