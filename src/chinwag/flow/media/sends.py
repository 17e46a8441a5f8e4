"""Sends of media on their way to the log: each waits until the directory has said what it is about.

They wait in line by device and conversation, so that one device's sends keep their order; everybody else's texts pass
them by.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

import msgspec
import structlog

from chinwag.domain.body import Attach, Media
from chinwag.domain.command import Send, asked
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.answers import ANSWER_SECONDS
from chinwag.flow.cancelled import end_if_told
from chinwag.flow.wish import Wish, characters
from chinwag.ports.message_store import KeyName, MessageStore

WAITING: Final = 2_000
"""Wishes of one node that wait in these lines."""
WAITING_OF_ACCOUNT: Final = 200
"""Of one account: its sends of uploads that take long to look at hold up nobody else's."""
WAITING_CHARACTERS: Final = 16 << 20
"""Characters of their texts together."""

Waiter = TypeVar("Waiter")
_log = structlog.get_logger(__name__)


class Seeing(Protocol):
    """Whoever knows what media an attachment is."""

    async def see(self, account: AccountId, attach: Attach) -> Media:
        """What `account` may send by `attach`; waits for an upload that is being looked at. Raises `Refused`:
        `no_upload`, `no_conversation`, `no_message`, `unavailable`."""
        ...


class MediaSends(Generic[Waiter]):
    """The lines. go_on: takes a wish whose media were seen. refuse: tells whoever waits."""

    def __init__(
        self,
        seeing: Seeing,
        store: MessageStore,
        go_on: Callable[[Waiter, Wish], None],
        refuse: Callable[[Waiter, Wish, Code, str], None],
        now: Callable[[], float],
    ) -> None:
        self._seeing = seeing
        self._store = store
        self._go_on = go_on
        self._refuse = refuse
        self._now = now
        self._lines: dict[tuple[ConversationId, DeviceId], deque[tuple[Waiter, Wish, float]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.waiting = 0
        """Wishes in all lines, also those that are being looked at."""
        self._characters = 0
        self._of_account: dict[AccountId, int] = {}  # at most `WAITING`

    def must_wait(self, wish: Wish) -> bool:
        """Whether `wish` is for `put`: it is of media, or comes behind one that is."""
        return wish.attach is not None or (bool(self._lines) and (wish.conversation, wish.device) in self._lines)

    def put(self, waiter: Waiter, wish: Wish) -> None:
        """Add `wish` to its line. Raises `overloaded`, and `rate_limited` for too many of one account."""
        mine = self._of_account.get(wish.account, 0)
        if mine >= WAITING_OF_ACCOUNT:
            raise Refused(Code.RATE_LIMITED, "too many media of yours wait", 1.0)
        if self.waiting >= WAITING or self._characters > WAITING_CHARACTERS:
            raise Refused(Code.OVERLOADED, "too many media wait", 1.0)
        name = (wish.conversation, wish.device)
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = deque()
            task = asyncio.get_running_loop().create_task(self._advance(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        line.append((waiter, wish, self._now()))
        self.waiting += 1
        self._of_account[wish.account] = mine + 1
        self._characters += characters(wish)

    def stop(self) -> None:
        """Look at nothing more."""
        for task in tuple(self._tasks):
            task.cancel()

    async def _advance(self, name: tuple[ConversationId, DeviceId]) -> None:
        line = self._lines[name]
        while line:
            waiter, wish, since = line.popleft()
            refused: Refused | None = None
            try:
                if wish.attach is not None:
                    async with asyncio.timeout(since + ANSWER_SECONDS - self._now()):
                        wish = await self._seen(wish, wish.attach)
            except Refused as refusal:
                refused = refusal
            except (TimeoutError, asyncio.CancelledError) as given_up:
                end_if_told(given_up)
                refused = Refused(Code.UNAVAILABLE, "the media are still looked at")
            except Exception:
                _log.exception("media could not be sent", conversation=wish.conversation)
                refused = Refused(Code.INTERNAL)
            self._left(wish)
            if refused is None:
                self._go_on(waiter, wish)
            else:
                self._refuse(waiter, wish, refused.code, refused.detail)
        del self._lines[name]

    def _left(self, wish: Wish) -> None:
        """It waits no longer."""
        self.waiting -= 1
        self._characters -= characters(wish)
        self._of_account[wish.account] -= 1
        if not self._of_account[wish.account]:
            del self._of_account[wish.account]

    async def _seen(self, wish: Wish, attach: Attach) -> Wish:
        """`wish` with the media that it names. What has its answer goes on to it without (P6 of docs/guarantees.md)."""
        action = wish.action
        assert isinstance(action, Send)
        digest = asked(action)
        try:
            media = await self._seeing.see(wish.account, attach)
        except Refused:
            if (await self._store.keys([KeyName(wish.conversation, wish.device, wish.id)]))[0] is None:
                raise
        else:
            action = msgspec.structs.replace(action, body=media)
        return msgspec.structs.replace(wish, action=action, attach=None, digest=digest)
