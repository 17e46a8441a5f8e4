"""What a server says of itself, by its configuration."""

from chinwag import __version__
from chinwag.config import Config
from chinwag.wire.frames import PROTOCOL_VERSION, Limits
from chinwag.wire.openid import OpenIdProvider
from chinwag.wire.server import ServerInfo


def info_of(config: Config) -> ServerInfo:
    """Name, version, sign-up and limits."""
    limits, accounts = config.limits, config.accounts
    return ServerInfo(
        name=config.server.name,
        version=__version__,
        sign_up=accounts.sign_up,
        password_min=accounts.password_min_characters,
        password_max=accounts.password_max_characters,
        limits=Limits(limits.text_characters, limits.group_members, limits.frame_bytes),
        protocols=[PROTOCOL_VERSION],
        openid=[OpenIdProvider(name, section.label or name) for name, section in config.openid.items()],
    )
