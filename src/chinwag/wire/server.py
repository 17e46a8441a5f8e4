"""What a server says of itself to everybody, before anyone has logged in."""

from typing import Literal

import msgspec

from chinwag.wire.frames import Limits


class ServerInfo(msgspec.Struct, frozen=True):
    """GET /v1/server. sign_up: whether people make accounts themselves; password_min and password_max in characters.

    protocols: the versions of the protocol that this server speaks.
    """

    name: str
    version: str
    sign_up: Literal["open", "invitation", "closed"]
    password_min: int
    password_max: int
    limits: Limits
    protocols: list[int]
