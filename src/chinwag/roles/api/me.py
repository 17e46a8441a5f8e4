"""One's own account: profile, settings, password, devices."""

from litestar import delete, get, patch, put
from litestar.params import FromPath, JSONBody

from chinwag.domain.ids import DeviceId
from chinwag.flow.access.change_password import change_password
from chinwag.flow.access.devices import list_devices, revoke_device
from chinwag.flow.accounts.close_account import close_account
from chinwag.flow.accounts.look_up import get_account
from chinwag.flow.accounts.profile import change_profile, change_settings
from chinwag.roles.api import answers
from chinwag.roles.api.admit import Address, Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.wire.http import (
    AccountSettings,
    ChangePasswordRequest,
    ChangeProfileRequest,
    ChangeSettingsRequest,
    CloseAccountRequest,
    DeviceEntry,
    Me,
    Page,
)


@get("/me", operation_id="getMe", summary="My account", tags=["me"])
async def get_me(accounts: AccountVerbs, principal: Caller) -> Me:
    """The account that the token belongs to."""
    return answers.me(await get_account(accounts, principal.account))


@patch("/me", operation_id="changeMe", summary="Change my profile", tags=["me"])
async def patch_me(data: JSONBody[ChangeProfileRequest], accounts: AccountVerbs, principal: Caller) -> Me:
    """Change what is given. One's devices and friends are told."""
    changed = await change_profile(accounts, principal.account, display_name=data.display_name, about=data.about)
    return answers.me(changed)


@delete("/me", operation_id="closeMe", summary="Close my account", tags=["me"])
async def delete_me(
    data: JSONBody[CloseAccountRequest], accounts: AccountVerbs, principal: Caller, address: Address
) -> None:
    """Close the account for ever; the password confirms it. The name stays taken."""
    await close_account(accounts, principal.account, principal.device, data.password, address=address)


@put("/me/password", status_code=204, operation_id="changePassword", summary="Change my password", tags=["me"])
async def put_password(
    data: JSONBody[ChangePasswordRequest], accounts: AccountVerbs, principal: Caller, address: Address
) -> None:
    """Change the password. This device stays logged in; the others are logged out, unless `keep_others`."""
    await change_password(
        accounts,
        principal.account,
        principal.device,
        data.current,
        data.new,
        keep_others=data.keep_others,
        address=address,
    )


@get("/me/settings", operation_id="getSettings", summary="My settings", tags=["me"])
async def get_settings(accounts: AccountVerbs, principal: Caller) -> AccountSettings:
    """What this account has chosen."""
    return answers.settings(await get_account(accounts, principal.account))


@patch("/me/settings", operation_id="changeSettings", summary="Change my settings", tags=["me"])
async def patch_settings(
    data: JSONBody[ChangeSettingsRequest], accounts: AccountVerbs, principal: Caller
) -> AccountSettings:
    """Change what is given. One's devices are told."""
    changed = await change_settings(
        accounts,
        principal.account,
        direct_from=data.direct_from,
        findable=data.findable,
        share_read=data.share_read,
        share_last_seen=data.share_last_seen,
        share_typing=data.share_typing,
        push_preview=data.push_preview,
        quiet_hours=data.quiet_hours,
    )
    return answers.settings(changed)


@get("/devices", operation_id="listDevices", summary="My devices", tags=["devices"])
async def get_devices(accounts: AccountVerbs, principal: Caller) -> Page[DeviceEntry]:
    """The devices that are logged in, newest first: all of them, as their number is bounded."""
    found = await list_devices(accounts, principal.account)
    return Page([answers.device(one, principal.device) for one in found])


@delete("/devices/{device_id:str}", operation_id="revokeDevice", summary="Log a device out", tags=["devices"])
async def delete_device(device_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Log one of one's devices out for ever."""
    await revoke_device(accounts, principal.account, DeviceId(device_id))


HANDLERS = [
    get_me,
    patch_me,
    delete_me,
    put_password,
    get_settings,
    patch_settings,
    get_devices,
    delete_device,
]
