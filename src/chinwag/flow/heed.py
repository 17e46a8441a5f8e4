"""An inbox's own word on who may read it: the certain way to end a session, where the Bus is the quick one."""

from typing import Final

import msgspec

from chinwag.domain.account_change import AccountClosed, AccountDisabled, DeviceRevoked
from chinwag.domain.events import AccountEvent
from chinwag.domain.ids import AccountId, DeviceId

ACCOUNT_EVENT: Final = b'{"kind":"account"'
"""How every event begins that `ends_session` needs to see."""
_account_event: Final = msgspec.json.Decoder(AccountEvent).decode


def ends_session(event: bytes, account: AccountId, device: DeviceId) -> bool:
    """Whether an event (JSON) of the inbox of `account` says that `device` may read no further."""
    if not event.startswith(ACCOUNT_EVENT):
        return False
    change = _account_event(event).change
    if isinstance(change, DeviceRevoked):
        return change.device == device
    return isinstance(change, AccountClosed | AccountDisabled) and change.account == account
