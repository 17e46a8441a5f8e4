"""Nudges: who watches a large group is told that it has moved, quietly and seldom.

A session says which groups it watches. Whether it may is looked into then; its own removal, as it passes in the inbox,
ends the watch. As that may never pass (a device may go on behind it, or read nothing), it is looked into again after a
while.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from itertools import islice
from typing import Final, Protocol

import msgspec
import structlog

from chinwag.domain.conversation import Span
from chinwag.domain.ids import AccountId, ConversationId, DeviceId, check_conversation_id
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.budget import Shared
from chinwag.flow.large.moved import MovedHere
from chinwag.ports.bus import Moved
from chinwag.ports.message_store import MessageStore

WATCHES: Final = 500
"""Groups that one session watches at most."""
TURN: Final = 20
"""Groups looked into before others have their turn."""
EVERY_SECONDS: Final = 5.0
"""More often than this nobody is told of one group."""
AGAIN_SECONDS: Final = 600.0
"""After so long it is looked into again, with the next nudge, whether one is still a member."""
SLICE: Final = 500
"""Sessions told before others have their turn."""
LOOKS: Final = Rate(200.0, 5_000)
"""Groups into which it is looked for one device; for its account `SHARE` times as many. A frame may name `WATCHES`, so
that counting frames would bound little."""
SHARE: Final = 4
FOLLOW_LOOKS: Final = 10
"""As how many of them a follow counts, which reads up to a thousand events."""

_log = structlog.get_logger(__name__)


class Watcher(Protocol):
    """A session that watches. watched: its groups, each with the first number that it may read of it now; None until
    that is known. It is the watches' to change."""

    account: AccountId
    device: DeviceId
    watched: dict[ConversationId, int | None]

    def nudged(self, moved: Moved, frame: bytes) -> None:
        """A watched group has moved. frame: what says so, encoded once for all."""
        ...


class _Watched:
    """One group. watchers: when each was looked into last, those first of whom that is longest ago. newest: what is to
    be told. told_at: when all who watch were told last."""

    __slots__ = ("newest", "timer", "told_at", "watchers")

    def __init__(self) -> None:
        self.watchers: dict[Watcher, float] = {}
        self.newest: Moved | None = None
        self.told_at = -EVERY_SECONDS
        self.timer: asyncio.TimerHandle | asyncio.Handle | None = None


class Watches:
    """All watches of a process. Made on the event loop."""

    def __init__(
        self,
        store: MessageStore,
        moved: MovedHere,
        frame: Callable[[Moved], bytes],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._moved = moved
        self._frame = frame
        self._now = now
        self._watched: dict[ConversationId, _Watched] = {}
        self._watchers: dict[DeviceId, dict[Watcher, None]] = {}
        self.looks: Final = Shared(LOOKS, SHARE, now)
        """What looking into groups costs: watching them, following them, asking where they are."""
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking_again = False
        self.nudges = 0
        """Nudges given."""

    def __len__(self) -> int:
        """Groups that are watched."""
        return len(self._watched)

    async def watch(self, watcher: Watcher, conversations: Sequence[ConversationId], *, asked: bool = True) -> None:
        """`watcher` watches these from now on, and no others. Of which it is no member is passed over. asked: by the
        device, within its budget.

        Raises `Refused`: `too_many` and `rate_limited`: it watches what it did; and `unavailable`: those that were not
        looked into are not watched.
        """
        names = dict.fromkeys(conversations)
        if len(names) > WATCHES:
            raise Refused(Code.TOO_MANY, f"a session watches at most {WATCHES} groups")
        for name in names:
            check_conversation_id(name)
        fresh = [name for name in names if name not in watcher.watched]
        if asked and fresh:
            self.looks.take(watcher.account, watcher.device, len(fresh))
        for name in [held for held in watcher.watched if held not in names]:
            self.unwatch(watcher, name)
        if names:
            self._watchers.setdefault(watcher.device, {})[watcher] = None
        for name in fresh:
            watcher.watched[name] = None
        try:
            for first in range(0, len(fresh), TURN):
                for name in fresh[first : first + TURN]:
                    # Asked after it was noted: whoever is removed meanwhile is seen either here or as that passes.
                    await self._look(watcher, name)
                await asyncio.sleep(0)
        finally:
            for name in fresh:
                if watcher.watched.get(name, 0) is None:
                    del watcher.watched[name]

    def stop(self) -> None:
        """Look into nothing any more."""
        for task in self._tasks:
            task.cancel()

    def unwatch(self, watcher: Watcher, conversation: ConversationId) -> None:
        """`watcher` watches that group no longer. Doing it again changes nothing."""
        watcher.watched.pop(conversation, None)
        watched = self._watched.get(conversation)
        if watched is None:
            return
        watched.watchers.pop(watcher, None)
        if not watched.watchers:
            del self._watched[conversation]
            self._moved.unlisten(conversation, self._heard)
            if watched.timer is not None:
                watched.timer.cancel()

    def left(self, watcher: Watcher, conversation: ConversationId) -> None:
        """The own going from that group came to `watcher`, who watches it no longer, unless one has come back since:
        what its inbox brings may be from long ago."""
        if conversation not in watcher.watched:
            return
        self.unwatch(watcher, conversation)
        watcher.watched[conversation] = None
        self._spawn(self._look_again(watcher, conversation))

    def gone(self, watcher: Watcher) -> None:
        """`watcher` has ended."""
        watchers = self._watchers.get(watcher.device, {})
        watchers.pop(watcher, None)
        if not watchers:
            self._watchers.pop(watcher.device, None)
        for name in list(watcher.watched):
            self.unwatch(watcher, name)

    def of(self, device: DeviceId) -> dict[ConversationId, int]:
        """What a device watches here, each with the first number that it may read of it."""
        watchers = self._watchers.get(device, ())
        return {name: since for one in watchers for name, since in one.watched.items() if since is not None}

    async def may(
        self, account: AccountId, device: DeviceId, names: Sequence[ConversationId]
    ) -> dict[ConversationId, int]:
        """Those of `names` of which the account is a member, as `of` tells them. Raises `Refused`: `unavailable`, and
        `rate_limited`."""
        known = self.of(device)
        if unknown := len(set(names) - known.keys()):
            self.looks.take(account, device, unknown)
        found: dict[ConversationId, int] = {}
        for count, name in enumerate(names, 1):
            since = known.get(name) or _since(await self._store.spans(account, name))
            if since is not None:
                found[name] = since
            if count % TURN == 0:
                await asyncio.sleep(0)
        return found

    async def _look_again(self, watcher: Watcher, name: ConversationId) -> None:
        try:
            # A look that was under way may have read what was so before the going: what it found does not count.
            await self._look(watcher, name, again=True)
        except Refused as refused:
            _log.warning("a watch has ended, as nobody could look into it", code=refused.code)
        finally:
            if watcher.watched.get(name, 0) is None:
                del watcher.watched[name]

    async def _look(self, watcher: Watcher, name: ConversationId, *, again: bool = False) -> None:
        """See whether `watcher` may watch what it noted. again: also if another look has found that it may."""
        if name not in watcher.watched or not (again or watcher.watched[name] is None):
            return
        since = _since(await self._store.spans(watcher.account, name))
        if name not in watcher.watched or not (again or watcher.watched[name] is None):
            return  # it was taken back meanwhile
        if since is None:
            self.unwatch(watcher, name)
            return
        watcher.watched[name] = since
        watched = self._watched.get(name)
        if watched is None:
            watched = self._watched[name] = _Watched()
            self._moved.listen(name, self._heard)
        watched.watchers[watcher] = self._now()

    async def _still_members(self, name: ConversationId, watchers: Sequence[tuple[Watcher, float]]) -> None:
        """Look into these again, who were looked into last at the times given; whoever has left watches no longer."""
        try:
            for watcher, looked_at in watchers:
                since = _since(await self._store.spans(watcher.account, name))
                watched = self._watched.get(name)
                if watched is None or watched.watchers.get(watcher) != looked_at:
                    continue  # it watches no longer, or anew
                if since is None:
                    self.unwatch(watcher, name)
                    continue
                watcher.watched[name] = since
                del watched.watchers[watcher]
                watched.watchers[watcher] = self._now()
        except Refused as refused:
            _log.warning("nobody could look into watches again", code=refused.code)
        finally:
            self._looking_again = False

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work, name="watches")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _heard(self, moved: Moved) -> None:
        watched = self._watched.get(moved.conversation)
        if watched is None:
            return
        newest = watched.newest
        if newest is None or moved.head > newest.head:
            most = moved.all if newest is None else max(moved.all, newest.all)
            watched.newest = msgspec.structs.replace(moved, all=most)
        if watched.timer is None:
            wait = watched.told_at + EVERY_SECONDS - self._now()
            if wait <= 0:
                self._tell(watched)
            else:
                watched.timer = self._loop.call_later(wait, self._tell, watched)

    def _tell(self, watched: _Watched) -> None:
        watched.timer = None
        moved, watched.newest = watched.newest, None
        if moved is not None:
            watched.told_at = self._now()
            self._give(moved, self._frame(moved), list(watched.watchers))
            self._see_to(moved.conversation, watched)

    def _see_to(self, name: ConversationId, watched: _Watched) -> None:
        """Some who were looked into long ago are looked into again: those of one group at a time, so that it takes
        little however many watch."""
        before = self._now() - AGAIN_SECONDS
        due = [(one, at) for one, at in islice(watched.watchers.items(), TURN) if at <= before]
        if due and not self._looking_again:
            self._looking_again = True
            self._spawn(self._still_members(name, due))

    def _give(self, moved: Moved, frame: bytes, watchers: Sequence[Watcher]) -> None:
        for watcher in watchers[:SLICE]:
            since = watcher.watched.get(moved.conversation)
            if since is None:
                continue
            self.nudges += 1
            if moved.all < since and moved.all:  # it may not be read by one who has come since
                without = msgspec.structs.replace(moved, all=0)
                watcher.nudged(without, self._frame(without))
            else:
                watcher.nudged(moved, frame)
        if len(watchers) > SLICE:
            self._loop.call_soon(self._give, moved, frame, watchers[SLICE:])


def _since(spans: Sequence[Span]) -> int | None:
    """The first number that an account with these spans may read of its present membership; None: it is no member."""
    return next((span.first for span in spans if span.last is None), None)
