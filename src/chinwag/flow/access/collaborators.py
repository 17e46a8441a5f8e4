"""What all verbs about access and accounts share."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from chinwag.domain.ids import AccountId, DeviceId, Snowflake
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.passwords import Passwords
from chinwag.flow.access.throttle import Throttle
from chinwag.flow.access.tokens import Tokens
from chinwag.flow.budget import Budget
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.ports.allowances import Allowances
from chinwag.ports.bus import REVOKED, WORK, Bus, Revoked, Work
from chinwag.ports.directory import Directory
from chinwag.ports.key_store import KeyStore


class AccountRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a server's owner decides about accounts. Lengths in characters, counts per window."""

    sign_up: Literal["open", "closed", "invitation"] = "open"
    access_token_ms: int = 600_000
    refresh_token_ms: int = 90 * DAY_MS
    password_min: int = 8
    password_max: int = 256
    failed_logins_per_account: int = 10
    failed_logins_per_address: int = 1_000
    sign_ups_per_address: int = 1_000
    throttle_window_ms: int = 900_000


TELLING: Final = Rate(5.0, 1_000)
"""Accounts that one may let know of something by what it does to its profile or asks of them: a change of a profile
costs one for each friend, a request for friendship one. As many at once as anybody has friends."""


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of every verb. Verbs are functions that take this first."""

    directory: Directory
    bus: Bus
    ids: Snowflake
    clock: Clock
    tokens: Tokens
    passwords: Passwords
    throttle: Throttle
    rules: AccountRules
    telling: Budget = msgspec.field(default_factory=lambda: Budget(TELLING))

    def tells(self, account: AccountId, others: int) -> None:
        """Count that `account` has `others` told of something. Raises `rate_limited`."""
        if others and (wait := self.telling.wait(account, min(others, TELLING.burst))) > 0:
            raise Refused(Code.RATE_LIMITED, "so many were told of changes of late", wait)

    def revoked(self, account: AccountId, devices: Sequence[DeviceId], all_of_them: bool = False) -> None:
        """Tell every process at once. Call it after the commit; the event in the outbox is what makes it certain."""
        if devices or all_of_them:
            self.bus.publish(REVOKED, Revoked(account, tuple(devices), account_closed=all_of_them))

    def work_waits(self) -> None:
        """Let whoever relays what the directory holds look now. Call it after the commit."""
        self.bus.publish(WORK, Work())


def open_accounts(
    directory: Directory,
    bus: Bus,
    ids: Snowflake,
    clock: Clock,
    keys: KeyStore,
    rules: AccountRules,
    passwords: Passwords | None = None,
    allowances: Allowances | None = None,
) -> Accounts:
    """Put the collaborators together. allowances: what several servers count together; None: this process counts
    alone. Raises `KeysExposed`, `KeysDamaged`, OSError. Close `passwords` at the end."""
    return Accounts(
        directory=directory,
        bus=bus,
        ids=ids,
        clock=clock,
        tokens=Tokens(KeyRing(keys, clock(), rules.access_token_ms), clock),
        passwords=passwords or Passwords(),
        throttle=Throttle(
            allowances or OwnAllowances(clock),
            per_account=rules.failed_logins_per_account,
            per_address=rules.failed_logins_per_address,
            sign_ups=rules.sign_ups_per_address,
            window_ms=rules.throttle_window_ms,
        ),
        rules=rules,
    )
