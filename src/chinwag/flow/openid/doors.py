"""What all verbs about providers share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import structlog

from chinwag.domain.openid import LEEWAY_SECONDS
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.openid.provider import Provider, ProviderError
from chinwag.flow.openid.seal import Seal
from chinwag.ports.directory import Account, Actor, Identity, Transaction
from chinwag.ports.web import AwayError, Web

AGAIN_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


class OpenIdDoors(msgspec.Struct, frozen=True, kw_only=True):
    """The providers by their names here. public_url: of this server, to which they send people back. web: on which they
    are asked; close it at the end."""

    accounts: Accounts
    providers: Mapping[str, Provider]
    seal: Seal
    public_url: str
    web: Web | None = None

    def provider(self, name: str) -> Provider:
        """The provider of that name. Raises `not_found`."""
        provider = self.providers.get(name)
        if provider is None:
            raise Refused(Code.NOT_FOUND)
        return provider

    def by_issuer(self, issuer: str) -> Provider | None:
        """The provider that is `issuer`, whatever it is called now: names are the owner's to change."""
        return next((one for one in self.providers.values() if one.rules.issuer == issuer), None)

    def is_late(self, issuer: str, said_at: int) -> bool:
        """Whether what `issuer` said then must be asked again by now; and so must what nobody is there to ask for."""
        provider = self.by_issuer(issuer)
        since = self.accounts.clock() - said_at
        # a clock that was set back by more than processes may differ makes nobody's word last longer
        return provider is None or not -LEEWAY_SECONDS * 1000 <= since < provider.rules.recheck_ms

    def redirect_uri(self, provider: Provider) -> str:
        """Where that provider sends people."""
        return f"{self.public_url.rstrip('/')}/v1/openid/{provider.rules.name}/callback"


def no_doors(accounts: Accounts) -> OpenIdDoors:
    """Of a server that knows no provider."""
    return OpenIdDoors(accounts=accounts, providers={}, seal=Seal(accounts.tokens.keys), public_url="")


def owner_of(issuer: str, subject: str) -> str:
    """Whose something is that is sealed."""
    return f"{len(issuer)}:{issuer}{subject}"


def actor_of(provider: str) -> Actor:
    """How the audit log calls a provider of that name, which makes administrators."""
    return Actor(f"openid:{provider}")


async def another_way_in(doors: OpenIdDoors, transaction: Transaction, account: Account, identity: Identity) -> bool:
    """Whether somebody could log in to `account` without `identity`."""
    if await transaction.accounts.password(account.id):
        return True
    others = await transaction.identities.of(account.id)
    return any(one != identity and doors.by_issuer(one.issuer) is not None for one in others)


@asynccontextmanager
async def asking(provider: Provider) -> AsyncIterator[None]:
    """Turn what asking a provider may raise into refusals: `openid_unavailable`, or `openid_failed` with its reason."""
    try:
        yield
    except AwayError as away:
        _log.warning("a provider does not answer", provider=provider.rules.name, cause=str(away))
        raise Refused(Code.OPENID_UNAVAILABLE, str(away), AGAIN_SECONDS) from None
    except ProviderError as refusal:
        _log.info("a provider refuses", provider=provider.rules.name, error=refusal.error)
        raise Refused(Code.OPENID_FAILED, f"the provider says {refusal.error}") from None
    except Refused as refusal:
        if refusal.code is Code.OPENID_FAILED:
            _log.warning("a provider is not believed", provider=provider.rules.name, cause=refusal.detail)
        raise
