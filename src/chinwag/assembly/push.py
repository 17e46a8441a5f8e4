"""Pushes: what the settings say of them, and the role as a part."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from chinwag.assembly.figures import Figures
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.domain.push import Kind
from chinwag.domain.push_notice import PushAddress
from chinwag.flow.clock import system_clock
from chinwag.flow.marks import Pair, nobody_hears
from chinwag.flow.online import Online, Owner
from chinwag.flow.push.follow import PushFollower
from chinwag.flow.push.keys import PushKeys
from chinwag.flow.push.send import Sender
from chinwag.flow.push.spread import Spreading
from chinwag.flow.push.subscriptions import Subscriptions
from chinwag.flow.push.take_back import TakeBack
from chinwag.flow.push.weigh import Weigh
from chinwag.outgoing_url import outgoing_host
from chinwag.ports import Ports
from chinwag.ports.bus import PUSHING, Bus, NodeId, Reads
from chinwag.ports.push_service import PushService
from chinwag.roles.observe import Check
from chinwag.roles.push.role import PushRole

_log = structlog.get_logger(__name__)
PAIRS: Final = 500
"""Reads in one publication."""

SURELY_MS: Final = 5_000
"""How much later than `presence.offline_seconds` a device is surely seen to be away."""


class PushRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say. kinds: of devices that this server can push to. unread_ms: how long a message is unread
    before it is pushed while another device is connected; 0: it is not. gone_ms: how long a device that is away may
    count as connected. apns: the key's file, id and team. dangerous: pushes may go to this machine."""

    kinds: tuple[Kind, ...]
    contact: str
    unread_ms: int
    gone_ms: int
    hosts: tuple[str, ...]
    fcm: Path | None
    apns: tuple[Path, str, str] | None
    dangerous: bool


def rules_of(config: Config) -> PushRules:
    """Of a server."""
    section = config.push
    apns = None if section.apns_key_file is None else (section.apns_key_file, section.apns_key_id, section.apns_team_id)
    ways: list[tuple[Kind, object]] = [
        ("web", section.contact or None),
        ("fcm", section.fcm_service_account_file),
        ("apns", apns),
    ]
    return PushRules(
        kinds=tuple(kind for kind, way in ways if way is not None),
        contact=section.contact,
        unread_ms=round(section.unread_seconds * 1000),
        gone_ms=config.presence.offline_seconds * 1000 + SURELY_MS,
        hosts=section.hosts,
        fcm=section.fcm_service_account_file,
        apns=apns,
        dangerous=section.allow_this_machine,
    )


def push_keys_on(ports: Ports, rules: PushRules) -> PushKeys:
    """The keys, made at the first start that needs them. Raises as `PushKeys`."""
    keys = PushKeys(ports.key_store, system_clock)
    if "web" in rules.kinds:
        keys.begin()
    return keys


def subscriptions_on(ports: Ports, config: Config) -> Subscriptions:
    """What devices may do about their own subscriptions."""
    rules = rules_of(config)
    return Subscriptions(
        ports.directory,
        ports.bus,
        system_clock,
        push_keys_on(ports, rules),
        rules.kinds,
        lambda endpoint: outgoing_host(endpoint, rules.hosts, rules.dangerous) is not None,
    )


def hears_reads(bus: Bus, config: Config) -> Callable[[Sequence[Pair]], None]:
    """What is done when somebody has read on: whoever pushes hears of it."""
    return partial(_tell, bus) if rules_of(config).kinds else nobody_hears


def _tell(bus: Bus, pairs: Sequence[Pair]) -> None:
    for first in range(0, len(pairs), PAIRS):
        bus.publish(PUSHING, Reads(tuple(pairs[first : first + PAIRS])))


def services_on(rules: PushRules, keys: PushKeys) -> PushService[PushAddress]:
    """Every service that the settings name. Raises `CredentialsError` for a file that is none of theirs."""
    # only here: a server that pushes nothing never loads what they rest on
    from chinwag.adapters.push_services.apns import apns_key
    from chinwag.adapters.push_services.service_account import service_account
    from chinwag.adapters.push_services.services import PushServices, apns, fcm, web_push

    return PushServices(
        web=web_push(rules.contact, keys.private, rules.hosts, dangerous=rules.dangerous) if rules.contact else None,
        fcm=None if rules.fcm is None else fcm(service_account(rules.fcm)),
        apns=None if rules.apns is None else apns(apns_key(*rules.apns)),
    )


def push_part(ports: Ports, config: Config, node: NodeId, owner: Owner) -> Part:
    """The role. owner: of an account's presence. Where nothing is configured there is nothing to do."""
    rules = rules_of(config)
    if not rules.kinds:
        return Part(name="push", figures=_figures(Counter(), lambda: 0, lambda: 0, lambda: 0, lambda: 0))
    if rules.dangerous:
        _log.error("pushes may go anywhere, which is dangerous", setting="push.allow_this_machine")
    keys = push_keys_on(ports, rules)
    follower = PushFollower(ports.directory, ports.inbox, ports.message_store, ports.log.partitions, system_clock)
    weigh = Weigh(
        ports.directory,
        ports.message_store,
        ports.mark_store,
        Online(ports.questions, owner).connected,
        keys,
        system_clock,
        rules.unread_ms,
        rules.gone_ms,
    )
    sender = Sender(ports.directory, weigh, services_on(rules, keys), system_clock)
    spreading = Spreading(ports.directory, ports.message_store, system_clock)
    taking_back = TakeBack(ports.directory, ports.message_store, ports.mark_store, system_clock)
    role = PushRole(follower, spreading, sender, taking_back, keys, ports.directory, ports.bus, ports.registry, node)

    async def start() -> None:
        role.start()

    return Part(
        name="push",
        start=start,
        stop=role.stop,
        # With the directory away pushes wait, and connected people go on chatting (P14 of docs/guarantees.md).
        checks=[Check("push", role.check, needed=False)],
        figures=_figures(
            sender.counts,
            lambda: follower.dropped,
            lambda: spreading.turns,
            lambda: follower.behind,
            lambda: sender.under_way,
        ),
    )


def _figures(
    counts: Counter[str],
    dropped: Callable[[], int],
    turns: Callable[[], int],
    behind: Callable[[], int],
    under_way: Callable[[], int],
) -> Figures:
    return Figures(
        counters={
            "pushes_sent": ("Pushes that a push service took.", lambda: counts["sent"]),
            "pushes_cleared": ("Pushes that took back what was shown.", lambda: counts["cleared"]),
            "pushes_failed": ("Attempts to push that came to nothing.", lambda: counts["failed"]),
            "pushes_given_up": ("Pushes given up after three attempts.", lambda: counts["gave_up"]),
            "pushes_unwanted": ("Pushes that a service will never take.", lambda: counts["unwanted"]),
            "pushes_rested": ("Times that a push waited for a service that rests.", lambda: counts["rested"]),
            "pushes_dropped": ("Pushes that went unsent, as too many waited.", dropped),
            "push_turns": ("Accounts whose turn it was, of large groups whose messages many are told of.", turns),
            "push_subscriptions_ended": ("Subscriptions that services do not know.", lambda: counts["gone"]),
        },
        gauges={
            "push_behind": ("Events not looked at for pushes at the last look.", behind),
            "pushes_under_way": ("Pushes being sent.", under_way),
        },
    )
