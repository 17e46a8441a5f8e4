"""How many groups are kept and delivered in which way."""

import msgspec


class Census(msgspec.Struct, frozen=True):
    """wide: groups whose members are kept in rows. large: those of them whose events are asked for."""

    wide: int
    large: int
