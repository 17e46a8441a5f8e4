"""The providers by which people log in, as the settings have them."""

from chinwag.config import Config, OpenId
from chinwag.domain.conversation import Role
from chinwag.domain.ids import ConversationId
from chinwag.domain.openid import GroupRule
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.clock import system_clock
from chinwag.flow.openid.doors import OpenIdDoors, no_doors
from chinwag.flow.openid.provider import Provider, ProviderRules
from chinwag.flow.openid.seal import Seal
from chinwag.ports.web import Web
from chinwag.private_text import private_text


def doors_on(config: Config, accounts: Accounts, web: Web | None = None) -> OpenIdDoors:
    """The doors of a server. web: None: the Web itself. Raises `CredentialsError` for a secret that cannot be read."""
    if not config.openid:
        return no_doors(accounts)
    if web is None:
        from chinwag.adapters.web import HttpWeb  # only here: a server that asks nobody never loads what it rests on

        web = HttpWeb()
    return OpenIdDoors(
        accounts=accounts,
        providers={
            name: Provider(provider_rules(name, section), web, system_clock) for name, section in config.openid.items()
        },
        seal=Seal(accounts.tokens.keys),
        public_url=config.server.public_url,
        web=web,
    )


def provider_rules(name: str, section: OpenId) -> ProviderRules:
    """What the settings say of a provider. Raises `CredentialsError`."""
    return ProviderRules(
        name=name,
        issuer=section.issuer,
        client_id=section.client_id,
        client_secret="" if section.client_secret_file is None else private_text(section.client_secret_file),
        label=section.label or name,
        scopes=section.scopes,
        sign_up=section.sign_up,
        groups=group_rules(section),
        admin_groups=frozenset(section.admin_groups),
        recheck_ms=round(section.recheck_hours * 3_600_000),
    )


def group_rules(section: OpenId) -> dict[str, GroupRule]:
    """What a provider's groups give."""
    return {
        value: GroupRule(conversation=ConversationId(group.conversation), role=Role(group.role))
        for value, group in section.groups.items()
    }
