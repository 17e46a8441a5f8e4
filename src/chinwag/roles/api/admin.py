"""Administration. Every address here is for administrators only, and what they change is in the audit log."""

from typing import Annotated, Any, Final

from litestar import Router, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.change_password import reset_password
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.devices import list_devices, revoke_devices_of
from chinwag.flow.accounts.announce import announce, list_announcements
from chinwag.flow.accounts.audit import list_audit
from chinwag.flow.accounts.disable import disable, enable
from chinwag.flow.accounts.invite import invite, list_invitations, revoke_invitation
from chinwag.flow.accounts.look_up import get_account, list_accounts
from chinwag.flow.accounts.sign_up import create_account
from chinwag.flow.clock import DAY_MS
from chinwag.flow.online import Online
from chinwag.ports.directory import Account, Actor, Announcement
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.roles.api.client_id import GivenId
from chinwag.roles.api.people import After, Limit
from chinwag.roles.api.presence import Presence
from chinwag.wire.admin import (
    AccountEntry,
    AddAccountRequest,
    AdminDevice,
    AnnouncementEntry,
    AnnounceRequest,
    AuditEntry,
    CreateInvitationRequest,
    InvitationEntry,
    NewInvitation,
    ResetPasswordRequest,
)
from chinwag.wire.http import Page

_TAGS: Final = ["administration"]

Number = Annotated[int | None, QueryParameter(ge=0, lt=1 << 53, description="`next` of the page before.")]


async def administrators(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard that lets in administrators only. What changes something asks the directory once more."""
    if not connection.user.admin:
        raise Refused(Code.FORBIDDEN)


@get("/accounts", operation_id="adminListAccounts", summary="All accounts", tags=_TAGS)
async def get_accounts(
    accounts: AccountVerbs,
    search: Annotated[str, QueryParameter(max_length=200, description="A part of the name, in any case.")] = "",
    after: After = None,
    limit: Limit = 50,
) -> Page[AccountEntry]:
    """In the order of their ids, or those whose name holds what is searched for."""
    found = await list_accounts(accounts, None if after is None else AccountId(after), limit + 1, search=search)
    items = [_account(one) for one in found[:limit]]
    return Page(items, next=items[-1].id if len(found) > limit else None)


@post("/accounts", operation_id="adminAddAccount", summary="Make an account", tags=_TAGS)
async def post_account(data: JSONBody[AddAccountRequest], accounts: AccountVerbs, principal: Caller) -> AccountEntry:
    """Works also when signing up is closed. Administrators are made by the operator only."""
    made = await create_account(
        accounts, data.name, data.password, display_name=data.display_name, by=_actor(principal)
    )
    return _account(made)


@get("/accounts/{account_id:str}", operation_id="adminGetAccount", summary="One account", tags=_TAGS)
async def get_one(account_id: FromPath[str], accounts: AccountVerbs) -> AccountEntry:
    """Also if it is disabled or closed."""
    return _account(await get_account(accounts, AccountId(account_id)))


@get("/accounts/{account_id:str}/devices", operation_id="adminListDevices", summary="Devices, where", tags=_TAGS)
async def get_devices(account_id: FromPath[str], accounts: AccountVerbs, presence: Presence) -> Page[AdminDevice]:
    """The devices that are logged in; of those online the node that holds their connection, and since when."""
    account = (await get_account(accounts, AccountId(account_id))).id
    online = {one.device: one for one in await presence.devices(account)}
    items = []
    for one in await list_devices(accounts, account):
        here = online.get(one.id)
        node, since = (None, None) if here is None else (here.node, here.since)
        items.append(AdminDevice(one.id, one.name, one.created_at, one.last_seen_at, node, since))
    return Page(items)


@delete("/accounts/{account_id:str}/devices", operation_id="adminRevokeDevices", summary="Log it out", tags=_TAGS)
async def delete_devices(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Log all devices of an account out for ever."""
    await revoke_devices_of(accounts, AccountId(account_id), None, by=_actor(principal))


@delete(
    "/accounts/{account_id:str}/devices/{device_id:str}",
    operation_id="adminRevokeDevice",
    summary="Log one device out",
    tags=_TAGS,
)
async def delete_device(
    account_id: FromPath[str], device_id: FromPath[str], accounts: AccountVerbs, principal: Caller
) -> None:
    """For ever."""
    await revoke_devices_of(accounts, AccountId(account_id), DeviceId(device_id), by=_actor(principal))


@post(
    "/accounts/{account_id:str}/disable",
    status_code=204,
    operation_id="adminDisable",
    summary="Disable an account",
    tags=_TAGS,
)
async def post_disable(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Its devices are logged out, nobody logs in, and nobody writes to it directly. Nothing is deleted."""
    await disable(accounts, AccountId(account_id), by=_actor(principal))


@post(
    "/accounts/{account_id:str}/enable",
    status_code=204,
    operation_id="adminEnable",
    summary="Enable an account",
    tags=_TAGS,
)
async def post_enable(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Take `disable` back. Devices have to log in anew."""
    await enable(accounts, AccountId(account_id), by=_actor(principal))


@put(
    "/accounts/{account_id:str}/password",
    status_code=204,
    operation_id="adminResetPassword",
    summary="Reset a password",
    tags=_TAGS,
)
async def put_password(
    account_id: FromPath[str], data: JSONBody[ResetPasswordRequest], accounts: AccountVerbs, principal: Caller
) -> None:
    """All devices of the account are logged out. Passwords of administrators are reset by the operator only."""
    await reset_password(accounts, AccountId(account_id), data.password, by=_actor(principal))


@get("/invitations", operation_id="adminListInvitations", summary="Invitation codes", tags=_TAGS)
async def get_invitations(accounts: AccountVerbs, after: After = None, limit: Limit = 50) -> Page[InvitationEntry]:
    """The newest first. The codes themselves are not kept."""
    found = await list_invitations(accounts, None if after is None else _digest(after), limit + 1)
    items = [
        InvitationEntry(one.digest.hex(), one.uses_left, one.expires_at, one.created_by or "", one.created_at)
        for one in found[:limit]
    ]
    return Page(items, next=items[-1].id if len(found) > limit else None)


@post("/invitations", operation_id="adminInvite", summary="Make an invitation code", tags=_TAGS)
async def post_invitation(
    data: JSONBody[CreateInvitationRequest], accounts: AccountVerbs, principal: Caller
) -> NewInvitation:
    """The code is shown this once."""
    made = await invite(accounts, uses=data.uses, valid_ms=data.valid_days * DAY_MS, by=_actor(principal))
    return NewInvitation(made.id, made.code)


@delete("/invitations/{invitation:str}", operation_id="adminRevokeInvitation", summary="Revoke a code", tags=_TAGS)
async def delete_invitation(invitation: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Nobody signs up with it any more. Doing it again changes nothing."""
    await revoke_invitation(accounts, _digest(invitation), by=_actor(principal))


@get("/announcements", operation_id="adminListAnnouncements", summary="Announcements", tags=_TAGS)
async def get_announced(accounts: AccountVerbs, after: After = None, limit: Limit = 50) -> Page[AnnouncementEntry]:
    """The newest first, and whether everybody has it."""
    found = await list_announcements(accounts, after, limit + 1)
    items = [_announcement(one) for one in found[:limit]]
    return Page(items, next=items[-1].id if len(found) > limit else None)


@post("/announcements", operation_id="adminAnnounce", summary="Announce something", tags=_TAGS)
async def post_announcement(
    data: JSONBody[AnnounceRequest], accounts: AccountVerbs, principal: Caller, given_id: GivenId
) -> AnnouncementEntry:
    """It comes into the inbox of everybody who has an account now."""
    return _announcement(await announce(accounts, data.text, key=given_id, by=_actor(principal)))


@get("/audit", operation_id="adminListAudit", summary="What administrators did", tags=_TAGS)
async def get_audit(
    accounts: AccountVerbs,
    before: Number = None,
    limit: Limit = 50,
    actor: Annotated[str | None, QueryParameter(max_length=64, description="Only acts of this one.")] = None,
    target: Annotated[str | None, QueryParameter(max_length=64, description="Only acts upon this.")] = None,
) -> Page[AuditEntry]:
    """The latest first. Entries are never changed or removed. `next` goes into `before`."""
    found = await list_audit(accounts, before, limit + 1, actor=actor, target=target)
    items = [AuditEntry(one.id, one.at, one.actor, one.act, one.target, one.detail) for one in found[:limit]]
    return Page(items, next=str(items[-1].id) if len(found) > limit else None)


def admin_routes(accounts: Accounts, presence: Online) -> Router:
    """Everything for administrators."""
    return Router(
        path="/v1/admin",
        route_handlers=[
            get_accounts,
            post_account,
            get_one,
            get_devices,
            delete_devices,
            delete_device,
            post_disable,
            post_enable,
            put_password,
            get_invitations,
            post_invitation,
            delete_invitation,
            get_announced,
            post_announcement,
            get_audit,
        ],
        guards=[administrators],
        dependencies={
            "accounts": Provide(lambda: accounts, sync_to_thread=False),
            "presence": Provide(lambda: presence, sync_to_thread=False),
        },
    )


def _actor(principal: Principal) -> Actor:
    return Actor(principal.account)


def _account(one: Account) -> AccountEntry:
    return AccountEntry(one.id, one.name, one.display_name, one.admin, one.disabled, one.closed, one.created_at)


def _announcement(one: Announcement) -> AnnouncementEntry:
    return AnnouncementEntry(one.id, one.text, one.at, one.by, one.done)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Refused(Code.NOT_FOUND) from None
