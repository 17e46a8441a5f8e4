"""What a server says of itself to everybody, before anyone has logged in."""

from typing import Literal

import msgspec

from chinwag.wire.frames import Limits
from chinwag.wire.openid import OpenIdProvider


class ServerInfo(msgspec.Struct, frozen=True):
    """GET /v1/server. sign_up: whether people make accounts themselves; password_min and password_max in characters.

    protocols: the versions of the protocol that this server speaks. openid: the providers by whose accounts people may
    log in.
    """

    name: str
    version: str
    sign_up: Literal["open", "invitation", "closed"]
    password_min: int
    password_max: int
    limits: Limits
    protocols: list[int]
    openid: list[OpenIdProvider] = []
