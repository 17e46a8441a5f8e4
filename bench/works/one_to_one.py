"""B1: two people write to each other, both one message at a time: send to delivered."""

from chinwag.load.pairs import Pairs
from data import nonce
from report import Result
from rounds import Side, beside, turns
from stage import Stage


def measure(stage: Stage, sides: list[Side]) -> list[Result]:
    """B1."""

    def job(side: Side) -> Pairs:
        return Pairs(
            side.server.url,
            side.logins[:2],
            nonce(),
            both=True,
            warm_seconds=stage.warm(1),
            seconds=stage.seconds(3),
        )

    taken = turns(stage, "B1 one to one, one at a time", sides, job, "acked_s")
    return [
        beside("B1.p50_ms", "ms", taken, "p50_ms"),
        beside("B1.p99_ms", "ms", taken, "p99_ms"),
    ]
