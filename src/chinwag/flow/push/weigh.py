"""Weighs a push that is due: what is so now says whether it goes, waits, or is nobody's news any more.

All that it says is read here, at the moment of sending: the text from the message's row, the counts, who may be told.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain import push
from chinwag.domain.conversation import Conversation
from chinwag.domain.events import Message, NumberedEvent
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.marks import read_up_to
from chinwag.domain.preferences import NONE
from chinwag.domain.push_notice import NoticeKind, PushNotice
from chinwag.domain.refusal import Refused
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.push.badge import badge
from chinwag.flow.push.keys import PushKeys
from chinwag.ports.directory import Account, Directory, PushJob, PushSubscription, Transaction
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

LOOKED_AT: Final = 50
"""Messages of a conversation among which the newest is looked for that its reader wants to hear of."""

Connected = Callable[[AccountId], Awaitable[Collection[DeviceId]]]
"""The devices of an account that are connected."""

_log = structlog.get_logger(__name__)
_decode: Final = msgspec.json.Decoder(NumberedEvent).decode
_replace = msgspec.structs.replace


class Weighed(msgspec.Struct, frozen=True):
    """What is to become of a job.

    job: as it is to be, once `notice` was handed over to `to`, or at once if there is none. summary_at: quiet hours
    have held it back until then.
    """

    job: PushJob
    to: PushSubscription | None = None
    notice: PushNotice | None = None
    summary_at: int | None = None


class _Read(msgspec.Struct, frozen=True):
    """What a job's conversation says: the messages that may be told, the newest first; whether what the device shows is
    to be taken back."""

    state: Conversation | None
    messages: Sequence[Message] = ()
    over: bool = False


class _Asked(msgspec.Struct, frozen=True):
    """Whom a push would go to."""

    account: Account
    to: PushSubscription


def ended(job: PushJob) -> PushJob:
    """Nothing waits any more."""
    return _replace(job, due=None, attempt=0, held=False)


def later(job: PushJob, due: int) -> PushJob:
    """It is looked at again then; this was no attempt."""
    return _replace(job, due=due, attempt=max(0, job.attempt - 1))


class Weigh:
    """Weighs one job a call."""

    def __init__(
        self,
        directory: Directory,
        store: MessageStore,
        marks: MarkStore,
        connected: Connected,
        keys: PushKeys,
        clock: Clock,
        unread_ms: int,
        gone_ms: int,
    ) -> None:
        """unread_ms: how long a message is unread before it is pushed while another device is connected; 0: it is
        not. gone_ms: how long a device may be away and still count as connected."""
        self._directory = directory
        self._store = store
        self._marks = marks
        self._connected = connected
        self._keys = keys
        self._clock = clock
        self._unread_ms = unread_ms
        self._gone_ms = gone_ms

    async def __call__(self, job: PushJob) -> Weighed:
        """What becomes of `job`. Raises `Refused(UNAVAILABLE)`: nobody can tell now."""
        if job.conversation == push.TEST:
            return await self._test(job)
        connected = await self._present(job.account)
        if job.conversation == push.SUMMARY:
            return await self._summary(job, connected)
        read = await self._read(job)
        if not read.messages and not read.over:
            return Weighed(ended(job))
        counts = await badge(self._store, self._marks, job.account)
        async with self._directory.reading() as directory:
            asked = await _asked(directory, job)
            if asked is None:
                return Weighed(_replace(ended(job), shown=0))
            told = await self._told(directory, asked, read, job)
            names = {one.id: one for one in await directory.accounts.many([one.sender for one in told])}
        now = self._clock()
        # What was read meanwhile lets nothing newer go earlier.
        since = max(job.since, min((one.sent_at for one in told), default=0))
        ends: list[int] = []
        for message in told:
            way = push.way_of(message, job.account, self._state(read))
            if (end := push.held_until(asked.account.settings, way, now)) is not None:
                ends.append(end)
                continue
            at = push.wait_until(since, job.device, connected, self._unread_ms, self._gone_ms, now)
            if at:
                return Weighed(later(job, at))
            if at is None:
                break
            row = (await self._store.rows([(job.conversation, message.number)]))[0]
            fresh = None if row is None else _decode(content(row))
            if not isinstance(fresh, Message) or fresh.deleted is not None:
                return Weighed(later(job, now))  # deleted while the rest was read
            notice = self._notice(job, counts, NoticeKind.MESSAGE)
            notice = _worded(_replace(notice, number=message.number, urgent=way.urgent), asked, fresh, read, names)
            shown = _replace(ended(job), shown=message.number, shown_at=now, held=bool(ends))
            return Weighed(shown, asked.to, notice, min(ends, default=None))
        else:
            if ends:
                return Weighed(_replace(ended(job), held=True), summary_at=min(ends))
        return self._taken_back(job, asked, read, counts, connected) if read.over else Weighed(ended(job))

    async def _present(self, account: AccountId) -> Collection[DeviceId]:
        try:
            return await self._connected(account)
        except Refused:
            return ()  # rather push than not

    async def _read(self, job: PushJob) -> _Read:
        state = (await self._store.states([job.conversation]))[0]
        member = None if state is None else state.members.get(job.account)
        if state is None or member is None:
            return _Read(state, over=job.shown > 0)
        mark = (await self._marks.marks([(job.conversation, job.account)]))[0].read
        read = read_up_to(mark, member)[0]
        top, after = min(job.number, state.head), max(read, job.shown)
        rows = []
        if top > after:
            rows = await self._store.events(job.conversation, max(after + 1, top - LOOKED_AT + 1), top)
        old = self._clock() - push.OLD_MS
        messages = [
            event
            for event in map(_decode, map(content, reversed(rows)))
            if isinstance(event, Message) and event.sent_at > old and push.concerns(event, job.account, state, read)
        ]
        return _Read(state, messages, 0 < job.shown <= read or await self._is_gone(job))

    async def _is_gone(self, job: PushJob) -> bool:
        """Whether the message that the device shows was deleted."""
        if not job.shown:
            return False
        row = (await self._store.rows([(job.conversation, job.shown)]))[0]
        return row is None or is_gone(content(row))

    async def _told(self, directory: Transaction, asked: _Asked, read: _Read, job: PushJob) -> list[Message]:
        """Of the messages those that the account wants to hear of, the newest first."""
        if not read.messages:
            return []
        kept = await directory.preferences.get(job.account, job.conversation)
        preferences = NONE if kept is None else kept.preferences
        now, state = self._clock(), self._state(read)
        told: list[Message] = []
        blocked: dict[AccountId, bool] = {}
        for message in read.messages:
            if not push.wanted(preferences, push.way_of(message, job.account, state), now):
                continue
            if message.sender not in blocked:
                blocked[message.sender] = await directory.blocks.has(job.account, message.sender)
            if not blocked[message.sender]:
                told.append(message)
        return told

    def _taken_back(
        self,
        job: PushJob,
        asked: _Asked,
        read: _Read,
        counts: tuple[int, int],
        connected: Collection[DeviceId],
    ) -> Weighed:
        """What the device shows is read, or no more. A device that is connected knows by itself."""
        now = self._clock()
        over = _replace(ended(job), shown=0)
        if job.device in connected or job.shown_at < now - push.SHOWN_MS:
            return Weighed(over)
        if (at := asked.to.cleared_at + push.CLEAR_EVERY_MS) > now:
            return Weighed(later(job, at))
        return Weighed(over, asked.to, self._notice(job, counts, NoticeKind.CLEAR))

    async def _summary(self, job: PushJob, connected: Collection[DeviceId]) -> Weighed:
        """Quiet hours are over: say so once, if anything of what they held back is still unread."""
        counts = await badge(self._store, self._marks, job.account)
        async with self._directory.reading() as directory:
            asked = await _asked(directory, job)
            held = [one for one in await directory.push_jobs.of_device(job.device) if one.held]
        if asked is None:
            return Weighed(_replace(ended(job), shown=0))
        now = self._clock()
        over = _Read(None, over=job.shown > 0 and not counts[0])
        if job.device in connected or not counts[0]:
            return self._taken_back(job, asked, over, counts, connected) if over.over else Weighed(ended(job))
        for one in held:
            read = await self._read(one)
            async with self._directory.reading() as directory:
                told = await self._told(directory, asked, read, one)
            ways = [push.way_of(message, job.account, self._state(read)) for message in told]
            ends = [push.held_until(asked.account.settings, way, now) for way in ways]
            if ends and None not in ends:
                return Weighed(later(job, min(end for end in ends if end is not None)))
            if ends:
                shown = _replace(ended(job), shown=job.number, shown_at=now)
                return Weighed(shown, asked.to, self._notice(job, counts, NoticeKind.SUMMARY))
        return Weighed(ended(job))

    async def _test(self, job: PushJob) -> Weighed:
        counts = await badge(self._store, self._marks, job.account)
        async with self._directory.reading() as directory:
            asked = await _asked(directory, job)
        over = _replace(ended(job), shown=0)
        if asked is None:
            return Weighed(over)
        return Weighed(over, asked.to, _replace(self._notice(job, counts, NoticeKind.TEST), urgent=True))

    def _notice(self, job: PushJob, counts: tuple[int, int], kind: NoticeKind) -> PushNotice:
        unread, mentions = counts
        named = None if job.conversation in (push.SUMMARY, push.TEST) else job.conversation
        tag = push.tag_of(self._keys.secret, job.account, job.conversation)
        return PushNotice(kind=kind, account=job.account, tag=tag, conversation=named, unread=unread, mentions=mentions)

    def _state(self, read: _Read) -> Conversation:
        if read.state is None:
            raise AssertionError("a message of no conversation")
        return read.state


def is_gone(event: bytes) -> bool:
    """Whether the message of this JSON was deleted."""
    found = _decode(event)
    return not isinstance(found, Message) or found.deleted is not None


async def _asked(directory: Transaction, job: PushJob) -> _Asked | None:
    """Whom a push would go to; None: the device or its account may be told nothing any more."""
    to = await directory.push_subscriptions.of(job.device)
    account = await directory.accounts.get(job.account)
    if to is None or to.account != job.account or account is None or account.closed or account.disabled:
        return None
    return _Asked(account, to)


def _worded(
    notice: PushNotice, asked: _Asked, message: Message, read: _Read, names: Mapping[AccountId, Account]
) -> PushNotice:
    """The notice with as many words as the account wants in it."""
    sender = names.get(message.sender)
    preview = push.preview_of(asked.account.settings, asked.to.address)
    if preview == "none":
        return notice
    name = "" if sender is None else sender.display_name or sender.name
    direct = read.state is None or read.state.direct
    title = name if direct or read.state is None else read.state.title
    text = push.shown_text(message) if preview == "text" else ""
    return _replace(notice, title=title, sender=name, text=text)
