"""What is tried of accounts that keep something to themselves: a group of three, their marks, a directory that goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from tests.support.backstage import Backstage

from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Text
from chinwag.domain.command import Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import system_clock
from chinwag.flow.marks import MarkFlow
from chinwag.flow.sharing import Sharing
from chinwag.flow.states import States
from chinwag.ports.inbox import Inline

ANNA: Final = "1"
BERTA: Final = "2"
CARL: Final = "3"


async def choose(stage: Backstage, account: str, settings: AccountSettings) -> None:
    """Change what an account shares."""
    async with stage.directory.transaction() as transaction:
        await transaction.accounts.set_settings(AccountId(account), settings)


class Away:
    """A directory that answers until it is away."""

    def __init__(self, directory: Any) -> None:
        self._directory = directory
        self.away = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        """As a directory's; `unavailable` while it is away."""
        if self.away:
            raise Refused(Code.UNAVAILABLE)
        async with self._directory.reading() as reading:
            yield reading


def stale_flow(stage: Backstage) -> tuple[MarkFlow, States]:
    """One whose states stay as old as they are."""
    stores = stage.embedded
    states = States(stores.message_store, now=lambda: 0.0)
    keeping = Sharing(stage.directory).keeping
    return MarkFlow(stores.message_store, stores.mark_store, stores.inbox, states, system_clock, keeping), states


async def marks_told(stage: Backstage, account: str) -> list[tuple[str, str, int]]:
    """The marks in an account's inbox: kind, whose, number."""
    page = await stage.embedded.inbox.read(AccountId(account), 0, 10_000)
    events = [msgspec.json.decode(one.event) for one in page.entries if isinstance(one, Inline)]
    return [(one["kind"], one["account"], one["number"]) for one in events if one["kind"] in ("read", "delivered")]


async def reads(flow: MarkFlow, account: str, conversation: ConversationId, number: int) -> None:
    """An account reads up to a number, and that is applied."""
    flow.read(AccountId(account), conversation, number)
    await flow.apply()


async def receives(stage: Backstage, flow: MarkFlow, account: str) -> None:
    """All in an account's inbox comes to its devices."""
    flow.received(AccountId(account), (await stage.embedded.inbox.bounds(AccountId(account))).head)
    await flow.apply()


async def group_of_three(stage: Backstage, keeps: str) -> ConversationId:
    """A group in which each has written, 2 to 4, and one keeps what it reads."""
    await stage.people(ANNA, BERTA, CARL)
    tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA, CARL)
    for one in (ANNA, BERTA, CARL):
        await stage.do(one, tea, Send(Text("hello")))
    await choose(stage, keeps, AccountSettings(share_read=False))
    return tea
