"""What all facts have in common."""

import msgspec


class Fact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Anything that a record says."""
