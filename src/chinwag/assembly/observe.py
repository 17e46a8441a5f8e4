"""What operators see of every process, as a part: its metrics and whether it is ready."""

from collections.abc import Callable, Sequence

from chinwag.assembly.figures import registry_of
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.roles.observe import Check, Observe


def observe_on(config: Config, parts: Sequence[Part], serving: Callable[[], bool]) -> Observe:
    """The operators' port, with the checks and figures of `parts`. Not ready unless `serving`."""

    async def check() -> None:
        if not serving():
            raise RuntimeError("the server starts or stops")

    checks = [Check("serving", check), *(check for part in parts for check in part.checks)]
    return Observe(config.observe.host, config.observe.port, checks, registry_of(part.figures for part in parts))


def observe_part(observe: Observe) -> Part:
    """It answers from before the public port opens until after that is closed."""
    return Part(name="observe", start=observe.start, stop=observe.stop)
