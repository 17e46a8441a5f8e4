"""The one place where adapters meet roles."""

from chinwag.assembly.data import (
    OPERATOR_WORKER,
    accounts_in,
    begin_folder,
    open_directory_in,
    open_search_index_in,
    private_folder,
)
from chinwag.assembly.server import Server, begin_server, open_server

__all__ = [
    "OPERATOR_WORKER",
    "Server",
    "accounts_in",
    "begin_folder",
    "begin_server",
    "open_directory_in",
    "open_search_index_in",
    "open_server",
    "private_folder",
]
