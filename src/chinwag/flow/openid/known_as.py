"""Known as: what follows for an account from what a provider says of its person now."""

import msgspec

from chinwag.flow.openid.doors import actor_of
from chinwag.flow.openid.provider import Provider
from chinwag.ports.directory import Account, Identity, PlacesDue, Transaction


async def known_as(
    transaction: Transaction,
    provider: Provider,
    account: Account,
    identity: Identity,
    groups: tuple[str, ...],
    now: int,
) -> Account:
    """Keep `identity` with the groups that it has now. They make an administrator at once, or unmake one that they
    made; places in conversations are given and taken by `flow/openid/places.py`, for which a row is left. The account
    as it is then. Raises `identity_taken`."""
    wanted = bool(provider.rules.admin_groups.intersection(groups))
    name, made = provider.rules.name, identity.made_admin
    if wanted and not account.admin:
        account, made = await transaction.accounts.set_admin(account.id, True), True
        await transaction.audit.add(now, actor_of(name), "account.promote", account.id, "by a group")
    elif made and not wanted:
        account, made = await _unmade(transaction, account, identity, now), False
    kept = msgspec.structs.replace(
        identity, account=account.id, provider=name, groups=groups, made_admin=made, said_at=now
    )
    await transaction.identities.put(kept)
    await transaction.identities.change_places(PlacesDue(account.id, name, now))
    return account


async def no_longer_said(transaction: Transaction, account: Account, identity: Identity, now: int) -> None:
    """The provider says nothing of its person any more: what its groups gave goes, the identity stays."""
    if identity.made_admin:
        await _unmade(transaction, account, identity, now)
    await transaction.identities.put(msgspec.structs.replace(identity, groups=(), made_admin=False))
    await transaction.identities.change_places(PlacesDue(account.id, identity.provider, now))


async def unknown_as(transaction: Transaction, account: Account, identity: Identity, now: int) -> None:
    """Forget `identity`, and all that it gave."""
    if identity.made_admin:
        await _unmade(transaction, account, identity, now)
    await transaction.identities.remove(account.id, identity.provider)
    await transaction.identities.change_places(PlacesDue(account.id, identity.provider, now))


async def _unmade(transaction: Transaction, account: Account, identity: Identity, now: int) -> Account:
    others = [one for one in await transaction.identities.of(account.id) if one.provider != identity.provider]
    if not account.admin or any(one.made_admin for one in others):
        return account
    await transaction.audit.add(now, actor_of(identity.provider), "account.demote", account.id, "by a group")
    return await transaction.accounts.set_admin(account.id, False)
