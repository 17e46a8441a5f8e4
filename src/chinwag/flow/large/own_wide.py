"""Which wide groups an account is in, for those clients that cannot say it themselves.

The wide groups of an installation are few: they are read from time to time, and while there are none nothing else is.
"""

from collections.abc import Callable, Sequence
from typing import Final

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.flow.clock import Clock, system_clock
from chinwag.flow.standing import Job
from chinwag.ports.message_store import MessageStore

LOOK_SECONDS: Final = 10.0
"""How often the wide groups are looked at."""
PAGE: Final = 500
"""Names read at a time."""
WIDE_MOST: Final = 20_000
"""Wide groups that are known at most."""
PAGES: Final = 20
"""Pages of an account's conversations that are looked through at most."""


class OwnWide:
    """All wide groups there are. `job` is to be run for as long as the process does."""

    def __init__(self, store: MessageStore, clock: Clock = system_clock) -> None:
        """clock: milliseconds since 1970."""
        self._store = store
        self._clock = clock
        self._on_more: list[Callable[[], None]] = []
        self.known: frozenset[ConversationId] = frozenset()
        """The wide groups at the last look."""
        self._since: dict[ConversationId, int] = {}
        self.job: Final = Job(
            name="wide groups", step=self._look, poll_seconds=LOOK_SECONDS, failing="the wide groups were not read"
        )

    def on_more(self, handler: Callable[[], None]) -> None:
        """Call `handler` whenever there are groups that were not known before."""
        self._on_more.append(handler)

    async def of(self, account: AccountId) -> list[ConversationId]:
        """The wide groups of which the account is a member. Raises `Refused(UNAVAILABLE)`.

        An account in few conversations, as most are, has these looked through. For one that is in very many, its rows
        in all wide groups of the server are read instead if these are fewer: it is asked for with each page of a list.
        """
        known, found, after = self.known, dict[ConversationId, None](), ConversationId("")
        for page in range(PAGES if known else 0):
            if page and len(known) <= PAGE:
                return await self._by_rows(account, sorted(known))
            spans = await self._store.memberships_after(account, after, PAGE)
            if not spans:
                break
            found.update(
                (span.conversation, None) for span in spans if span.last is None and span.conversation in known
            )
            if len({span.conversation for span in spans}) < PAGE:
                break
            after = spans[-1].conversation
        return list(found)

    async def _by_rows(self, account: AccountId, names: Sequence[ConversationId]) -> list[ConversationId]:
        rows = await self._store.people([(name, account) for name in names])
        there = [
            name
            for name, row in zip(names, rows, strict=True)
            if row is not None and row.stays and not row.stays[-1].left
        ]
        return sorted(there, key=lambda name: (len(name.encode()), name.encode()))  # as the spans are

    def known_since(self, conversation: ConversationId) -> int | None:
        """Since when it is known that this group is wide (milliseconds since 1970); None: it is not."""
        return self._since.get(conversation)

    async def _look(self) -> bool:
        found: list[ConversationId] = []
        after = ConversationId("")
        while len(found) < WIDE_MOST:
            some = await self._store.wide_groups(after, PAGE)
            found += some
            if len(some) < PAGE:
                break
            after = some[-1]
        before, self.known = self.known, frozenset(found)
        now = self._clock()
        self._since = {name: self._since.get(name, now) for name in found}
        if self.known - before:
            for handler in self._on_more:
                handler()
        return False
