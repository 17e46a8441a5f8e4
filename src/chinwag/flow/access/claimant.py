"""Somebody who shows a password, as far as that is known before it is checked: a stranger, or one seen before."""

import msgspec

from chinwag.domain.account import NameKey
from chinwag.domain.address import network_of, networks_of
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.access.tokens import Tokens, digest
from chinwag.ports.directory import Transaction


class Claimant(msgspec.Struct, frozen=True):
    """name: of the account that is asked for, folded. networks: around the address, the narrowest first; none: not
    from a network. known: what it was known by (a device or a network from which that account has logged in before);
    empty: a stranger."""

    name: NameKey = NameKey("")
    networks: tuple[str, ...] = ()
    known: str = ""


def stranger(name: NameKey, address: str) -> Claimant:
    """Somebody of whom nothing is known."""
    return Claimant(name, networks_of(address))


def by_device(name: NameKey, address: str, device: DeviceId) -> Claimant:
    """A device of that account."""
    return Claimant(name, networks_of(address), f"device {device}")


async def claimant_of(
    directory: Transaction, tokens: Tokens, account: AccountId, name: NameKey, address: str, known_device: str
) -> Claimant:
    """Whoever asks for `account`, which need not exist, from `address`. known_device: a refresh token that the account
    was once given, used up or not, or nothing: it proves the device, and lets nobody in."""
    device = tokens.device_of(known_device) if known_device else None
    if device is not None:
        found = await directory.devices.get(device)
        if found is not None and found.account == account:
            return by_device(name, address, device)
    if address and await directory.known_networks.has(account, network_digest(account, address)):
        return Claimant(name, networks_of(address), f"network {network_of(address)}")
    return stranger(name, address)


def network_digest(account: AccountId, address: str) -> bytes:
    """How a network is stored from which an account has logged in: enough to know it again, and not in plain words."""
    return digest(f"known network {account} {network_of(address)}")[:16]
