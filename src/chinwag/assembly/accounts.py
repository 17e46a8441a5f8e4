"""The account verbs of a server, as its settings have them."""

from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.flow.access.collaborators import AccountRules, Accounts, open_accounts
from chinwag.flow.clock import DAY_MS, system_clock
from chinwag.ports import Ports


def accounts_on(ports: Ports, config: Config, ids: Snowflake) -> Accounts:
    """The account verbs of a server."""
    return open_accounts(
        ports.directory,
        ports.bus,
        ids,
        system_clock,
        ports.key_store,
        account_rules(config),
        allowances=ports.allowances,
    )


def account_rules(config: Config) -> AccountRules:
    """What the settings say of accounts."""
    section = config.accounts
    return AccountRules(
        sign_up=section.sign_up,
        access_token_ms=section.access_token_minutes * 60_000,
        refresh_token_ms=section.refresh_token_days * DAY_MS,
        password_min=section.password_min_characters,
        password_max=section.password_max_characters,
        failed_logins_per_account=section.failed_logins_per_account,
        failed_logins_per_address=section.failed_logins_per_address,
        sign_ups_per_address=section.sign_ups_per_address,
        throttle_window_ms=section.throttle_minutes * 60_000,
    )
