"""Pushes: whether what the settings name is there, and safe."""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from chinwag.adapters.push_services.apns import apns_key
from chinwag.adapters.push_services.service_account import service_account
from chinwag.config import Push
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.private_text import CredentialsError

_ANY_ZONE = "Europe/Berlin"


def pushes(section: Push) -> Iterator[Finding]:
    """What can be said without asking anybody."""
    if section.allow_this_machine:
        yield fail(
            "pushes",
            "push.allow_this_machine: whoever may log in can have this server ask itself, and your network, anything",
            "it is for tests alone: turn it off",
        )
    ways = ["browsers"] if section.contact else []
    if (fcm := section.fcm_service_account_file) is not None:
        yield from _readable(lambda: service_account(fcm))
        ways.append("Android apps")
    if (key := section.apns_key_file) is not None:
        yield from _readable(lambda: apns_key(key, section.apns_key_id, section.apns_team_id))
        ways.append("iOS apps")
    if not ways:
        yield ok("pushes", "none: browsers are pushed to once push.contact is set")
        return
    if section.contact and "*" in section.hosts:
        yield warn("pushes", "push.hosts lets everybody name a push service of their own", "name those that you trust")
    try:
        ZoneInfo(_ANY_ZONE)
    except (KeyError, OSError):
        yield warn("pushes", "this machine knows no time zones: quiet hours are refused", "install its tzdata")
    yield ok("pushes", f"to {', '.join(ways)}")


def _readable(read: Callable[[], object]) -> Iterator[Finding]:
    try:
        read()
    except CredentialsError as error:
        yield fail("pushes", str(error), "the server does not start without it")
