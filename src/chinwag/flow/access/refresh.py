"""Refresh: a refresh token gives new tokens and is used up; used twice, somebody has stolen it."""

from typing import Final

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.claimant import network_digest
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.tokens import digest
from chinwag.flow.changes import post_revoked
from chinwag.ports.directory import RefreshToken

SETTLING_MS: Final = 60_000
"""After a renewal, how long the refresh token of a cookie stays as it is: browsers write cookies to disk late (Chromium
after 30 s), so one that was killed may come back with the token of the step before, but not of two steps before."""


async def refresh(
    accounts: Accounts, refresh_token: str, attempt: str, *, address: str = "", settling_ms: int = 0
) -> LoggedIn:
    """Exchange a refresh token. `attempt` is the client's own random name for this exchange: the same token with the
    same attempt gives the same successor again, until that has been used itself; so a lost answer logs nobody out.
    A token younger than `settling_ms` gives a new access token, and stays as it is.

    Raises `unauthenticated` for a token that never was one; `revoked` if the device is gone or was away too long;
    `refresh_reused` for a token used before, and then the device is revoked; `account_disabled`; `unavailable`.
    """
    device_id = accounts.tokens.device_of(refresh_token)
    successor = accounts.tokens.successor(refresh_token, attempt)
    if device_id is None or successor is None:
        raise Refused(Code.UNAUTHENTICATED)
    now = accounts.clock()
    expires_at = now + accounts.rules.refresh_token_ms
    reused = False
    async with accounts.directory.transaction(device=device_id) as transaction:
        current = await transaction.refresh_tokens.of(device_id)
        device = await transaction.devices.get(device_id)
        if current is None or device is None or device.revoked_at is not None:
            raise Refused(Code.REVOKED)
        account = await transaction.accounts.get(device.account)
        if account is None or account.closed:
            raise Refused(Code.REVOKED)
        if account.disabled:
            raise Refused(Code.ACCOUNT_DISABLED)
        if current.expires_at <= now:
            raise Refused(Code.REVOKED, "this device was away for too long")
        presented = digest(refresh_token)
        if (
            presented == current.digest
            and 0 <= now - (current.expires_at - accounts.rules.refresh_token_ms) < settling_ms
        ):
            successor, expires_at = refresh_token, current.expires_at
        elif presented == current.digest:
            await transaction.refresh_tokens.put(RefreshToken(device_id, digest(successor), presented, expires_at))
            await transaction.devices.seen(device_id, now)
            if address:
                await transaction.known_networks.remember(account.id, network_digest(account.id, address), now)
        elif presented == current.previous and digest(successor) == current.digest:
            expires_at = current.expires_at
        else:
            reused = True
            await transaction.devices.revoke(device_id, now)
            await post_revoked(transaction, account.id, [device_id], now)
    if reused:
        accounts.revoked(account.id, [device_id])
        raise Refused(Code.REFRESH_REUSED)
    access_token, access_expires_at = accounts.tokens.access(account.id, device_id)
    return LoggedIn(account, device_id, access_token, access_expires_at, successor, expires_at)
