"""Pushes: what the settings say of them, and the role as a part."""

import msgspec

from chinwag.config import Config
from chinwag.domain.push import Kind
from chinwag.flow.clock import system_clock
from chinwag.flow.push.keys import PushKeys
from chinwag.flow.push.subscriptions import Subscriptions
from chinwag.ports import Ports


class PushRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say. kinds: of devices that this server can push to. unread_ms: how long a message is unread
    before it is pushed while another device is connected; 0: it is not."""

    kinds: tuple[Kind, ...]
    unread_ms: int
    dangerous: bool


def rules_of(config: Config) -> PushRules:
    """Of a server."""
    section = config.push
    kinds: list[Kind] = ["web"] if section.contact else []
    if section.fcm_service_account_file is not None:
        kinds.append("fcm")
    if section.apns_key_file is not None and section.apns_key_id and section.apns_team_id:
        kinds.append("apns")
    return PushRules(
        kinds=tuple(kinds),
        unread_ms=round(section.unread_seconds * 1000),
        dangerous=section.allow_this_machine,
    )


def push_keys_on(ports: Ports, config: Config) -> PushKeys:
    """The keys, made at the first start that needs them. Raises as `PushKeys`."""
    keys = PushKeys(ports.key_store, system_clock)
    if "web" in rules_of(config).kinds:
        keys.begin()
    return keys


def subscriptions_on(ports: Ports, config: Config) -> Subscriptions:
    """What devices may do about their own subscriptions."""
    return Subscriptions(
        ports.directory, ports.bus, system_clock, push_keys_on(ports, config), rules_of(config).kinds, lambda _: True
    )
