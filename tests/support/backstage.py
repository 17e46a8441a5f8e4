"""The way of a message in this process, on real stores, to be left off and taken up at any step.

`Backstage` opens a data folder as a server does, but its background work runs only when a test says so. To close it
without that and open the folder again is what a crash between two steps leaves behind.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.files import FileKeyStore
from chinwag.assembly import open_directory_in, private_folder
from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Create, Send
from chinwag.domain.conversation import Conversation, GroupSettings
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, Snowflake, direct_id, group_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept, AcceptRules
from chinwag.flow.access.collaborators import AccountRules, Accounts, open_accounts
from chinwag.flow.access.passwords import Passwords
from chinwag.flow.additions import Additions
from chinwag.flow.ask import ask
from chinwag.flow.clock import system_clock
from chinwag.flow.declines import Declines
from chinwag.flow.groups.links import Links
from chinwag.flow.groups.listing import Listing
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.permits import Permits
from chinwag.flow.states import States
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer, NodeId
from chinwag.ports.directory import Account, Directory
from chinwag.roles.delivery.delivery import Delivery

DEVICE = DeviceId("test")
RULES = AcceptRules(group_members=30)


class FaultyDirectory:
    """A directory whose next transactions fail at their end, as many as `failing` says, with all else as it is."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.failing = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    @asynccontextmanager
    async def transaction(self, **whose: Any) -> AsyncIterator[Any]:
        async with self._directory.transaction(**whose) as transaction:
            yield transaction
            if self.failing:
                self.failing -= 1
                raise Refused(Code.UNAVAILABLE, "the test says so")


class Backstage:
    """Open stores, a worker that delivers, and whatever a test calls itself."""

    def __init__(
        self, embedded: Embedded, directory: FaultyDirectory, keys: Path, epoch: int, rules: AcceptRules
    ) -> None:
        node = NodeId(f"stage{epoch}")
        self.embedded = embedded
        self.directory = directory
        self.ids = Snowflake(epoch)
        self.states = States(embedded.message_store)
        self.accounts: Accounts = open_accounts(
            directory, embedded.bus, self.ids, system_clock, FileKeyStore(keys), AccountRules(), Passwords()
        )
        self.accept = Accept(
            node,
            embedded.log,
            embedded.bus,
            embedded.message_store,
            self.states,
            Permits(directory, embedded.message_store, Additions(OwnAllowances(system_clock))),
            rules,
            system_clock,
        )
        self.declines = Declines(
            directory, embedded.message_store, embedded.log, embedded.bus, system_clock, NodeId(f"declines{epoch}")
        )
        self.own = OwnCommands(embedded.log, embedded.bus, NodeId(f"settle{epoch}"))
        self.listing = Listing(directory, embedded.inbox, embedded.message_store)
        self.links = Links(
            accept=self.accept,
            directory=directory,
            store=embedded.message_store,
            states=self.states,
            ids=self.ids,
            clock=system_clock,
        )
        self._delivery = Delivery(embedded.log, embedded.message_store, embedded.bus)

    def start(self) -> None:
        """Let the worker of the log run, and nothing else."""
        self.accept.start()
        self._delivery.start()
        self._stop = [self.declines.listen(), self.own.listen()]

    async def close(self) -> None:
        """Leave it as it is."""
        for stop in self._stop:
            stop()
        await self.accept.stop(5)
        await self._delivery.stop(5)
        await self.embedded.close()
        await self.directory.close()
        self.accounts.passwords.close()

    async def people(self, *ids: str) -> None:
        """Accounts of these ids. A few at a time: a transaction has no longer than the directory's bound."""
        for first in range(0, len(ids), 20):
            async with self.directory.transaction() as transaction:
                for one in ids[first : first + 20]:
                    account = Account(AccountId(one), f"name{one}", "", "", AccountSettings(), False, system_clock())
                    await transaction.accounts.create(account, name_key(account.name), "")

    async def do(self, account: str, conversation: ConversationId, action: Action, name: str = "") -> Answer:
        """Ask it of a conversation. Raises `Refused`."""
        id_ = ClientId(name or self.ids.next(system_clock()))
        return await ask(self.accept, Wish(AccountId(account), DEVICE, conversation, id_, action))

    async def write(self, account: str, other: str) -> Code | None:
        """A direct message; why it was refused, if it was."""
        try:
            await self.do(account, direct_id(AccountId(account), AccountId(other)), Send(Text("hello")))
        except Refused as refused:
            return refused.code
        return None

    async def group(self, owner: str, title: str, settings: GroupSettings, *members: str) -> ConversationId:
        """A group."""
        conversation = group_id(self.ids.next(system_clock()))
        await self.do(owner, conversation, Create(title, tuple(map(AccountId, members)), settings))
        return conversation

    async def state(self, conversation: ConversationId) -> Conversation:
        """How it stands."""
        state = (await self.states.load([conversation]))[0]
        assert state is not None
        return state


@asynccontextmanager
async def backstage(data: Path, epoch: int = 1, rules: AcceptRules = RULES) -> AsyncIterator[Backstage]:
    """Open `data`, let the worker run, and close it at the end."""
    private_folder(data)
    embedded, directory = await open_embedded(data), FaultyDirectory(await open_directory_in(data))
    stage = Backstage(embedded, directory, data / "keys", epoch, rules)
    stage.start()
    try:
        yield stage
    finally:
        await stage.close()
