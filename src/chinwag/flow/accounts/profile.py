"""Profile and settings: what others see of an account, and what it has chosen."""

from typing import Any, Literal

import msgspec

from chinwag.domain.account import about_of, display_name_of
from chinwag.domain.account_change import AccountSettingsChanged, ProfileChanged
from chinwag.domain.ids import AccountId
from chinwag.domain.quiet_hours import QuietHours, check_quiet_hours
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.changes import post
from chinwag.ports.directory import Account


async def change_profile(
    accounts: Accounts, account: AccountId, *, display_name: str | None = None, about: str | None = None
) -> Account:
    """Change what is given and leave the rest; the account as it is then. Own devices and friends are told.

    Raises `bad_profile`, `no_account`, `rate_limited` if so many were told of its changes of late.
    """
    async with accounts.directory.transaction() as transaction:
        found = await transaction.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        wanted = (
            found.display_name if display_name is None else display_name_of(display_name),
            found.about if about is None else about_of(about),
        )
        if wanted == (found.display_name, found.about):
            return found
        friends = await transaction.friends.friends_of(account)
        accounts.tells(account, len(friends))
        changed = await transaction.accounts.set_profile(account, *wanted)
        for version, readers in ((changed.version, [account]), (changed.profile_version, friends)):
            news = ProfileChanged(account, changed.name, changed.display_name, changed.about, version, changed.avatar)
            await post(transaction, news, *readers)
    return changed


async def change_settings(
    accounts: Accounts,
    account: AccountId,
    *,
    direct_from: Literal["everyone", "friends"] | None = None,
    findable: bool | None = None,
    share_read: bool | None = None,
    share_last_seen: bool | None = None,
    share_typing: bool | None = None,
    push_preview: Literal["", "none", "sender", "text"] | None = None,
    quiet_hours: QuietHours | msgspec.UnsetType | None = msgspec.UNSET,
) -> Account:
    """Change what is given and leave the rest; the account as it is then. Own devices are told. Raises `no_account`,
    and `bad_request` for quiet hours that are none."""
    if isinstance(quiet_hours, QuietHours):
        check_quiet_hours(quiet_hours)
    chosen = {
        "direct_from": direct_from,
        "findable": findable,
        "share_read": share_read,
        "share_last_seen": share_last_seen,
        "share_typing": share_typing,
        "push_preview": push_preview,
    }
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if not isinstance(quiet_hours, msgspec.UnsetType):
        given["quiet_hours"] = quiet_hours
    async with accounts.directory.transaction() as transaction:
        found = await transaction.accounts.get(account)
        if found is None or found.closed:
            raise Refused(Code.NO_ACCOUNT)
        wanted = msgspec.structs.replace(found.settings, **given)
        if wanted == found.settings:
            return found
        changed = await transaction.accounts.set_settings(account, wanted)
        await post(transaction, AccountSettingsChanged(account, changed.settings, changed.version), account)
    return changed
