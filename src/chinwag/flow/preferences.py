"""Preferences: what an account wants of a conversation, kept in the directory and told to its own devices."""

from chinwag.domain.account_change import PreferencesChanged
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.preferences import NONE, PREFERENCES_MAX, Preferences, Preferred, check_preferences
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.changes import post
from chinwag.ports.directory import Directory
from chinwag.ports.message_store import MessageStore


class OwnPreferences:
    """Reads and changes them."""

    def __init__(self, directory: Directory, store: MessageStore) -> None:
        self._directory = directory
        self._store = store

    async def get(self, account: AccountId, conversation: ConversationId) -> Preferred:
        """What is kept for a conversation; for one of which nothing is kept the defaults, of version 0. Raises
        `no_conversation` for a stranger."""
        await self._check(account, conversation)
        async with self._directory.reading() as directory:
            found = await directory.preferences.get(account, conversation)
        return found or Preferred(conversation, NONE, 0)

    async def put(self, account: AccountId, conversation: ConversationId, preferences: Preferences) -> Preferred:
        """Keep these instead of what was kept; the same again changes nothing. Own devices are told.

        Raises `bad_request`, `no_conversation` for a stranger, and `too_many` beyond `PREFERENCES_MAX`.
        """
        check_preferences(preferences)
        await self._check(account, conversation)
        async with self._directory.transaction(account=account) as transaction:
            kept = await transaction.preferences.get(account, conversation)
            if preferences == (NONE if kept is None else kept.preferences):
                return kept or Preferred(conversation, NONE, 0)
            if kept is None and await transaction.preferences.count(account) >= PREFERENCES_MAX:
                raise Refused(Code.TOO_MANY)
            found = await transaction.accounts.get(account)
            if found is None or found.closed:
                raise Refused(Code.NO_ACCOUNT)
            version = await transaction.accounts.touch(account)
            # The defaults are kept as well: their version is what tells a device that an earlier change is old.
            await transaction.preferences.put(account, conversation, preferences, version)
            await post(transaction, PreferencesChanged(conversation, preferences, version), account)
        return Preferred(conversation, preferences, version)

    async def page(self, account: AccountId, after: ConversationId | None, limit: int) -> list[Preferred]:
        """All that are kept, in a fixed order, those after a conversation."""
        async with self._directory.reading() as directory:
            return await directory.preferences.page(account, after, limit)

    async def _check(self, account: AccountId, conversation: ConversationId) -> None:
        if not await self._store.spans(account, conversation):
            raise Refused(Code.NO_CONVERSATION)
