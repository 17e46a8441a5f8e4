"""A server that collects media nobody needs within half a minute, and looks for them every second; and that sees twice
a second how each wide group is to be delivered, and whether it has an owner. `chinwag serve …` is then
`python prove/faults/soon.py serve …`. Nothing else about it is different.

What is claimed counts from the server's clock. A storm puts that off by an hour, which is little of two days and much
of half a minute; so nothing is collected while it is off, nor for as long as what was claimed meanwhile is younger.
"""

import sys
import time
from pathlib import Path
from typing import Any, Final

KEPT_MS: Final = 30_000
"""How long what nobody needs stays: longer than any command is on its way, which is 20 s."""
POLL_SECONDS: Final = 1.0
OFF_MS: Final = 1_000
GROUPS_SECONDS: Final = 0.5


def command() -> tuple[str, ...]:
    """What stands before `serve`; works in any folder."""
    return (sys.executable, str(Path(__file__)))


def hasten() -> None:
    """Make it so. To be called before anything of the server is put together."""
    from chinwag.flow.collecting import collect
    from chinwag.flow.large import activity, heirs, rounds
    from chinwag.flow.media import finish

    collect.KEPT_MS = finish.CLAIM_MS = KEPT_MS  # type: ignore[misc]
    collect.POLL_SECONDS = POLL_SECONDS  # type: ignore[misc]
    activity.POLL_SECONDS = heirs.POLL_SECONDS = GROUPS_SECONDS  # type: ignore[misc]

    async def due(self: Any, now: int) -> list[Any]:
        return [one async for some in rounds.wide_names(self._store) for one in some]

    rounds.Rounds.due = due  # type: ignore[method-assign]
    plain = collect.Collect.step
    calm = 0.0

    async def step(self: Any) -> bool:
        nonlocal calm
        if abs(self._clock() - time.time() * 1000) > OFF_MS:
            calm = time.monotonic() + 2 * KEPT_MS / 1000
        return await plain(self) if time.monotonic() >= calm else False

    collect.Collect.step = step  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])
    hasten()
    from chinwag.cli import main

    main()
