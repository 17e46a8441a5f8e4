"""The OpenAPI document of the HTTP API, `docs/generated/openapi.json`: from a server put together, but not started."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

from chinwag.adapters.embedded import open_embedded
from chinwag.assembly import Server, open_directory_in, open_search_index_in
from chinwag.config import Config
from chinwag.roles.api.document import document as described

OPERATIONS: Final = ("get", "post", "put", "patch", "delete")


def document() -> dict[str, Any]:
    """The document, as it goes out as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_document(Path(folder)))


async def _document(data: Path) -> dict[str, Any]:
    embedded = await open_embedded(data)
    directory = await open_directory_in(data)
    index = await open_search_index_in(data)
    try:
        return described(Server(Config(), data, embedded, directory, index, 0).http)
    finally:
        await index.close()
        await directory.close()
        await embedded.close()
