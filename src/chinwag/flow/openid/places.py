"""Places: groups at a provider make members of conversations, and unmake those that they made.

A log-in, a recheck and an unlinking leave a row; here it becomes commands through the conversations' logs. Only
conversations that the configuration names are touched, and only memberships that began with a command from here: who
was added by hand, or has left and come back, is nobody's to put out.

The row of a place comes before its command, which is asked under the row's own id: so a crash between the two finds
out by asking again what became of it.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import structlog

from chinwag.domain.command import Action, Appoint, Command, Enter, Leave, Rules
from chinwag.domain.conversation import Conversation, Member, Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId
from chinwag.domain.openid import GroupRule, places
from chinwag.domain.refusal import Code
from chinwag.flow.clock import Clock
from chinwag.flow.membership_of import is_member, member_of
from chinwag.flow.own_commands import OwnCommands, acting_for
from chinwag.ports.directory import Directory, GivenPlace, PlacesDue
from chinwag.ports.message_store import MessageStore

BATCH: Final = 50
"""Rows that are seen to together."""
POLL_SECONDS: Final = 5.0
"""How often rows are looked for unasked: those of other processes, and after a lost signal."""

_log = structlog.get_logger(__name__)


class Places:
    """Gives and takes places. It takes answers while `listen` holds."""

    def __init__(
        self,
        directory: Directory,
        store: MessageStore,
        own: OwnCommands,
        rules: Mapping[str, Mapping[str, GroupRule]],
        limits: Rules,
        clock: Clock,
    ) -> None:
        """rules: what groups give, by the providers' names. limits: how many members groups may have."""
        self._directory = directory
        self._store = store
        self._own = own
        self._rules = rules
        self._limits = limits
        self._clock = clock

    def listen(self) -> Callable[[], None]:
        """Take answers until the returned function is called."""
        return self._own.listen()

    async def once(self) -> int:
        """See to the oldest rows, at most `BATCH`; how many there were. Raises `unavailable`, `overloaded`: what was
        not done is done later, and doing it twice changes nothing."""
        async with self._directory.reading() as directory:
            rows = await directory.identities.due(BATCH)
        for row in rows:
            await self._see_to(row)
            async with self._directory.transaction(account=row.account) as transaction:
                await transaction.identities.done(row)
        return len(rows)

    async def _see_to(self, due: PlacesDue) -> None:
        account, provider = due.account, due.provider
        async with self._directory.reading() as directory:
            identities = await directory.identities.of(account)
            given = {one.conversation: one for one in await directory.identities.places(account, provider)}
        groups = next((one.groups for one in identities if one.provider == provider), ())
        wanted = places(frozenset(groups), self._rules.get(provider, {}))
        for conversation in given.keys() - wanted.keys():
            await self._take(given[conversation])
        for conversation, role in wanted.items():
            await self._give(account, conversation, provider, role, given.get(conversation))

    async def _give(
        self, account: AccountId, conversation: ConversationId, provider: str, role: Role, place: GivenPlace | None
    ) -> None:
        state = await self._state(conversation)
        if state is None:
            _log.error("a group's place is in no conversation", provider=provider, conversation=conversation)
            return
        if place is None:
            if await is_member(self._store, state, account):
                return  # by somebody's hand
            id_ = self._own.new_id("enter")
            place = GivenPlace(account, conversation, provider, id_, joined=0, role=Role.MEMBER)
            if not await self._keep(place):
                return  # by another provider
        entered = await self._entered(place)
        if entered is not None:
            await self._appoint(entered, role)

    async def _entered(self, place: GivenPlace) -> GivenPlace | None:
        """The place, once its command has been answered; None if it came to nothing."""
        if place.joined:
            return place
        number = await self._own.number(self._command(place, place.id, Enter()))
        if isinstance(number, Code):
            _log.info("a group's place is not given", conversation=place.conversation, code=number)
            await self._forget(place)
            return None
        entered = msgspec.structs.replace(place, joined=number)
        await self._keep(entered)
        return entered

    async def _appoint(self, place: GivenPlace, role: Role) -> None:
        """A role that somebody has changed by hand stays as it is."""
        member = await self._member(place)
        if member is None or member.role is not place.role or member.role is role:
            return
        code = await self._own.number(self._command(place, self._own.new_id("appoint"), Appoint(role)))
        if not isinstance(code, Code):
            await self._keep(msgspec.structs.replace(place, role=role))

    async def _take(self, place: GivenPlace) -> None:
        entered = await self._entered(place)
        if entered is None:
            return
        if await self._member(entered) is not None:
            code = await self._own.number(self._command(entered, self._own.new_id("leave"), Leave()))
            if isinstance(code, Code) and code is not Code.NOT_MEMBER:
                _log.error("a group's place cannot be taken", conversation=place.conversation, code=code)
        await self._forget(entered)

    async def _member(self, place: GivenPlace) -> Member | None:
        """The membership that began with this place, if it goes on."""
        state = await self._state(place.conversation)
        member = None if state is None else await member_of(self._store, state, place.account)
        return member if member is not None and member.joined == place.joined else None

    async def _state(self, conversation: ConversationId) -> Conversation | None:
        (state,) = await self._store.states([conversation])
        return state

    async def _keep(self, place: GivenPlace) -> bool:
        async with self._directory.transaction(account=place.account) as transaction:
            return await transaction.identities.place(place)

    async def _forget(self, place: GivenPlace) -> None:
        async with self._directory.transaction(account=place.account) as transaction:
            await transaction.identities.unplace(place.account, place.conversation)

    def _command(self, place: GivenPlace, id_: ClientId, action: Action) -> Command:
        device = acting_for(place.account)
        return Command(place.conversation, place.account, device, id_, self._clock(), action, self._limits)
