"""Providers by which people log in: whether they can be asked, and are what the configuration says."""

import asyncio
from collections.abc import Iterator, Mapping

from chinwag.adapters.web import HttpWeb
from chinwag.config import OpenId
from chinwag.domain.openid import ALGORITHMS
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import system_clock
from chinwag.flow.openid.provider import Provider, ProviderRules
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.ports.web import AwayError
from chinwag.private_text import CredentialsError, private_text


def providers(sections: Mapping[str, OpenId]) -> Iterator[Finding]:
    """What each says of itself, and its keys."""
    for name, section in sections.items():
        yield from _secret(f"openid.{name}", section)
        yield asyncio.run(_asked(f"openid.{name}", section))


def _secret(subject: str, section: OpenId) -> Iterator[Finding]:
    if section.client_secret_file is None:
        return
    try:
        private_text(section.client_secret_file)
    except CredentialsError as error:
        yield fail(subject, str(error), "the server does not start without it")


async def _asked(subject: str, section: OpenId) -> Finding:
    web = HttpWeb()
    rules = ProviderRules(name=subject, issuer=section.issuer, client_id=section.client_id)
    provider = Provider(rules, web, system_clock)
    address = section.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        said = await provider.discover()
        keys = await provider.keys.fetch(said.jwks_uri)
    except AwayError as away:
        return fail(subject, f"{section.issuer}: {away}", f"look at {address}: is `issuer` what stands there?")
    except Refused as refusal:
        return fail(subject, f"{section.issuer}: {refusal.detail}", f"look at {address}")
    finally:
        await web.close()
    if not keys:
        return fail(subject, "it has no keys that can be used", f"look at {said.jwks_uri}")
    if not set(ALGORITHMS) & set(said.id_token_signing_alg_values_supported):
        return fail(subject, "it signs in no way that is taken", f"one of {', '.join(ALGORITHMS)}")
    if missing := set(section.scopes) - set(said.scopes_supported or section.scopes):
        return warn(subject, f"it does not name the scopes {', '.join(sorted(missing))}", "look at `scopes`")
    return ok(subject, f"{section.issuer} answers, with {len(keys)} keys")
