"""A process that collects media of a data folder which nobody serves, at a time that it is given.

    python -m tests.support.collector DATA MILLISECONDS

It follows what was placed up to the end, then collects until there is nothing to do. Fail points act in it as in a
server.
"""

import asyncio
import sys
from pathlib import Path

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.files import FileMediaStore
from chinwag.assembly import open_directory_in
from chinwag.flow.collecting.collect import Collect
from chinwag.flow.collecting.references import References


async def collect(data: Path, now: int) -> None:
    """All that is due at `now` (milliseconds since 1970)."""
    embedded = await open_embedded(data)
    directory = await open_directory_in(data)
    media = FileMediaStore(data / "media")
    try:
        inbox, store = embedded.inbox, embedded.message_store
        references = References(directory, inbox, store, embedded.log.partitions, lambda: now)
        while await references.step():
            pass
        # What waits for a lease of a deletion that was cut short: an hour later.
        for later in (0, 3_600_000):
            collecting = Collect(directory, media, lambda later=later: now + later)  # type: ignore[misc]
            while await collecting.step():
                pass
    finally:
        await media.close()
        await directory.close()
        await embedded.close()


if __name__ == "__main__":
    asyncio.run(collect(Path(sys.argv[1]), int(sys.argv[2])))
