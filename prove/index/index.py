"""All facts of a record, gathered. See the modules beside this one for what each part holds."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

from prove.facts import (
    Acked,
    AnyFact,
    Attempt,
    Began,
    ChangeTried,
    ColdLoaded,
    Deleted,
    Ended,
    Fault,
    FeedFrom,
    HasRead,
    HistoryEnd,
    HistoryMessage,
    HistoryNotice,
    InboxEnd,
    InboxRow,
    Keeps,
    Kept,
    Loaded,
    MarkNow,
    MediaAsked,
    Membership,
    MentionsNow,
    Paged,
    PresenceNow,
    Probed,
    Pushed,
    PushesWaited,
    Quiet,
    ReactionsListed,
    ReactionsNow,
    Refused,
    Retry,
    Reused,
    Revoked,
    Run,
    Searched,
    SeenAccount,
    SeenMark,
    SeenMessage,
    SeenNotice,
    Sent,
    State,
    Subscribed,
    TokenTried,
    Told,
    Up,
    WasReset,
)
from prove.index.changed import AT_THE_END, OF_MESSAGES, Changed
from prove.index.conversations import Conversations, History
from prove.index.devices import Devices, Session
from prove.index.inboxes import Entry, Inboxes
from prove.index.marks import Marks
from prove.index.media import Media
from prove.index.sends import Sends

_BATCH: Final = 10_000
"""Facts that are in hand at a time."""


class Index:
    """What a run's record says, so that each check finds what it needs."""

    def __init__(self, facts: Iterable[AnyFact]) -> None:
        """One pass over the facts, in the order of the record."""
        self.sends: Final = Sends()
        self.conversations: Final = Conversations(self.sends)
        self.devices: Final = Devices()
        self.inboxes: Final = Inboxes()
        self.marks: Final = Marks()
        self.changed: Final = Changed()
        self.media: Final = Media()
        self.searched: Final[list[Searched]] = []
        self.probes: Final[list[Probed]] = []
        self.revoked: Final[list[Revoked]] = []
        self.tokens: Final[list[TokenTried]] = []
        self.disturbances: Final[list[Fault | Up]] = []
        self.states: Final[list[State]] = []
        self.presences: Final[list[PresenceNow]] = []
        self.run: Run | None = None
        self.quiet: Quiet | None = None
        self.counts: Counter[str] = Counter()
        """Facts of each kind."""
        self._gather(facts)

    def _gather(self, facts: Iterable[AnyFact]) -> None:
        takes: dict[type, Callable[[Any], object]] = {
            Run: self._run,
            Keeps: self._keeps,
            Attempt: self._attempt,
            ChangeTried: self._change,
            Retry: self.sends.retry,
            Reused: self.sends.reuse,
            Acked: self._acked,
            Refused: self.sends.refusal,
            Began: self._began,
            Ended: self._ended,
            FeedFrom: self._feed_from,
            SeenMessage: self._seen_message,
            SeenNotice: self._seen_notice,
            SeenMark: self._seen_mark,
            SeenAccount: self._seen_account,
            WasReset: self._was_reset,
            ColdLoaded: self._cold_loaded,
            Loaded: self._loaded,
            MarkNow: self._mark_now,
            ReactionsListed: lambda fact: self.conversations.named(fact.conversation).listed.append(fact),
            ReactionsNow: lambda fact: self.conversations.named(fact.conversation).reactions.append(fact),
            MentionsNow: lambda fact: self.conversations.named(fact.conversation).mentions.append(fact),
            Probed: self.probes.append,
            Told: self._told,
            Revoked: self.revoked.append,
            TokenTried: self.tokens.append,
            Fault: self.disturbances.append,
            Up: self.disturbances.append,
            Quiet: self._quiet,
            PresenceNow: self.presences.append,
            State: self.states.append,
            HistoryMessage: self._history_message,
            HistoryNotice: self._history_notice,
            HistoryEnd: self._history_end,
            Paged: self._paged,
            Kept: self.conversations.kept,
            Searched: self.searched.append,
            InboxRow: self._inbox_row,
            InboxEnd: self._inbox_end,
            Sent: lambda fact: self.media.sent.setdefault((fact.conversation, fact.number), fact),
            Deleted: lambda fact: self.media.deleted.setdefault((fact.conversation, fact.number), fact),
            Membership: self.media.membership,
            MediaAsked: self.media.ask,
            HasRead: lambda fact: self.media.read[fact.conversation, fact.account].append(fact),
            Subscribed: lambda fact: self.media.subscribed.setdefault(fact.device, fact),
            Pushed: self.media.pushed.append,
            PushesWaited: lambda fact: self.media.waited(fact, {one.device for one in self.revoked}),
        }
        counts: Counter[type] = Counter()
        rest = iter(facts)
        while batch := list(islice(rest, _BATCH)):
            counts.update(map(type, batch))
            for fact in batch:
                takes[type(fact)](fact)
        self.counts.update({kind.__name__: count for kind, count in counts.items()})

    def _run(self, fact: Run) -> None:
        self.run = fact

    def _keeps(self, fact: Keeps) -> None:
        self.marks.keeps(fact.account)

    def _quiet(self, fact: Quiet) -> None:
        self.quiet = fact

    # What was tried, and what came back

    def _attempt(self, fact: Attempt) -> None:
        self.marks.now(fact.at)
        self.sends.attempt(fact)

    def _change(self, fact: ChangeTried) -> None:
        self.marks.now(fact.at)
        self.sends.change(fact)

    def _acked(self, fact: Acked) -> None:
        self.marks.now(fact.at)
        send = self.sends.acked(fact)
        if send is not None and send.change in OF_MESSAGES:
            for target in self.sends.subjects(send):
                self.changed.acked(send, int(target))

    # Sessions, and what they brought

    def _began(self, fact: Began) -> None:
        inbox = self.inboxes.of(fact.account)
        inbox.epoch = fact.epoch
        self.devices.began(fact, inbox)

    def _ended(self, fact: Ended) -> None:
        self.devices.ended(fact)

    def _session(self, number: int) -> Session | None:
        session = self.devices.sessions.get(number)
        if session is None:
            self.devices.strays.append(number)
        return session

    def _feed_from(self, fact: FeedFrom) -> None:
        session = self._session(fact.session)
        if session is not None:
            session.device.feed_from(session, fact.conversation, fact.after)

    def _seen_message(self, fact: SeenMessage) -> None:
        session = self.devices.sessions.get(fact.session) or self._session(fact.session)
        if session is None:
            return
        device = session.device
        self.conversations.message(fact, device.name, device.account)
        self._read(fact.conversation, fact.number, fact.changed, fact.text, session)
        if not fact.position:
            device.feed(session, fact.conversation, fact.number)
            return
        device.numbered(fact.conversation, fact.number, fact.position, device.event(session, fact.position))
        what = hash(("message", fact.conversation, fact.number, ""))
        session.inbox.holds(session.epoch, fact.position, fact, what, device.name)

    def _seen_notice(self, fact: SeenNotice) -> None:
        session = self._session(fact.session)
        if session is None:
            return
        device = session.device
        self.conversations.notice(fact, device.name, device.account)
        if fact.change == "edited" and fact.text:
            for target in fact.subjects:
                self._read(fact.conversation, int(target), fact.number, fact.text, session)
        if not fact.position:
            device.feed(session, fact.conversation, fact.number)
            return
        device.numbered(fact.conversation, fact.number, fact.position, device.event(session, fact.position))
        self._holds(session, fact, hash(("notice", fact.conversation, fact.number, "")))

    def _read(self, conversation: str, number: int, changed: int, text: str, session: Session) -> None:
        """A session brought a text. What was read for it was read after it had begun to connect."""
        where = f"session {session.number}"
        self.changed.read(conversation, number, changed, text, session.device.name, where, session.asked)

    def _told(self, fact: Told) -> None:
        self.conversations.told(fact)
        self.changed.read(fact.conversation, fact.number, fact.changed, fact.text, fact.reader, fact.where, fact.asked)

    def _seen_mark(self, fact: SeenMark) -> None:
        session = self._session(fact.session)
        if session is None:
            return
        if session.device.event(session, fact.position):
            device = session.device
            self.marks.seen(device.name, device.account, fact.conversation, fact.account, fact.kind, fact.number)
        self._holds(session, fact, hash((fact.kind, fact.conversation, fact.number, fact.account)))

    def _seen_account(self, fact: SeenAccount) -> None:
        session = self._session(fact.session)
        if session is None:
            return
        session.device.event(session, fact.position)
        self._holds(session, fact, hash(("account", "", fact.version, fact.subject)))

    def _holds(self, session: Session, fact: Entry, what: int) -> None:
        session.inbox.holds(session.epoch, fact.position, fact, what, session.device.name)

    def _was_reset(self, fact: WasReset) -> None:
        session = self._session(fact.session)
        if session is not None:
            session.device.was_reset(session, fact)
            session.inbox.epoch = fact.epoch

    # What was loaded

    def _cold_loaded(self, fact: ColdLoaded) -> None:
        self.devices.device(fact.device, fact.account).cold_loaded(fact)
        self.inboxes.of(fact.account).epoch = fact.epoch

    def _loaded(self, fact: Loaded) -> None:
        device = self.devices.by_name.get(fact.device)
        if device is not None:
            device.loaded[fact.conversation].add_range(fact.first, fact.last)

    def _mark_now(self, fact: MarkNow) -> None:
        self.marks.now(fact.at)
        self.marks.told(fact)

    # The end

    def _history_message(self, fact: HistoryMessage) -> None:
        conversation = self.conversations.message(fact, fact.reader, fact.reader)
        self._read_at_the_end(fact, fact.number, fact.changed)
        history = conversation.histories.get(fact.reader) or self._history(fact.conversation, fact.reader)
        history.took(fact.number)

    def _history_notice(self, fact: HistoryNotice) -> None:
        self.conversations.notice(fact, fact.reader, fact.reader)
        for target in fact.subjects if fact.change == "edited" and fact.text else ():
            self._read_at_the_end(fact, int(target), fact.number)
        self._history(fact.conversation, fact.reader).took(fact.number)

    def _read_at_the_end(self, fact: HistoryMessage | HistoryNotice, number: int, changed: int) -> None:
        self.changed.read(fact.conversation, number, changed, fact.text, fact.reader, "the final history", AT_THE_END)

    def _paged(self, fact: Paged) -> None:
        self.conversations.named(fact.conversation).paged.append(fact)

    def _history_end(self, fact: HistoryEnd) -> None:
        if self.quiet is None:
            return  # the run was broken off (P12), and this was read while people went on: it is nobody's final history
        self._history(fact.conversation, fact.reader).head = fact.head

    def _history(self, conversation: str, reader: str) -> History:
        return self.conversations.named(conversation).histories.setdefault(reader, History())

    def _inbox_row(self, fact: InboxRow) -> None:
        self.inboxes.of(fact.account).row(fact, hash((fact.kind, fact.conversation, fact.number, fact.about)))
        if fact.kind == "read" or fact.kind == "delivered":
            viewer = f"the inbox of {fact.account}"
            self.marks.seen(viewer, fact.account, fact.conversation, fact.about, fact.kind, fact.number)

    def _inbox_end(self, fact: InboxEnd) -> None:
        self.inboxes.of(fact.account).end = fact
