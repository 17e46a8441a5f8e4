"""What lies in a data folder, opened as the server opens it: for the server and for commands."""

from pathlib import Path
from typing import Final

from chinwag.adapters.embedded import open_embedded
from chinwag.adapters.embedded.search_index import EmbeddedSearchIndex
from chinwag.adapters.files import FileKeyStore
from chinwag.adapters.relational import open_directory
from chinwag.assembly.accounts import account_rules
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.flow.access.collaborators import Accounts, open_accounts
from chinwag.flow.clock import system_clock
from chinwag.lasting import lasting_folder
from chinwag.life.folder import MESSAGES, SEARCH
from chinwag.ports.bus import Bus
from chinwag.ports.directory import Directory
from chinwag.ports.search_index import SearchIndex

OPERATOR_WORKER: Final = 1023
"""The worker number of ids that commands make beside a running server."""


def private_folder(path: Path) -> Path:
    """The folder `path`, made with mode 0700 if it is not there."""
    return lasting_folder(path.expanduser())


async def open_directory_in(data: Path) -> Directory:
    """The directory of a data folder."""
    return await open_directory(data / "directory.sqlite")


async def open_search_index_in(data: Path) -> SearchIndex:
    """The search index of a data folder: a copy, made anew where there is none."""
    return await EmbeddedSearchIndex.open(data / SEARCH)


async def begin_folder(data: Path) -> None:
    """Make the stores of a new data folder that are not there yet, as a first start does. For whoever fills a folder
    before its server's first start: one store without the other is taken for one that has lost the other."""
    folder = private_folder(data)
    if not (folder / MESSAGES).exists():
        await (await open_embedded(folder)).close()
    await (await open_directory_in(folder)).close()


def accounts_in(data: Path, config: Config, directory: Directory, bus: Bus, ids: Snowflake) -> Accounts:
    """The account verbs of a data folder, for commands."""
    return open_accounts(directory, bus, ids, system_clock, FileKeyStore(data / "keys"), account_rules(config))
