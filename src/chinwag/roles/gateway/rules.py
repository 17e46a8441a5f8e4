"""The bounds of a gateway's sessions, and what it counts of them."""

import msgspec

from chinwag.domain.rate import Rate
from chinwag.wire.frames import Limits


class GatewayRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a session. Times in seconds, sizes in bytes.

    hellos: devices let in a second, all if None. frames: of every kind, per session; one counts once more for each 64
    KiB in it. sessions_per_device and sessions_per_account: one more closes the oldest. origins: of other sites' pages
    that may open a socket.
    """

    heartbeat_seconds: float = 5.0
    idle_seconds: float = 31.0
    hello_seconds: float = 10.0
    hellos: float | None = None
    slow_seconds: float = 30.0
    outbound_bytes: int = 4 << 20
    frames: Rate = Rate(70.0, 600)
    sessions_per_device: int = 20
    sessions_per_account: int = 200
    origins: frozenset[str] = frozenset()
    limits: Limits = Limits(99_999, 100, 2 << 20)


class Figures(msgspec.Struct):
    """What the gateway has done since it began."""

    frames_in: int = 0
    frames_out: int = 0
    refused: int = 0
    welcomed: int = 0
    put_off: int = 0
