"""Requests and answers about log-ins by providers (OpenID Connect). Times are milliseconds since 1970."""

import msgspec

from chinwag.wire.http import Secretive


class OpenIdProvider(msgspec.Struct, frozen=True):
    """A provider by whose accounts people may log in: its name in addresses, and what to write on its door."""

    name: str
    label: str


class BeginRequest(msgspec.Struct):
    """Set out for a provider. `binding`: SHA-256 of a secret of 32 to 256 characters that the client keeps, in base 64
    for URLs without padding (43 characters). `return_to`: where the browser comes back to, a page of this server or
    `http://127.0.0.1` or `http://[::1]` with a port; it holds no `#`."""

    binding: str
    return_to: str


class BeginAnswer(Secretive):
    """Where to send the browser, within 10 minutes. It comes back to `return_to` with `openid_code` behind the `#`, or
    with `openid_error`, one of the codes of this API, and `openid_detail`."""

    url: str


class LinkRequest(Secretive):
    """What the browser came back with, and the secret that the client kept."""

    code: str
    secret: str


class IdentityEntry(msgspec.Struct):
    """An account at a provider that may log in to this one."""

    provider: str
    label: str
    linked_at: int


class LogOutAnswer(msgspec.Struct):
    """`end_session`: where the browser may go to end the log-in at the provider, too."""

    end_session: str
