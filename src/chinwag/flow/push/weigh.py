"""Weighs pushes that are due: what is so now says whether each goes, waits, or is nobody's news any more.

All that they say is read here, at the moment of sending: the text from the message's row, the counts, who may be told.
Those that are due at the same time are weighed together, so that what they have in common is read once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec

from chinwag.domain import push
from chinwag.domain.events import Message
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.push_notice import NoticeKind, PushNotice
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock
from chinwag.flow.push.asked import Asked, asked
from chinwag.flow.push.badge import badges
from chinwag.flow.push.keys import PushKeys
from chinwag.flow.push.said import Said, fresh, said
from chinwag.ports.directory import Directory, PushJob, PushSubscription
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

Connected = Callable[[AccountId], Awaitable[Collection[DeviceId]]]
"""The devices of an account that are connected."""

_replace: Final = msgspec.structs.replace
_NOTHING: Final = Said(None)


class Weighed(msgspec.Struct, frozen=True):
    """What is to become of a job.

    job: as it is to be, once `notice` was handed over to `to`, or at once if there is none. summary_at: quiet hours
    have held it back until then.
    """

    job: PushJob
    to: PushSubscription | None = None
    notice: PushNotice | None = None
    summary_at: int | None = None


class _Found(msgspec.Struct, frozen=True):
    """What is so of a job now. counts: unread messages of its account, and mentions."""

    said: Said
    asked: Asked
    counts: tuple[int, int]
    connected: Collection[DeviceId]
    now: int


class _Telling(msgspec.Struct, frozen=True):
    """A message is told, if it is still there. ends: of the quiet hours that hold back older ones."""

    message: Message
    way: push.Way
    ends: Sequence[int]


def ended(job: PushJob) -> PushJob:
    """Nothing waits any more."""
    return _replace(job, due=None, attempt=0, held=False)


def later(job: PushJob, due: int) -> PushJob:
    """It is looked at again then; this was no attempt."""
    return _replace(job, due=due, attempt=max(0, job.attempt - 1))


class Weigh:
    """Weighs some jobs a call."""

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

    async def __call__(self, jobs: Sequence[PushJob]) -> list[Weighed]:
        """What becomes of each of `jobs`, in their order; the caller bounds them (at most 100). Raises
        `Refused(UNAVAILABLE)`: nobody can tell now."""
        connected = await self._present(jobs)
        plain = [job for job in jobs if job.conversation not in (push.SUMMARY, push.TEST)]
        read = dict(zip(plain, await said(self._store, self._marks, plain, self._clock()), strict=True))
        # Of what nobody has to be told, nothing more is read.
        more = [job for job in jobs if job not in read or read[job].messages or read[job].over]
        accounts = list(dict.fromkeys(job.account for job in more))
        counts = await badges(self._directory, self._store, self._marks, accounts, self._clock())
        whats = [read.get(job, _NOTHING) for job in more]
        whom = await asked(self._directory, more, whats, self._clock())
        weighed: dict[PushJob, Weighed] = {}
        telling: dict[PushJob, tuple[_Found, _Telling]] = {}
        for job, what, who in zip(more, whats, whom, strict=True):
            if who is None:
                weighed[job] = Weighed(_replace(ended(job), shown=0))
                continue
            found = _Found(what, who, counts[job.account], connected[job.account], self._clock())
            became = await self._weighed(job, found)
            if isinstance(became, _Telling):
                telling[job] = found, became
            else:
                weighed[job] = became
        weighed.update(await self._told(telling))
        return [weighed[job] if job in weighed else Weighed(ended(job)) for job in jobs]

    async def _present(self, jobs: Sequence[PushJob]) -> dict[AccountId, Collection[DeviceId]]:
        accounts = list(dict.fromkeys(job.account for job in jobs))
        answers = await asyncio.gather(*map(self._connected, accounts), return_exceptions=True)
        found: dict[AccountId, Collection[DeviceId]] = {}
        for account, answer in zip(accounts, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, Refused):
                    raise answer
                answer = ()  # rather push than not
            found[account] = answer
        return found

    async def _weighed(self, job: PushJob, found: _Found) -> Weighed | _Telling:
        if job.conversation == push.TEST:
            notice = _replace(self._notice(job, found, NoticeKind.TEST), urgent=True)
            return Weighed(_replace(ended(job), shown=0), found.asked.to, notice)
        if job.conversation == push.SUMMARY:
            return await self._summary(job, found)
        return self._message(job, found)

    def _message(self, job: PushJob, found: _Found) -> Weighed | _Telling:
        """Which of the messages is told, if one is; or what else becomes of the job."""
        told, now = found.asked.told, found.now
        # What was read meanwhile lets nothing newer go earlier. A time that is not yet (a clock was set) says nothing.
        since = max(job.since, min((one.sent_at for one, _ in told if one.sent_at <= now), default=0))
        ends: list[int] = []
        for message, way in told:
            if (end := push.held_until(found.asked.account.settings, way, now)) is not None:
                ends.append(end)
                continue
            at = push.wait_until(since, job.device, found.connected, self._unread_ms, self._gone_ms, now)
            if at:
                return Weighed(later(job, at))
            if at is None:
                break
            return _Telling(message, way, ends)
        else:
            if ends:
                return Weighed(_replace(ended(job), held=True), summary_at=min(ends))
        return self._taken_back(job, found) if found.said.over else Weighed(ended(job))

    async def _told(self, telling: Mapping[PushJob, tuple[_Found, _Telling]]) -> dict[PushJob, Weighed]:
        """The messages that are told, as they are at the very end."""
        names = list(dict.fromkeys((job.conversation, one.message.number) for job, (_, one) in telling.items()))
        rows = dict(zip(names, await fresh(self._store, names), strict=True)) if names else {}
        weighed: dict[PushJob, Weighed] = {}
        for job, (found, one) in telling.items():
            message = rows[job.conversation, one.message.number]
            if message is None:
                weighed[job] = Weighed(later(job, found.now))  # deleted while the rest was read
                continue
            notice = self._notice(job, found, NoticeKind.MESSAGE)
            notice = _worded(_replace(notice, number=message.number, urgent=one.way.urgent), found, message)
            shown = _replace(ended(job), shown=message.number, shown_at=found.now, held=bool(one.ends))
            weighed[job] = Weighed(shown, found.asked.to, notice, min(one.ends, default=None))
        return weighed

    def _taken_back(self, job: PushJob, found: _Found) -> Weighed:
        """What the device shows is read, or no more. A device that is connected knows by itself."""
        over = _replace(ended(job), shown=0)
        if job.device in found.connected or job.shown_at < found.now - push.SHOWN_MS:
            return Weighed(over)
        cleared_at = found.asked.to.cleared_at
        if cleared_at <= found.now < (at := cleared_at + push.CLEAR_EVERY_MS):
            return Weighed(later(job, at))
        return Weighed(over, found.asked.to, self._notice(job, found, NoticeKind.CLEAR))

    async def _summary(self, job: PushJob, found: _Found) -> Weighed:
        """Quiet hours are over: say so once, if anything of what they held back is still unread."""
        unread, now = found.counts[0], found.now
        if job.device in found.connected and now < (sure := job.number + self._gone_ms):
            return Weighed(later(job, sure))  # it may be away, and then nothing was seen there
        if job.device in found.connected or not unread:
            over = job.shown > 0 and not unread
            return self._taken_back(job, found) if over else Weighed(ended(job))
        async with self._directory.reading() as directory:
            held = [one for one in await directory.push_jobs.of_device(job.device) if one.held]
        for one in held:
            (what,) = await said(self._store, self._marks, [one], now)
            (who,) = await asked(self._directory, [one], [what], now)
            if who is None:
                continue
            ends = [push.held_until(who.account.settings, way, now) for _, way in who.told]
            if ends and None not in ends:
                return Weighed(later(job, min(end for end in ends if end is not None)))
            if ends:
                shown = _replace(ended(job), shown=job.number, shown_at=now)
                return Weighed(shown, found.asked.to, self._notice(job, found, NoticeKind.SUMMARY))
        return Weighed(ended(job))

    def _notice(self, job: PushJob, found: _Found, kind: NoticeKind) -> PushNotice:
        unread, mentions = found.counts
        named = None if job.conversation in (push.SUMMARY, push.TEST) else job.conversation
        tag = push.tag_of(self._keys.secret, job.account, job.conversation)
        return PushNotice(kind=kind, account=job.account, tag=tag, conversation=named, unread=unread, mentions=mentions)


def _worded(notice: PushNotice, found: _Found, message: Message) -> PushNotice:
    """The notice with as many words as the account wants in it."""
    account, state = found.asked.account, found.said.state
    sender = found.asked.names.get(message.sender)
    preview = push.preview_of(account.settings, found.asked.to.address)
    if preview == "none":
        return notice
    name = "" if sender is None else sender.display_name or sender.name
    title = name if state is None or state.direct else state.title
    text = push.shown_text(message) if preview == "text" else ""
    return _replace(notice, title=title, sender=name, text=text)
