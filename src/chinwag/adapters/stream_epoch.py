"""How many epochs a partition can have, for whoever counts them and for whoever writes them down."""

from typing import Final

EPOCH_BITS: Final = 14
"""What a timestamp of the store has for one."""
EPOCH_MOST: Final = (1 << EPOCH_BITS) - 1
"""The highest."""
EPOCH_WARNED: Final = 12_000
"""One from which on people are to be warned."""
