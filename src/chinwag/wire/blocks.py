"""What the HTTP addresses of blocks give."""

import msgspec

from chinwag.wire.http import User


class Block(msgspec.Struct, frozen=True):
    """One blocks `user`, since `at` (milliseconds since 1970)."""

    user: User
    at: int
