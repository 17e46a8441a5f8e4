"""What an attack is felt as by those whom it is not about."""

import msgspec


class Felt(msgspec.Struct, frozen=True):
    """What two people who chat meanwhile felt: messages, how many of them were lost, milliseconds."""

    messages: int
    lost: int
    p50: float
    p99: float
    longest: float
