"""A device that speaks the protocol: frames out, all that came kept, and waits that end with what was waited for.

It keeps its own state by events (`held`), and notes a gap in its positions at once (P7).
"""

import asyncio
from collections.abc import Callable

import msgspec
from prove.facts import Began, ColdLoaded, Ended, Loaded, WasReset
from prove.held import Held
from prove.wire import seen as in_session
from tests.support.held import Loaded as LoadedAfresh
from tests.support.held import decoded, load, load_one
from tests.support.link import Link
from tests.support.notes import Notes, now
from tests.support.places import Place
from tests.support.pulling import Begins, Pulling, catch_up

from chinwag.client.events import Unknown
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.wire.codec import Cursor, decode_server, encode, parse_cursor
from chinwag.wire.errors import Refused
from chinwag.wire.frames import (
    FOLLOW,
    Ack,
    Bye,
    ClientFrame,
    Error,
    Far,
    Feed,
    Follow,
    Followed,
    Hello,
    Nudge,
    Reset,
    SignalFrame,
    Unfollowed,
    Welcome,
)
from chinwag.wire.frames import Event as EventFrame
from chinwag.wire.large import GroupHead
from chinwag.wire.values import ConversationId, Edited, Event, Message, Signal, Text

PATIENCE = 60.0
"""Seconds after which a wait fails the test. Nothing is decided by them."""


class Seen(msgspec.Struct, frozen=True):
    """An event as it came."""

    position: int
    raw: bytes
    event: Event | Unknown


class Device:
    """One device of an account. `load` before the first `connect`."""

    def __init__(
        self,
        place: Place,
        name: str,
        account: AccountId,
        device: DeviceId,
        token: str,
        notes: Notes | None = None,
    ) -> None:
        """notes: the record of the run, if it is kept for the checks."""
        self.place = place
        self.name = name
        self.account = account
        self.id = device
        self.token = token
        self.held = Held(account)
        self.seen: list[Seen] = []
        self.signals: list[Signal] = []
        self.answers: dict[str, list[Ack | Error]] = {}
        self.errors: list[Error] = []
        self.byes: list[Bye] = []
        self.resets: list[Reset] = []
        self.gaps: list[str] = []
        self.welcome: Welcome | None = None
        self._early_reset: Reset | None = None
        self.features: tuple[str, ...] = (FOLLOW,)
        self.pulling = Pulling()
        self.epoch = 0
        self.position = 0
        self.notes = notes or Notes()
        self.session = 0
        self._asked: Cursor | None = None
        self.link: Link | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._apply: asyncio.Queue[Event | Unknown | Begins | GroupHead] = asyncio.Queue()
        self._applying: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None

    @property
    def online(self) -> bool:
        """Whether a session is up."""
        return self.link is not None and not self.link.ended.done() and self.welcome is not None

    async def load(self) -> None:
        """Load afresh, and go on from there."""
        loaded = await load(self.place, self.account, self.token)
        self.held = loaded.held
        self.epoch, self.position = loaded.cursor.epoch, loaded.cursor.position
        self._note_load(loaded)

    async def load_again(self) -> None:
        """Load afresh after a `reset`, which said where events go on. Nothing must come meanwhile."""
        loaded = await load(self.place, self.account, self.token)
        self.held = loaded.held
        self._note_load(loaded)

    async def connect(self, cursor: str | None = "own", *, small: bool = False) -> None:
        """Open a session after `cursor`: the device's own, another, or none. Returns when it is welcome or refused."""
        self.welcome = self._early_reset = None
        byes = len(self.byes)
        link = self.link = await self.place.link(self._take, small=small)
        link.ended.add_done_callback(self._over)
        if cursor == "own":
            cursor = str(Cursor(self.epoch, self.position))
        self._asked = _parsed(cursor)
        self.send(Hello(token=self.token, cursor=cursor, client="test", features=self.features))
        await self.until(lambda: self.welcome is not None or len(self.byes) > byes or link.ended.done(), "a welcome")

    async def disconnect(self) -> None:
        """Cut the connection, as a network would."""
        if self.link is not None:
            self.link.cut()
            await self.link.ended

    async def close(self) -> None:
        """Be gone."""
        await self.disconnect()
        if self._applying is not None:
            self._applying.cancel()
            await asyncio.gather(self._applying, return_exceptions=True)

    def send(self, frame: ClientFrame | bytes) -> None:
        """Write a frame."""
        assert self.link is not None, f"{self.name} was never online"
        if not isinstance(frame, bytes):
            self.notes.sent(self.id, self.account, self.session, frame)
        if isinstance(frame, Follow):
            self.pulling.follows(frame.conversation, frame.after)
        self.link.send(frame if isinstance(frame, bytes) else encode(frame))

    async def ask(self, frame: ClientFrame) -> Ack | Error:
        """Write a send or a change and wait for its answer."""
        name: str = frame.id  # type: ignore[union-attr]
        before = len(self.answers.get(name, []))
        self.send(frame)
        return await self.answer(name, before + 1)

    async def answer(self, name: str, count: int = 1) -> Ack | Error:
        """The `count`th answer to what was named `name`."""
        await self.until(lambda: len(self.answers.get(name, [])) >= count, f"the answer to {name}")
        return self.answers[name][count - 1]

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Wait until `true()`. Raises AssertionError with what has come, if it does not become so."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():
                    if self._failed is not None:
                        raise self._failed
                    if self.link is not None and self.link.ended.done():
                        self.link.ended.result()  # a link that failed, and did not only end, says so here
                    waiter = loop.create_future()
                    self._waiters.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiters.discard(waiter)
        except TimeoutError:
            raise AssertionError(f"{self.name} waited in vain for {what}\n{self.transcript()}") from None

    async def reach_head(self) -> None:
        """Have all that is in the inbox now, and have it applied: with it, what was acked in its conversations."""
        if self.place.posted_later:
            await self._reach_acked()
        answer = await self.place.request("GET", "/v1/cursor", token=self.token)
        assert answer.status_code == 200, answer.text
        head = int(answer.json()["cursor"].split(".")[1])
        await self.until(lambda: self.position >= head, f"position {head}")
        await self._apply.join()
        if self._failed is not None:
            raise self._failed

    async def _reach_acked(self) -> None:
        """Have every event of the conversations that it is in now."""
        answer = await self.place.request("GET", "/v1/conversations?limit=50", token=self.token)
        assert answer.status_code == 200, answer.text
        views = answer.json()["conversations"]
        heads = {one["id"]: one["last"]["number"] for one in views if one.get("role") and one.get("last")}

        def reached() -> bool:
            held = self.held.mirror.conversations
            return all(name in held and held[name].head >= head for name, head in heads.items())

        await self.until(reached, f"what was acked, {heads}")

    async def applied(self) -> None:
        """Have all that has come so far in what is held."""
        await self._apply.join()

    async def catch_up(self, conversation: ConversationId) -> None:
        """Take what lies between the number held of a large group and its end."""
        await self.applied()
        await catch_up(self.place, self.token, self.id, self.held, self.notes, conversation)

    async def catch_up_all(self) -> None:
        """The same of all large groups that it is in."""
        for one in list(self.held.mirror.conversations.values()):
            if one.large and one.role is not None:
                await self.catch_up(one.id)

    def transcript(self, last: int = 12) -> str:
        """What came lately, for people."""
        lines = [f"  {one.position}: {one.raw[:200].decode(errors='replace')}" for one in self.seen[-last:]]
        lines += [f"  signal {one}" for one in self.signals[-4:]]
        lines += [f"  error {one}" for one in self.errors[-4:]] + [f"  bye {one}" for one in self.byes[-2:]]
        return f"{self.name} at position {self.position} has seen:\n" + "\n".join(lines)

    # What comes in

    def _take(self, payload: bytes) -> None:
        frame = decode_server(payload)
        if isinstance(frame, EventFrame):
            self._event(frame.position, bytes(frame.event))
        elif isinstance(frame, Ack):
            self.notes.answered(self.id, self.session, frame)
            self.answers.setdefault(frame.id, []).append(frame)
        elif isinstance(frame, Error):
            self.notes.answered(self.id, self.session, frame)
            self.errors.append(frame)
            if frame.id is not None:
                self.answers.setdefault(frame.id, []).append(frame)
        elif isinstance(frame, SignalFrame):
            self.signals.append(frame.signal)
        elif isinstance(frame, Nudge | Feed | Followed | Unfollowed | Far):
            if (news := self.pulling.take(frame, self.session, self.notes)) is not None:
                self._put(news)
        elif isinstance(frame, Bye):
            self.byes.append(frame)
        elif isinstance(frame, Reset):
            self.resets.append(frame)
            self.epoch, self.position = frame.epoch, frame.position
            if self.welcome is None:
                self._early_reset = frame  # its session has no number yet
            else:
                self.notes.write(WasReset(self.session, frame.cause, frame.epoch, frame.position))
        elif isinstance(frame, Welcome):
            self.welcome = frame
            self.epoch = frame.epoch
            self._note_session(frame)
            if (reset := self._early_reset) is not None:
                self.notes.write(WasReset(self.session, reset.cause, reset.epoch, reset.position))
        self._wake()

    def _event(self, position: int, raw: bytes) -> None:
        if position != self.position + 1:
            self.gaps.append(f"position {position} after {self.position}")
        self.position = position
        event = decoded(raw)
        self.seen.append(Seen(position, raw, event))
        if not isinstance(event, Unknown):
            self.notes.write(in_session(self.session, position, event))
        self._put(event)

    def _put(self, news: Event | Unknown | Begins | GroupHead) -> None:
        self._apply.put_nowait(news)
        if self._applying is None:
            self._applying = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """Let events change `held`, in order, loading what they need."""
        while True:
            event = await self._apply.get()
            try:
                if isinstance(event, GroupHead | Begins):
                    await self._hear(event)
                    continue
                shared = self.held.own.share_read
                missing = self.held.apply(event)
                if self.held.own.share_read is not shared:
                    for conversation in list(self.held.mirror.conversations):
                        await load_one(self.place, self.token, self.held, conversation)
                if missing is not None:
                    await self._load_for(event, missing)
            except Exception as failure:
                self._failed = failure
            finally:
                self._apply.task_done()
                self._wake()

    async def _hear(self, news: GroupHead | Begins) -> None:
        """Where a large group is, or from where on it is fed."""
        if isinstance(news, GroupHead):
            self.held.mirror.moved(news)
        elif news.beyond:
            self.held.mirror.drop(news.conversation)
            if await load_one(self.place, self.token, self.held, news.conversation):
                loaded = self.held.mirror.conversations[news.conversation]
                self.notes.write(Loaded(self.id, loaded.id, loaded.first, loaded.head))
        elif news.skips:
            self.held.mirror.skip(news.conversation, news.after)

    async def _load_for(self, event: Event | Unknown, conversation: ConversationId) -> None:
        """`event` cannot count yet. Right for who comes into a conversation; for a member an event went missing."""
        known = self.held.mirror.conversations.get(conversation)
        if known is not None and known.large and known.role is not None:
            await catch_up(self.place, self.token, self.id, self.held, self.notes, conversation)
            self.held.apply(event)
            return
        head = 0 if known is None else known.head
        number = getattr(event, "number", 0)
        if known is not None and known.role is not None:
            self.gaps.append(f"number {number} of {conversation} after {head}")
        self.notes.write(Loaded(self.id, conversation, head + 1, number - 1))
        if await load_one(self.place, self.token, self.held, conversation):
            loaded = self.held.mirror.conversations[conversation]
            if loaded.wide:  # while it was large, and it may be small by now, nothing came by an inbox
                self.notes.write(Loaded(self.id, conversation, loaded.first, loaded.head))
            self.held.apply(event)

    # The record

    def _note_session(self, frame: Welcome) -> None:
        self.session = self.notes.session()
        at = self._asked
        if at is None:
            at = Cursor(frame.epoch, frame.position)
            self.position = at.position
        self._asked = None
        self.notes.write(Began(self.session, self.id, self.account, "socket", at.epoch, at.position, now()))

    def _over(self, ended: asyncio.Future[int]) -> None:
        code = "cut" if ended.cancelled() or ended.exception() is not None else str(ended.result())
        self.notes.write(Ended(self.session, code, now()))
        self._wake()

    def _note_load(self, loaded: LoadedAfresh) -> None:
        at = loaded.cursor
        self.notes.write(ColdLoaded(self.id, self.account, at.epoch, at.position, now()))
        for one in loaded.held.mirror.conversations.values():
            self.notes.write(Loaded(self.id, one.id, one.first, one.head))

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


def _parsed(cursor: str | None) -> Cursor | None:
    try:
        return None if cursor is None else parse_cursor(cursor)
    except Refused:
        return None


def texts(device: Device) -> list[str]:
    """The texts that a device has seen, in order: of messages and of their edits."""
    bodies = [one.event.body for one in device.seen if isinstance(one.event, Message | Edited)]
    return [body.text for body in bodies if isinstance(body, Text)]
