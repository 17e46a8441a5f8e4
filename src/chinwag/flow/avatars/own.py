"""One's own picture: it goes with the profile, and whoever is told of that is told of it."""

from chinwag.domain.account_change import ProfileChanged
from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.avatars.make import Avatars, make
from chinwag.flow.changes import post
from chinwag.ports.directory import Account, Avatar, Transaction


async def set_own(avatars: Avatars, account: AccountId, upload: UploadId) -> Account:
    """Make `upload` the account's picture; the account as it is then. Raises as `make`, and `no_account`."""
    made = await make(avatars, account, upload)
    async with avatars.directory.transaction() as transaction:
        found = await _open(transaction, account)
        await transaction.avatars.add(made)
        return await _change(avatars.accounts, transaction, found, made.id)


async def take_own_away(avatars: Avatars, account: AccountId) -> Account:
    """The account has no picture any more; the account as it is then. Raises `no_account`, `rate_limited`."""
    async with avatars.directory.transaction() as transaction:
        found = await _open(transaction, account)
        return await _change(avatars.accounts, transaction, found, "") if found.avatar else found


async def picture_of(avatars: Avatars, account: AccountId) -> Avatar:
    """The picture of an account, which whoever may see its profile may see. Raises `no_account`, and `not_found` if it
    has none."""
    async with avatars.directory.reading() as directory:
        found = await directory.accounts.get(account)
        if found is None:
            raise Refused(Code.NO_ACCOUNT)
        picture = await directory.avatars.get(found.avatar) if found.avatar else None
    if picture is None:
        raise Refused(Code.NOT_FOUND, "it has no picture")
    return picture


async def _open(transaction: Transaction, account: AccountId) -> Account:
    found = await transaction.accounts.get(account)
    if found is None or found.closed:
        raise Refused(Code.NO_ACCOUNT)
    return found


async def _change(accounts: Accounts, transaction: Transaction, before: Account, avatar: str) -> Account:
    friends = await transaction.friends.friends_of(before.id)
    accounts.tells(before.id, len(friends))
    changed = await transaction.accounts.set_avatar(before.id, avatar)
    if before.avatar:
        await transaction.avatars.remove(before.avatar)
    for version, readers in ((changed.version, [before.id]), (changed.profile_version, friends)):
        news = ProfileChanged(before.id, changed.name, changed.display_name, changed.about, version, avatar)
        await post(transaction, news, *readers)
    return changed
