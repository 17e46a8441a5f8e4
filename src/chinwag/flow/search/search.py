"""A search: what the index proposes, held against the messages as they are now and against who asks.

So an edit, a deletion and a removal count at once, whatever the index knows yet, and nobody is shown what they may not
read.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from chinwag.domain.conversation import Span
from chinwag.domain.ids import CONVERSATION_CHARACTERS, AccountId, ConversationId
from chinwag.domain.message_query import Phrase, Range, phrases_of, ranges_of
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.terms import tokens
from chinwag.domain.views import Hit, SearchPage, TextRange
from chinwag.flow.as_read import content
from chinwag.flow.budget import Budget, Now
from chinwag.flow.search.rows import SearchedEvent, searched_event
from chinwag.ports.message_store import MessageStore
from chinwag.ports.search_index import Has, Place, SearchIndex, Wanted

RATE: Final = Rate(5.0, 20)
"""Searches of one account."""
SECONDS: Final = 2.0
"""The longest that a search may take."""
STEP: Final = 50
"""Places that are asked for, and looked at, together."""
LOOKED_AT: Final = 500
"""Places that one search looks at: with fewer hits than it was asked for it says where to go on."""
AT_ONCE: Final = 8
"""Conversations whose spans are read together."""
LONG: Final = 4_000
"""Characters of texts from which on they are looked through in a thread."""
_LATEST: Final = 1 << 53

UpTo = Callable[[], Awaitable[int | None]]
"""How far the index is (`Reading.indexed_up_to`)."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for: text of a query, and filters; times in milliseconds since 1970, from `since` to before
    `until`. before: `next` of the page before."""

    text: str = ""
    conversation: ConversationId | None = None
    sender: AccountId | None = None
    since: int | None = None
    until: int | None = None
    mentions_me: bool = False
    has: Sequence[Has] = ()
    before: str | None = None


class Search:
    """The search of one process."""

    def __init__(
        self,
        index: SearchIndex,
        store: MessageStore,
        up_to: UpTo,
        *,
        rate: Rate = RATE,
        seconds: float = SECONDS,
        now: Now = time.monotonic,
    ) -> None:
        self._index = index
        self._store = store
        self._up_to = up_to
        self._seconds = seconds
        self._budget = Budget(rate, now)
        self.done = 0
        """Searches answered."""
        self.late = 0
        """Searches that took too long."""

    async def search(self, account: AccountId, question: Question, limit: int) -> SearchPage:
        """Up to `limit` hits, the newest first. A page may hold fewer and still have a `next`.

        Raises `bad_query` for a question that asks for nothing or too much, `bad_cursor`, `no_conversation`,
        `rate_limited`, and `unavailable` after `SECONDS`.
        """
        self._budget.take(account, "so many searches")
        phrases = phrases_of(question.text) if question.text.strip() or not _filters(question) else ()
        before = None if question.before is None else place_of(question.before)
        try:
            async with asyncio.timeout(self._seconds):
                page = await self._page(account, question, phrases, before, limit)
        except TimeoutError:
            self.late += 1
            raise Refused(Code.UNAVAILABLE, "the search takes too long: ask for less", 1.0) from None
        self.done += 1
        return page

    async def _page(
        self, account: AccountId, question: Question, phrases: Sequence[Phrase], before: Place | None, limit: int
    ) -> SearchPage:
        up_to = await self._up_to()
        spans = await self._spans(account, question.conversation)
        wanted = Wanted(
            conversations=list(spans),
            phrases=phrases,
            sender=question.sender,
            mentioned=account if question.mentions_me else None,
            has=question.has,
            since=question.since,
            until=question.until,
            before=before,
        )
        hits: list[Hit] = []
        looked = 0
        while True:
            places = await self._index.find(wanted, STEP)
            looked += len(places)
            for place, hit in zip(places, await self._hits(account, places, wanted, spans), strict=True):
                if hit is not None:
                    hits.append(hit)
                if len(hits) == limit:
                    return SearchPage(hits, cursor_of(place), up_to)
            if len(places) < STEP:
                return SearchPage(hits, None, up_to)
            if looked >= LOOKED_AT:
                return SearchPage(hits, cursor_of(places[-1]), up_to)
            wanted = msgspec.structs.replace(wanted, before=places[-1])

    async def _spans(self, account: AccountId, conversation: ConversationId | None) -> dict[ConversationId, list[Span]]:
        """What the account may read, past every cache. Raises `no_conversation` for one of which that is nothing."""
        if conversation is not None:
            spans = await self._store.spans(account, conversation)
            if not spans:
                raise Refused(Code.NO_CONVERSATION)
        else:
            spans = await self._store.memberships(account)
        found: dict[ConversationId, list[Span]] = {}
        for span in spans:
            found.setdefault(span.conversation, []).append(span)
        return found

    async def _hits(
        self,
        account: AccountId,
        places: Sequence[Place],
        wanted: Wanted,
        spans: dict[ConversationId, list[Span]],
    ) -> list[Hit | None]:
        """What each place turns out to be: None for what is no hit, or not any more."""
        readable = [place for place in places if _reads(spans[place.conversation], place.number)]
        found = await self._store.rows([(place.conversation, place.number) for place in readable])
        events = {place: content(one) for place, one in zip(readable, found, strict=True) if one is not None}
        rows = {place: searched_event(event) for place, event in events.items()}
        if sum(len(row.text) for row in rows.values()) > LONG:
            matched = await asyncio.to_thread(_matched, rows, wanted)
        else:
            matched = _matched(rows, wanted)
        # Read after the messages: whoever was put out before one was sent or edited has a span that says so.
        names = list(dict.fromkeys(place.conversation for place in matched))
        now = dict(zip(names, await self._now(account, names), strict=True))
        return [
            Hit(msgspec.Raw(events[place]), [TextRange(*each) for each in matched[place]])
            if place in matched and _may_read(rows[place], now[place.conversation])
            else None
            for place in places
        ]

    async def _now(self, account: AccountId, conversations: Sequence[ConversationId]) -> list[list[Span]]:
        found: list[list[Span]] = []
        for first in range(0, len(conversations), AT_ONCE):
            some = conversations[first : first + AT_ONCE]
            found += await asyncio.gather(*(self._store.spans(account, each) for each in some))
        return found


def cursor_of(place: Place) -> str:
    """What names the place after which a page ended."""
    return f"{place.sent_at}.{place.number}.{place.conversation}"


def place_of(cursor: str) -> Place:
    """The place that `cursor` names. Raises `bad_cursor`."""
    sent_at, _, rest = cursor.partition(".")
    number, _, conversation = rest.partition(".")
    if (
        not all(part.isascii() and part.isdigit() and len(part) <= 16 for part in (sent_at, number))
        or max(int(sent_at), int(number)) >= _LATEST
        or not 0 < len(conversation) <= CONVERSATION_CHARACTERS
        or not conversation.isprintable()
    ):
        raise Refused(Code.BAD_CURSOR)
    return Place(int(sent_at), ConversationId(conversation), int(number))


def _filters(question: Question) -> bool:
    """Whether it asks for something besides words."""
    return (
        question.mentions_me
        or bool(question.has)
        or any(one is not None for one in (question.conversation, question.sender, question.since, question.until))
    )


def _matched(rows: dict[Place, SearchedEvent], wanted: Wanted) -> dict[Place, list[Range]]:
    """Those that still are what is wanted, and where."""
    found: dict[Place, list[Range]] = {}
    for place, row in rows.items():
        if row.is_there and _fits(row, wanted):
            ranges = ranges_of(tokens(row.text), wanted.phrases) if wanted.phrases else []
            if ranges is not None:
                found[place] = ranges
    return found


def _may_read(row: SearchedEvent, spans: Sequence[Span]) -> bool:
    """Whether the message is its reader's, and what it says now as well: not what was written while they were away."""
    return _reads(spans, row.number) and (row.edited is None or _reads(spans, row.edited.number))


def _fits(row: SearchedEvent, wanted: Wanted) -> bool:
    return (
        (wanted.sender is None or row.sender == wanted.sender)
        and (wanted.mentioned is None or _speaks_to(row, wanted.mentioned))
        and all(has in row.has for has in wanted.has)
        and (wanted.since is None or row.sent_at >= wanted.since)
        and (wanted.until is None or row.sent_at < wanted.until)
    )


def _speaks_to(row: SearchedEvent, account: AccountId) -> bool:
    """Whether a message speaks to an account: nobody's own does, also where it names all."""
    return row.sender != account and (account in row.speaks_to or "*" in row.speaks_to)


def _reads(spans: Sequence[Span], number: int) -> bool:
    return any(span.first <= number and (span.last is None or number <= span.last) for span in spans)
