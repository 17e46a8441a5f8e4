"""What can be configured of a provider of log-ins (OpenID Connect): a section `[openid.NAME]` of the file for each.

Only the file has them: their names are the owner's to choose, so there is no flag and no variable for any. No setting
holds a secret; a file does, which one of them names.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from chinwag.trusted_url import is_trusted

NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
NAME_MAX: Final = 32
PROVIDERS_MAX: Final = 20


class OpenIdGroup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one value of the claim `groups` gives: a place in a conversation."""

    conversation: Annotated[str, Meta(pattern=r"^g~[0-9A-Za-z_-]{1,60}$")]
    role: Literal["member", "admin"] = "member"


class OpenId(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider with whose accounts people log in; `NAME` is 1 to 32 small letters, digits and `-`, and stands in the
    address that the provider sends people back to."""

    issuer: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            description="Its issuer, as its own `/.well-known/openid-configuration` spells it: `https://`, or on "
            "this machine `http://`.",
        ),
    ]
    client_id: Annotated[str, Meta(min_length=1, max_length=255, description="What this server is called there.")]
    client_secret_file: Annotated[
        Path | None,
        Meta(
            description="File of the secret that it gave this server, readable by the server's user alone. None: it "
            "gave none."
        ),
    ] = None
    label: Annotated[
        str, Meta(max_length=60, description="What people read on its door. Empty: the section's name.")
    ] = ""
    scopes: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[!#-\[\]-~]+$")], ...],
        Meta(
            max_length=20,
            description="What it is asked for. Without `offline_access`, or what else makes it give a refresh token, "
            "nobody can be asked about again: devices log in anew after `recheck_hours`.",
        ),
    ] = ("openid", "profile", "email", "offline_access")
    sign_up: Annotated[
        Literal["nobody", "invited", "everybody"],
        Meta(
            description="Who gets an account by a first log-in: nobody, who has an invitation code, or everybody whom "
            "it lets in."
        ),
    ] = "nobody"
    groups: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=255)], OpenIdGroup],
        Meta(
            max_length=200,
            description='Values of its claim `groups`, and the place that each gives: `{ conversation = "g~…", role '
            '= "member" }` (or `"admin"`).',
        ),
    ] = {}
    admin_groups: Annotated[
        tuple[str, ...],
        Meta(max_length=20, description="Values of its claim `groups` that make an administrator of this server."),
    ] = ()
    recheck_hours: Annotated[
        float,
        Meta(
            ge=1 / 60,
            le=720,
            description="How old its word may be: a device that renews its tokens later is asked about first.",
        ),
    ] = 24.0


def wrong_providers(providers: Mapping[str, OpenId], public_url: str) -> Iterator[tuple[str, str]]:
    """What cannot be, with the setting concerned. Reads no file."""
    if providers and not public_url:
        yield "server.public_url", "providers send people back to a fixed address: it must be set"
    if len(providers) > PROVIDERS_MAX:
        yield "openid", f"at most {PROVIDERS_MAX} providers"
    seen: dict[str, str] = {}
    for name, provider in providers.items():
        if not 0 < len(name) <= NAME_MAX or not NAME_CHARACTERS.issuperset(name):
            yield f"openid.{ascii(name)[1:-1][:60]}", "a name has 1 to 32 small letters, digits and -"
        if not is_trusted(provider.issuer):
            yield f"openid.{name}.issuer", "it begins with https://, or is on this machine; nothing after ? or #"
        if other := seen.get(provider.issuer.rstrip("/")):
            yield f"openid.{name}.issuer", f"openid.{other} has the same"
        seen[provider.issuer.rstrip("/")] = name
        if "openid" not in provider.scopes:
            yield f"openid.{name}.scopes", "`openid` must be among them"
