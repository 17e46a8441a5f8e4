"""A group of which large groups' feeds are shown: three people, and the feeds of one process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Send
from chinwag.domain.conversation import Conversation, GroupSettings, Span
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.large.feeds import Feeds
from chinwag.flow.large.follower import Ended, Follower
from chinwag.flow.large.moved import MovedHere
from chinwag.flow.large.recount import Recounted
from chinwag.flow.states import States
from chinwag.ports.bus import Moved, moved_of
from chinwag.ports.message_store import Row

PATIENCE = 60.0


class AsLarge:
    """A store whose groups are large ones. reads: of events, as (first, last)."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.reads: list[tuple[int, int]] = []
        self.on_spans: list[Callable[[], Awaitable[object]]] = []
        self.head: int | None = None
        self.small = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        found = await self._store.states(conversations)
        if self.small:
            return list(found)
        changed = [None if one is None else msgspec.structs.replace(one, large=True) for one in found]
        if self.head is None:
            return changed
        return [None if one is None else msgspec.structs.replace(one, head=self.head) for one in changed]

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Row]:
        self.reads.append((first, last))
        found: list[Row] = await self._store.events(conversation, first, last)
        return found

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        found: list[Span] = await self._store.spans(account, conversation)
        if self.on_spans:
            await self.on_spans.pop(0)()
        return found


class Session:
    """What a session is to the feeds: it notes all that it is given."""

    def __init__(self, account: str) -> None:
        self.account = AccountId(account)
        self.full = False
        self.frames: list[bytes] = []
        self.after: list[int] = []
        self.ends: list[tuple[int, Ended]] = []
        self._changed = asyncio.Event()

    def push(self, payload: bytes) -> None:
        self.frames.append(payload)
        self._changed.set()

    def followed(self, conversation: ConversationId, after: int) -> None:
        self.after.append(after)
        self._changed.set()

    def unfollowed(self, conversation: ConversationId, number: int, why: Ended) -> None:
        self.ends.append((number, why))
        self._changed.set()

    @property
    def numbers(self) -> list[int]:
        return [msgspec.json.decode(frame)["number"] for frame in self.frames]

    async def until(self, true: Callable[["Session"], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true(self):
                self._changed.clear()
                await self._changed.wait()


def _counts(conversation: ConversationId, told: Recounted) -> bytes:
    return msgspec.json.encode({"counts": told})


class Scene:
    """A group of anna (1), ben (2) and carl (3), and the feeds of one process."""

    def __init__(self, stage: Backstage, group: ConversationId) -> None:
        self.stage = stage
        self.group = group
        self.store = AsLarge(stage.embedded.message_store)
        store: Any = self.store
        self.feeds = Feeds(
            store, States(store), MovedHere(stage.embedded.bus), lambda conversation, event: event, _counts, lambda: 0.0
        )

    async def say(self, *texts: str, told: bool = True) -> int:
        """Messages of anna; the last one's number."""
        number = 0
        for text in texts:
            number = (await self.stage.do("1", self.group, Send(Text(text)))).number
        if told:
            await self.tell()
        return number

    async def tell(self) -> None:
        """What the worker says after it has committed."""
        state = await self.stage.state(self.group)
        self.stage.embedded.bus.publish(
            moved_of(self.group), Moved(self.group, state.head, state.ordinal, state.last_shown)
        )

    async def follow(self, account: str, after: int) -> tuple[Session, Follower]:
        session = Session(account)
        follower = Follower(session, self.group)
        await self.feeds.follow(follower, after)
        return session, follower


@asynccontextmanager
async def scene(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    async with backstage(folder / "data") as stage:
        await stage.people("1", "2", "3")
        group = await stage.group("1", "Tea", GroupSettings(**settings), "2", "3")
        one = Scene(stage, group)
        try:
            yield one
        finally:
            one.feeds.drain()
            one.feeds.stop()
